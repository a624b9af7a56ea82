import numpy as np
import pytest

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
