import json

import polars as pl
import pytest

from seqmine.data.sources.interactions import InteractionFiles
from seqmine.structs import UserError
from tests.tables import event_files


def write(folder, content, name="log.csv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def read(folder, content, name="log.csv", **options):
    return event_files(write(folder, content, name), **options).read()


def test_rows_without_keys_in_parquet(tmp_path, caplog):
    frame = pl.DataFrame({"user_id": [1, None, 3], "item_id": ["a", "b", ""], "timestamp": [1, 2, 3]})
    frame.write_parquet(tmp_path / "log.parquet")
    log = InteractionFiles(path=str(tmp_path / "log.parquet"), reject_path=str(tmp_path / "r.jsonl")).read()
    assert log.rows() == [("1", "a", 1)]
    assert "2 rows are written to" in caplog.text
    assert json.loads((tmp_path / "r.jsonl").read_text().splitlines()[0])["place"].endswith("log.parquet row 2")


def test_parquet_folder_streams_in_file_order(tmp_path):
    frames = [pl.DataFrame({"user_id": range(start, start + 50_000), "item_id": 1}) for start in (0, 50_000, 100_000)]
    for number, frame in enumerate(frames):
        frame.write_parquet(tmp_path / f"part-{number}.parquet", row_group_size=1000)
    log = InteractionFiles(path=str(tmp_path)).read()
    assert log["user_id"].to_list() == [str(user) for user in range(150_000)]


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        (
            {"user_id": [1.5, None], "item_id": ["a", "b"]},
            "keys of type Float64 in column 'user_id' that are no whole numbers below 2^53, which may merge keys",
        ),
        ({"user_id": [[1]], "item_id": ["a"]}, "keys of type List(Int64)"),
        ({"user_id": [1, 2], "item_id": [1, 2], "timestamp": [5, -1]}, "row 2: timestamp -1 is before 1970"),
        (
            {"user_id": [1, 2], "item_id": [1, 2], "timestamp": [5, 10**12]},
            "row 2: timestamp 1000000000000 counts milli",
        ),
        (
            {"user_id": [1, 2], "item_id": [1, 2], "timestamp": [5, None]},
            "row 2: 1 of 2 rows have no timestamp, and at most 1% are put aside",
        ),
        ({"user_id": [], "item_id": []}, "has columns but no rows"),
        ({"user_id": ["u"]}, "item_id=item_id is not a column"),
    ],
)
def test_bad_parquet_is_one_sentence_with_the_row(tmp_path, columns, sentence):
    pl.DataFrame(columns).write_parquet(tmp_path / "log.parquet")
    with pytest.raises(UserError) as caught:
        InteractionFiles(path=str(tmp_path / "log.parquet")).read()
    assert sentence in str(caught.value)


@pytest.mark.parametrize("damage", [lambda data: data[:-100], lambda data: data[:10], lambda data: b"x" * 500])
def test_damaged_parquet(tmp_path, damage):
    path = tmp_path / "log.parquet"
    pl.DataFrame({"user_id": range(1000), "item_id": range(1000)}).write_parquet(path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(UserError, match="is not a complete Parquet file"):
        InteractionFiles(path=str(path)).read()


def test_parquet_damaged_in_its_pages(tmp_path):
    path = tmp_path / "log.parquet"
    pl.DataFrame({"user_id": range(9000), "item_id": range(9000)}).write_parquet(path, compression="zstd")
    data = bytearray(path.read_bytes())
    data[100:600] = b"\0" * 500
    path.write_bytes(data)
    with pytest.raises(UserError, match="is not a complete Parquet file"):
        InteractionFiles(path=str(path)).read()
