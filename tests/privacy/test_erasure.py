import json
from dataclasses import fields, replace

import numpy as np
import polars as pl
import pytest

from seqmine.data.engines.embedded import number_table
from seqmine.data.sequences import prepare_sequences
from seqmine.data.splits import LeaveLastK, LeaveOneOut
from seqmine.privacy.erasure import traces, without_users
from seqmine.structs import AttributeTable, UserError

HISTORIES = {
    "ann": "a b c d a",
    "bob": "z z b y a",  # z is trained on by bob alone, and met by eve later; y is nobody else's
    "cat": "c c a b",
    "dan": "b c",
    "eve": "c b a z b",
}


def events(without=()):
    rows = [
        {"user_id": user, "item_id": item, "timestamp": 100 * step, "behavior": "view" if step % 2 else "buy"}
        for user, items in HISTORIES.items()
        if user not in without
        for step, item in enumerate(items.split())
    ]
    return pl.DataFrame(rows)


def prepared(split, without=()):
    titles = pl.DataFrame({"item_id": ["a", "b", "c", "d", "y", "z"], "title": ["A", "B", "C", "D", "Y", "Z"]})
    return prepare_sequences(number_table(events(without)), titles, split)


def said(data):
    """Return all that prepared data hold, in plain values."""
    parts = {
        part: {field.name: getattr(targets, field.name) for field in fields(targets)}
        | {"left_out": targets.places - targets.positions}
        for part, targets in (("val", data.split.val), ("test", data.split.test))
    }
    return json.loads(
        json.dumps(
            {
                "items": data.log.items, "offsets": data.log.offsets, "times": data.log.timestamps,
                "behaviors": data.log.behaviors, "ids": list(data.user_ids), "unseen": data.unseen_item_ids,
                "catalog": list(data.catalog.item_ids), "counts": data.catalog.train_counts.numpy(),
                "features": data.catalog.features, "stops": data.split.train_stops, "val_items": data.val_items,
                "test_items": data.test_items, **parts,
            },
            default=lambda value: value.tolist(),
        )
    )  # fmt: skip


@pytest.mark.parametrize("split", [LeaveOneOut(), LeaveLastK(k=1)])
@pytest.mark.parametrize("users", [["bob"], ["ann"], ["ann", "dan"], ["eve", "cat"], ["dan"]])
def test_what_is_left_is_as_if_they_had_never_been_there(split, users):
    whole = prepared(split)
    left = without_users(whole, np.isin(list(whole.user_ids), users))
    assert said(left) == said(prepared(split, without=users))


def test_items_that_they_alone_trained_on_become_unseen_and_those_they_alone_had_are_gone():
    whole = prepared(LeaveOneOut())
    left = without_users(whole, np.isin(list(whole.user_ids), ["bob"]))
    assert "z" in whole.catalog.item_ids
    assert "z" not in left.catalog.item_ids
    assert left.unseen_item_ids == ["d", "z"]
    assert "y" not in [*left.catalog.item_ids, *left.unseen_item_ids]


def test_attributes_go_with_their_items_also_where_these_become_unseen():
    whole = prepared(LeaveOneOut())
    keys, known = [*whole.catalog.item_ids, *whole.unseen_item_ids], whole.catalog.num_items
    rows = AttributeTable(
        np.zeros((len(keys), 0), np.int32), np.arange(1.0, len(keys) + 1, dtype=np.float32)[:, None], 0
    )
    tables = (rows.take(np.arange(known)).with_padding(), rows.take(np.arange(known, len(keys))))
    catalog = replace(whole.catalog, attributes=tables[0], unseen_attributes=tables[1])
    left = without_users(replace(whole, catalog=catalog), np.isin(list(whole.user_ids), ["bob"]))
    value = dict(zip(keys, rows.values[:, 0].tolist(), strict=True))
    assert left.catalog.attributes.values[:, 0].tolist() == [0.0, *(value[key] for key in left.catalog.item_ids)]
    assert left.catalog.unseen_attributes.values[:, 0].tolist() == [value["d"], value["z"]]


def test_a_log_of_nobody_is_refused():
    whole = prepared(LeaveOneOut())
    with pytest.raises(UserError, match="nobody has two training events"):
        without_users(whole, np.ones(5, np.bool_))


def test_ids_are_found_wherever_a_text_of_a_store_holds_them(tmp_path):
    pl.DataFrame({"user_id": ["ann", "bob"], "item_id": ["eve", "x"]}).write_parquet(tmp_path / "users.parquet")
    pl.DataFrame({"liked_by": [["cat"], []], "item_id": ["a", "b"]}).write_parquet(tmp_path / "catalog.parquet")
    (tmp_path / "description.json").write_text(json.dumps({"notes": [{"dan": 1}], "count": 7}))
    assert traces(tmp_path, {"bob"}) == {"users.parquet": ["user_id"]}
    assert traces(tmp_path, {"cat", "dan"}) == {"catalog.parquet": ["liked_by"], "description.json": ["text"]}
    # an item may be called as a user is, and a number is no id
    assert traces(tmp_path, {"eve", "7"}) == {}
