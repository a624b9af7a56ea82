import polars as pl
import pytest

from seqmine.data.engines.embedded import number_table
from seqmine.data.engines.parts import NumberedLog
from seqmine.data.sequences import group_by_user, prepare_sequences
from seqmine.data.splits import LeaveOneOut
from seqmine.structs import UserError


def test_events_are_sorted_by_time_and_ties_keep_file_order(events):
    log, users, items = group_by_user(events)
    assert (users, items) == (["a", "b"], ["x", "y", "z"])
    assert log.history(0).tolist() == [2, 3, 1]
    assert log.timestamps.tolist() == [10, 10, 30, 5, 6]
    assert [log.behavior_names[b - 1] for b in log.behaviors] == ["view", "buy", "view", "buy", "view"]


def test_without_time_the_order_of_the_file_stays(events):
    log, _, _ = group_by_user(events.drop("timestamp"))
    assert log.history(0).tolist() == [1, 2, 3]
    assert log.timestamps is None


def text_log(*lines: str) -> pl.DataFrame:
    rows = [(line.split()[0], item) for line in lines for item in line.split()[1:]]
    return pl.DataFrame(rows, schema={"user_id": pl.String, "item_id": pl.String}, orient="row")


def log_of(*lines: str) -> NumberedLog:
    return number_table(text_log(*lines))


def test_catalog_holds_what_training_knows_and_targets_keep_the_rest():
    data = prepare_sequences(log_of("u a b b c d", "v b a new c"), None, LeaveOneOut())
    # training: a b b | b a ; validation: c | new ; test: d | c
    assert data.catalog.item_ids == ["b", "a"]
    assert data.catalog.train_counts.tolist() == [0, 3, 2]
    assert data.log.history(0).tolist() == [2, 1, 1]
    assert [data.item_id(int(item)) for item in data.val_items] == ["c", "new"]
    assert [data.item_id(int(item)) for item in data.test_items] == ["d", "c"]
    assert data.split.test.positions.tolist() == [3, 2]


def test_features_are_aligned_with_the_catalog():
    features = pl.DataFrame({"item_id": ["a", "b", "zz"], "title": ["A", "B", "Z"]})
    data = prepare_sequences(log_of("u b a b c d", "v b c b a d"), features, LeaveOneOut())
    assert dict(zip(data.catalog.item_ids, data.catalog.features["title"], strict=True)) == {
        "b": "B",
        "a": "A",
        "c": None,
    }


def test_a_log_without_a_trainable_user_is_refused():
    with pytest.raises(UserError, match="no user has two training events"):
        prepare_sequences(log_of("u a"), None, LeaveOneOut())
    with pytest.raises(UserError, match="no events left"):
        prepare_sequences(log_of(), None, LeaveOneOut())
