import logging
import shutil

import numpy as np
import pytest

from seqmine.data.checksums import damaged_file, discard, sealed
from tests.tiny import call

FILES = ["items.npy", "train_stops.npy", "offsets.npy", "test_items.npy", "test_positions.npy", "catalog.parquet"]


@pytest.fixture(scope="module")
def store(small_log, tmp_path_factory):
    folder = tmp_path_factory.mktemp("prepared")
    call("prepare", folder / "run", "data=sequences", f"data.path={small_log}")
    return next(path for path in (folder / "store").iterdir() if path.is_dir())


def cut(path):
    path.write_bytes(path.read_bytes()[:-40])


def zero_half(path):
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[: size // 2] + bytes(size - size // 2))


def flip(path):
    content = bytearray(path.read_bytes())
    content[-3] ^= 4
    path.write_bytes(bytes(content))


@pytest.mark.parametrize("spoil", [cut, zero_half, flip])
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_noticed(name, spoil, store, tmp_path):
    copy = shutil.copytree(store, tmp_path / "copy")
    assert damaged_file(copy) is None
    spoil(copy / name)
    assert damaged_file(copy) == name


def test_a_missing_file_and_a_torn_description_are_noticed(store, tmp_path):
    copy = shutil.copytree(store, tmp_path / "copy")
    (copy / "items.npy").unlink()
    assert damaged_file(copy) == "items.npy"
    whole = (copy / "description.json").read_text()
    for spoiled in (
        whole[:-40],
        whole.replace('"num_user_codes": 0', '"num_user_codes": 1'),
        "[]",
        '{"files": 3}',
    ):
        assert spoiled != whole
        (copy / "description.json").write_text(spoiled)
        assert damaged_file(copy) == "description.json"


def test_an_older_store_is_believed(tmp_path):
    (tmp_path / "description.json").write_text("{}")
    assert damaged_file(tmp_path) is None
    assert sealed({}, tmp_path)["files"]["description.json"]["bytes"] == 2
    discard(tmp_path / "nothing")


def test_a_damaged_store_is_told_and_made_again(small_log, tmp_path, caplog):
    data = ["data=sequences", f"data.path={small_log}"]
    call("prepare", tmp_path / "run", *data)
    store = next(path for path in (tmp_path / "store").iterdir() if path.is_dir())
    items = np.load(store / "items.npy").tolist()
    flip(store / "items.npy")
    with caplog.at_level(logging.WARNING):
        call("prepare", tmp_path / "run", *data)
    assert "items.npy is not as it was written, so the log is prepared again" in caplog.text
    assert np.load(store / "items.npy").tolist() == items
    assert [path.name for path in (tmp_path / "store").iterdir()] == [store.name]
