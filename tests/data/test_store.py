import os

import numpy as np
import polars as pl
import pytest

from seqmine.data.attributes import Attributes, with_attributes
from seqmine.data.engines.embedded import number_table
from seqmine.data.sequences import prepare_sequences
from seqmine.data.splits import LeaveOneOut
from seqmine.data.store import read_catalog, read_store, write_catalog, write_store
from seqmine.structs import UserError


@pytest.fixture
def prepared(events):
    return prepare_sequences(
        number_table(events), events.select("item_id").unique().with_columns(title="item_id"), LeaveOneOut()
    )


def test_what_is_written_is_read_back(prepared, tmp_path):
    write_store(prepared, tmp_path / "store", {"fingerprint": "f"}, {"audit.json": "{}"})
    found = read_store(tmp_path / "store")
    assert (tmp_path / "store" / "audit.json").read_text() == "{}"
    assert found.log.items.tolist() == prepared.log.items.tolist()
    assert isinstance(found.log.items, np.memmap)
    assert found.log.timestamps.tolist() == prepared.log.timestamps.tolist()
    assert list(found.log.behavior_names) == list(prepared.log.behavior_names)
    assert found.catalog.item_ids == prepared.catalog.item_ids
    assert found.catalog.features == prepared.catalog.features
    assert found.catalog.train_counts.tolist() == prepared.catalog.train_counts.tolist()
    assert list(found.user_ids) == prepared.user_ids
    assert (len(found.user_ids), found.user_ids[0]) == (2, "a")
    assert found.unseen_item_ids == prepared.unseen_item_ids
    assert found.val_items.tolist() == prepared.val_items.tolist()
    assert found.split.test.positions.tolist() == prepared.split.test.positions.tolist()


def test_an_interrupted_write_leaves_nothing_behind(prepared, tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("seqmine.data.store._write_tables", fail)
    with pytest.raises(OSError, match="No space left"):
        write_store(prepared, tmp_path / "store", {}, {})
    assert list(tmp_path.iterdir()) == []


def test_a_group_of_users_may_share_a_store(prepared, tmp_path):
    before = os.umask(0o002)
    try:
        write_store(prepared, tmp_path / "store", {}, {})
    finally:
        os.umask(before)
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "store").iterdir()}
    assert ((tmp_path / "store").stat().st_mode & 0o777, modes) == (0o775, {0o664})


def test_a_finished_store_is_kept(prepared, tmp_path):
    write_store(prepared, tmp_path / "store", {"fingerprint": "first"}, {})
    write_store(prepared, tmp_path / "store", {"fingerprint": "second"}, {})
    assert '"first"' in (tmp_path / "store" / "description.json").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


def test_a_folder_that_is_no_store_is_named(tmp_path):
    with pytest.raises(UserError, match=r"is not a store of prepared data; remove it or change paths\.store"):
        read_store(tmp_path)


def test_a_catalog_keeps_its_fingerprint(prepared, tmp_path):
    write_catalog(prepared.catalog, tmp_path / "catalog.parquet")
    assert read_catalog(tmp_path / "catalog.parquet").fingerprint == prepared.catalog.fingerprint


def test_attributes_and_behaviors_are_read_back(events, tmp_path):
    (tmp_path / "users.csv").write_text("user_id,country,age\na,fr,20\nb,it,30\n")
    table = pl.DataFrame({"item_id": ["x", "y"], "genres": [["p", "q"], ["p"]], "vector": [[0.5, 1.5], [2.5, 3.5]]})
    items = Attributes(owner="item", multi_valued=["genres"], dense=["vector"])
    users = Attributes(owner="user", path=str(tmp_path / "users.csv"), categorical=["country"], numeric=["age"])
    data = with_attributes(prepare_sequences(number_table(events), table, LeaveOneOut()), items, users, table)
    write_store(data, tmp_path / "store", {}, {})
    found = read_store(tmp_path / "store")
    kept = ("attributes", "unseen_attributes")
    pairs = [
        (found.log.users, data.log.users),
        *((getattr(found.catalog, name), getattr(data.catalog, name)) for name in kept),
    ]
    for one, other in pairs:
        assert one.codes.tolist() == other.codes.tolist()
        assert one.values.tolist() == other.values.tolist()
        assert one.num_codes == other.num_codes > 0
    assert found.catalog.behaviors == ["buy", "view"]
    assert (found.catalog.num_user_codes, found.catalog.num_user_values) == (2, 1)
    assert "vector" not in found.catalog.features


def test_a_catalog_of_numbers_alone_is_read_back(prepared, tmp_path):
    table = pl.DataFrame({"item_id": ["x", "y"], "price": [1.0, 2.0]})
    items = Attributes(owner="item", numeric=["price"])
    catalog = with_attributes(prepared, items, Attributes(owner="user"), table).catalog
    write_catalog(catalog, tmp_path / "catalog.parquet")
    found = read_catalog(tmp_path / "catalog.parquet").attributes
    assert found.codes.shape == (catalog.num_items + 1, 0)
    assert found.values.tolist() == catalog.attributes.values.tolist()
