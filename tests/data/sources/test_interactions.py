import gzip
import json
from pathlib import Path

import polars as pl
import pytest

from seqmine.data.sources.interactions import InteractionFiles
from seqmine.structs import Source, UserError
from tests.tables import event_files

SHARED = Path(__file__).resolve().parents[3] / "../shared/data"


HEADER = "user_id,item_id,timestamp\n"


def write(folder, content, name="log.csv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def read(folder, content, name="log.csv", **options):
    return event_files(write(folder, content, name), **options).read()


def test_csv_tsv_gzip_and_parquet_give_the_same_events(tmp_path):
    expected = [("u", "007", 5), ("u", "7", 3)]
    text = "user_id,item_id,timestamp\nu,007,5\nu,7,3\n"
    assert read(tmp_path, text).rows() == expected
    assert read(tmp_path, text.replace(",", "\t"), "log.tsv").rows() == expected
    assert read(tmp_path, text.replace(",", ";").replace("\n", "\r\n")).rows() == expected
    assert read(tmp_path, gzip.compress(text.encode()), "log.csv.gz").rows() == expected
    frame = pl.DataFrame(expected, schema=["user_id", "item_id", "timestamp"], orient="row")
    frame.write_parquet(tmp_path / "log.parquet")
    source = InteractionFiles(path=str(tmp_path / "log.parquet"))
    assert source.read().rows() == expected
    assert isinstance(source, Source)


def test_schema_with_every_column_under_other_names(tmp_path):
    text = "kind,when,who,what,stars,more\nview,2020-01-01,1,2,4.5,x\n"
    names = {"user_id": "who", "item_id": "what", "timestamp": "when", "behavior": "kind", "rating": "stars"}
    log = read(tmp_path, text, **names)
    assert log.rows() == [("1", "2", 1577836800, "view", 4.5)]
    types = {
        "user_id": pl.String,
        "item_id": pl.String,
        "timestamp": pl.Int64,
        "behavior": pl.String,
        "rating": pl.Float32,
    }
    assert log.schema == types
    (tmp_path / "log.csv").unlink()
    pl.read_csv(text.encode(), try_parse_dates=True).write_parquet(tmp_path / "log.parquet")
    assert event_files(tmp_path / "log.parquet", **names).read().equals(log)


def test_rows_without_keys_are_counted_and_kept_aside(tmp_path, caplog):
    text = HEADER + "u,a,1\n,b,2\nv, ,3\nw,NaN,4\nu,c,5\n"
    rejects = tmp_path / "rejects.jsonl"
    log = read(tmp_path, text, reject_path=str(rejects))
    assert log["item_id"].to_list() == ["a", "c"]
    assert "3 rows are written to" in caplog.text
    found = [json.loads(line) for line in rejects.read_text().splitlines()]
    assert [row["place"].rsplit(" ", 2)[1:] for row in found] == [["line", "3"], ["line", "4"], ["line", "5"]]
    assert [row["reason"] for row in found] == ["user_id is missing", "item_id is missing", "item_id is missing"]


def test_folder_and_glob_are_read_by_name_and_keep_row_order(tmp_path):
    for number in (2, 1, 3):
        write(tmp_path, f"user_id,item_id\nu,{number}b\nu,{number}a\n", f"part-{number}.csv")
    (tmp_path / "_SUCCESS").touch()
    items = ["1b", "1a", "2b", "2a", "3b", "3a"]
    assert InteractionFiles(path=str(tmp_path)).read()["item_id"].to_list() == items
    assert InteractionFiles(path=str(tmp_path / "part-*.csv")).read()["item_id"].to_list() == items


def test_finer_times_keep_their_order_within_a_second(tmp_path):
    text = HEADER + "u,a,1430623510900\nu,b,1430623510100\n"
    log = read(tmp_path, text)
    assert log.select("timestamp", "microsecond").rows() == [(1430623510, 900_000), (1430623510, 100_000)]
    pl.read_csv(text.encode()).write_parquet(tmp_path / "log.parquet")
    assert InteractionFiles(path=str(tmp_path / "log.parquet")).read().equals(log)


def test_mixed_schemas_formats_and_empty_folders(tmp_path):
    with pytest.raises(UserError, match="holds no files"):
        InteractionFiles(path=str(tmp_path)).read()
    write(tmp_path, "user_id,item_id\nu,a\n", "a.csv")
    write(tmp_path, "user_id,item,time\nu,a,1\n", "b.csv")
    with pytest.raises(UserError, match=r"b.csv has the columns user_id, item, time where a.csv has user_id, item_id"):
        InteractionFiles(path=str(tmp_path)).read()
    pl.DataFrame({"user_id": [1], "item_id": [1]}).write_parquet(tmp_path / "c.parquet")
    with pytest.raises(UserError, match=r"mixes Parquet and text files \(c.parquet, a.csv\)"):
        InteractionFiles(path=str(tmp_path)).read()
    pl.DataFrame({"user_id": ["1"], "item_id": [1]}).write_parquet(tmp_path / "d.parquet")
    with pytest.raises(UserError, match=r"d.parquet has other columns than c.parquet \(user_id: Int64, user"):
        InteractionFiles(path=str(tmp_path / "*.parquet")).read()


def test_milliseconds_in_one_file_and_seconds_in_another(tmp_path):
    write(tmp_path, HEADER + "u,a,1430623510\nu,b,1430623511\n", "a.csv")
    write(tmp_path, HEADER + "u,a,1430623510000\n", "b.csv")
    with pytest.raises(UserError, match=r"b.csv line 2: timestamp 1430623510000 counts milliseconds"):
        InteractionFiles(path=str(tmp_path)).read()


def test_fingerprint_follows_content_and_columns(tmp_path):
    path = write(tmp_path, "user_id,item_id,b\nu,a,x\n")
    source = InteractionFiles(path=path)
    before = source.fingerprint()
    assert before == InteractionFiles(path=path).fingerprint()
    assert before != event_files(path, behavior="b").fingerprint()
    write(tmp_path, "user_id,item_id,b\nu,a,y\n")
    assert before != source.fingerprint()


def test_real_files(tmp_path):
    if not SHARED.exists():
        pytest.skip("../shared/data is not beside the repository: these logs may not be redistributed")
    shop = InteractionFiles(path=str(SHARED / "retailrocket-behaviors.csv.gz")).read()
    assert (len(shop), shop["user_id"].n_unique(), shop["item_id"].n_unique()) == (97_381, 2174, 29_905)
    assert set(shop["behavior"]) == {"view", "cart", "buy"}
    films = InteractionFiles(
        path=str(SHARED / "ml-100k/ml-100k.inter.gz"), items_path=str(SHARED / "ml-100k/ml-100k.item.gz")
    )
    assert films.read().columns == ["user_id", "item_id", "timestamp", "rating"]
    features = films.item_features()
    assert features.row(0, named=True)["title"] == "Toy Story"
    assert features.row(0, named=True)["genres"] == ["Animation", "Children's", "Comedy"]


def test_a_column_names_sessions_which_stand_for_missing_users(tmp_path):
    rows = ["who,visit,what", "u,1,a", ",2,b", ",2,c", "u,3,a"]
    (tmp_path / "log.csv").write_text("\n".join(rows))
    pl.read_csv(tmp_path / "log.csv").write_parquet(tmp_path / "log.parquet")
    for name in ("log.csv", "log.parquet"):
        source = event_files(tmp_path / name, user_id="who", item_id="what", session="visit")
        events = source.read()
        assert events["user_id"].to_list() == ["u", "session 2", "session 2", "u"]
        assert events["session"].to_list() == ["1", "2", "2", "3"]
        assert source.dropped == {}
