"""Every kind of file that people bring is read right or refused in a sentence, and never read wrong in silence.

One row a kind: what is written, the settings, and the events that come out or the words of the sentence.
"""

import bz2
import gzip
import io
import json
import lzma
import zipfile
from datetime import date, datetime
from decimal import Decimal

import polars as pl
import pyarrow as pa
import pytest

from seqmine.data.sources.interactions import InteractionFiles
from seqmine.data.sources.sequences import SequenceFile
from seqmine.structs import UserError

H = "user_id,item_id,timestamp\n"
JAN31 = 1_675_123_200  # 31 January 2023, 00:00 UTC
AT10 = JAN31 + 36_000
ONE = [("u", "a", JAN31)]
TWO = [("u", "a", JAN31), ("u", "b", AT10)]
KEYS = [("7", "1"), ("8", "2")]


def parquet(columns, **schema):
    buffer = io.BytesIO()
    pl.DataFrame(columns, schema_overrides=schema).write_parquet(buffer)
    return buffer.getvalue()


def zipped(*names):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as content:
        for name in names:
            content.writestr(name, CSV)
    return buffer.getvalue()


def zstd(data):
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return sink.getvalue().to_pybytes()


def timed(*times):
    return H + "".join(f"u,{item},{time}\n" for item, time in zip("ab", times, strict=False))


CSV = timed(JAN31, AT10)
NAMES = {"user_id": "1", "item_id": "2", "timestamp": "4"}

TABLES = [
    # name of the kind, name of the file, content, settings, events or the words of the refusal
    ("comma", "log.csv", CSV, {}, TWO),
    ("tab", "log.tsv", CSV.replace(",", "\t"), {}, TWO),
    ("semicolon, Windows", "log.csv", CSV.replace(",", ";").replace("\n", "\r\n"), {}, TWO),
    ("bar", "log.txt", CSV.replace(",", "|"), {}, TWO),
    ("two colons", "log.dat", CSV.replace(",", "::"), {}, TWO),
    ("blanks between", "log.txt", CSV.replace(",", " "), {}, TWO),
    ("byte-order mark", "log.csv", b"\xef\xbb\xbf" + CSV.encode(), {}, TWO),
    ("UTF-16", "log.csv", CSV.encode("utf-16"), {}, "is UTF-16 text"),
    ("Latin-1", "log.csv", (H + f"u,caf\xe9,{JAN31}\n").encode("latin-1"), {}, "has a byte that is not UTF-8"),
    ("quoted", "log.csv", CSV.replace("u,", '"u",'), {}, TWO),
    ("other names", "log.csv", CSV.replace("user_id,item_id", "who,what"), {"user_id": "who", "item_id": "what"}, TWO),
    ("other names, not given", "log.csv", CSV.replace("user_id", "who"), {}, "user_id=user_id is not a col"),
    ("index of a frame", "log.csv", f",user_id,item_id,timestamp\n0,u,a,{JAN31}\n", {}, ONE),
    ("RecBole", "log.inter", f"user_id:token\titem_id:token\ttimestamp:float\nu\ta\t{JAN31}.0\n", {}, ONE),
    # packed
    ("gzip", "log.csv.gz", gzip.compress(CSV.encode(), mtime=0), {}, TWO),
    ("bzip2", "log.csv.bz2", bz2.compress(CSV.encode()), {}, TWO),
    ("xz", "log.csv.xz", lzma.compress(CSV.encode()), {}, TWO),
    ("zstd", "log.csv.zst", zstd(CSV.encode()), {}, TWO),
    ("zip", "log.zip", zipped("log.csv"), {}, TWO),
    ("zip of a Mac", "log.zip", zipped("log.csv", "__MACOSX/._log.csv"), {}, TWO),
    ("zip of two", "log.zip", zipped("a.csv", "b.csv"), {}, "log.zip holds 2 files (a.csv, b.csv) where one is read"),
    ("bzip2 cut off", "log.csv.bz2", bz2.compress(CSV.encode())[:-9], {}, "is a bzip2 file that is cut off or damaged"),
    ("xz cut off", "log.csv.xz", lzma.compress(CSV.encode())[:-9], {}, "is a xz file that is cut off or damaged"),
    ("zip cut off", "log.zip", zipped("log.csv")[:-9], {}, "is a zip file that is cut off or damaged"),
    ("zstd cut off", "log.csv.zst", zstd(CSV.encode() * 99)[:-9], {}, "is a zstd file that is cut off or damaged"),
    ("spreadsheet", "log.xlsx", zipped("xl/workbook.xml"), {}, "log.xlsx is a spreadsheet; save its table as CSV"),
    ("SQLite", "log.db", b"SQLite format 3\0" + bytes(99), {}, "is an SQLite file, and text and Parquet are read"),
    # without header
    ("no header", "u.data", f"1\t7\t5\t{JAN31}\n", {}, "has no line that names its 4 columns; name them by number"),
    ("no header, named", "u.data", f"1\t7\t5\t{JAN31}\n", NAMES, [("1", "7", JAN31)]),
    ("no header, MovieLens 1M", "ratings.dat", f"1::7::5::{JAN31}\n", {**NAMES, "header": False}, [("1", "7", JAN31)]),
    ("no header, keys as names", "u.csv", f"1,2,5,{JAN31}\n", NAMES, [("1", "2", JAN31)]),
    ("no header, words", "u.csv", "u,a\nu,b\n", {"user_id": "1", "item_id": "2", "header": False}, [("u", "a"), ("u", "b")]),
    ("no header, words, not given", "u.csv", "u,a\nu,b\n", {}, "or header=false where its first line is an event"),
    ("columns called 0 and 1", "u.csv", "0,1\nu,a\n", {"user_id": "0", "item_id": "1"}, [("u", "a")]),
    # values
    ("blanks around values", "log.csv", f"user_id, item_id, timestamp\nu , a, {JAN31}\n u,b ,{AT10} \n", {}, TWO),
    ("null of Postgres", "log.tsv", CSV.replace(",", "\t") + "\\N\tc\t5\nu\t\\N\t5\n", {}, TWO),
    ("NA of R", "log.csv", CSV + f"NA,c,{JAN31}\nu,NA,{JAN31}\n", {}, TWO),
    ("fractions of pandas", "log.csv", "user_id,item_id\n7.0,1.0\n8.0,2.0\n,3.0\n", {}, KEYS),
    ("true fractions stay", "log.csv", "user_id,item_id\n7.0,1.5\n8.0,2.0\n", {}, [("7", "1.5"), ("8", "2.0")]),
    ("zeros in front stay", "log.csv", "user_id,item_id\n07,1\n7,1\n", {}, [("07", "1"), ("7", "1")]),
    # times
    ("milliseconds", "log.csv", timed(JAN31 * 1000, AT10 * 1000), {}, TWO),
    ("ISO 8601", "log.csv", timed("2023-01-31", "2023-01-31T10:00"), {}, TWO),
    ("Postgres, UTC", "log.csv", timed("2023-01-31 00:00:00+00", "2023-01-31 10:00:00.0+00"), {}, TWO),
    ("Postgres, India", "log.csv", timed("2023-01-31 05:30:00+05:30", "2023-01-31 15:30:00+0530"), {}, TWO),
    ("India, offset and name", "log.csv", timed("2023-01-31T05:30:00+05:30[Asia/Kolkata]", "2023-01-31T15:30+05:30[Asia/Kolkata]"), {}, TWO),
    ("names of zones", "log.csv", timed("2023-01-31 01:00:00 Europe/Berlin", "2023-01-31 05:00:00 America/New_York"), {}, TWO),
    ("the hour that came twice", "log.csv", timed("2023-10-29 02:30:00 Europe/Berlin"), {}, [("u", "a", 1_698_539_400)]),
    ("an hour that never was", "log.csv", timed("2023-03-26 02:30:00 Europe/Berlin"), {}, "'2023-03-26 02:30:00 Europe/Berlin' is not a time"),
    ("a zone that is none", "log.csv", timed("2023-01-31 02:30:00 Europe/Atlantis"), {}, "names the time zone Europe/Atlantis, which is unknown"),
    ("a name, then none", "log.csv", timed("2023-01-31 01:00 Europe/Berlin", "2023-01-31 10:00"), {}, "has no time zone while those before have a"),
    ("short name of a zone", "log.csv", timed("2023-01-31 10:00:00 EST"), {}, "'2023-01-31 10:00:00 EST' is not a time"),
    ("short name of a zone, format", "log.csv", timed("2023-01-31 10:00:00 EST"), {"time_format": "%Y-%m-%d %H:%M:%S %Z"}, "such a name (EST, IST) may mean several"),
    ("GMT", "log.csv", timed("2023-01-31 00:00 GMT", "2023-01-31 10:00:00 GMT"), {}, TWO),
    ("ISO 8601, basic", "log.csv", timed("20230131T000000Z", "20230131T1000Z"), {}, TWO),
    ("ISO 8601, basic, offset", "log.csv", timed("20230131T020000+0200", "20230131T120000.0+02"), {}, TWO),
    ("months of one digit", "log.csv", timed("2023-1-31", "2023-1-31 10:00"), {}, TWO),
    ("date with two digits", "log.csv", timed("2023-01-31-05"), {}, "'2023-01-31-05' is not a time"),
    ("digits of dates", "log.csv", timed("20230131", "20230131"), {}, [("u", "a", JAN31), ("u", "b", JAN31)]),
    ("digits of moments", "log.csv", timed("20230131000000", "20230131100000"), {}, TWO),
    ("digits of minutes", "log.csv", timed("202301310000", "202301311000"), {}, TWO),
    ("years", "log.csv", timed("2023"), {}, "timestamp 2023 may be a year; set time_format=%Y"),
    ("years, said", "log.csv", timed("2023"), {"time_format": "%Y"}, [("u", "a", 1_672_531_200)]),
    ("spreadsheet days", "log.csv", timed("44957"), {}, "timestamp 44957 may be a day of a spreadsheet"),
    ("spreadsheet days, said", "log.csv", timed("44957", "44957.4166666667"), {"time_format": "spreadsheet"}, TWO),
    ("seconds, said", "log.csv", timed("44957"), {"time_format": "seconds"}, [("u", "a", 44_957)]),
    ("German", "log.csv", timed("31.01.2023", "31.01.2023 10:00"), {}, TWO),
    ("slashes, year first", "log.csv", timed("2023/01/31", "2023/1/31 10:00:00"), {}, TWO),
    ("American", "log.csv", timed("01/31/2023 12:00 AM", "01/31/2023 10:00 AM"), {}, TWO),
    ("British", "log.csv", timed("31/01/2023", "31/01/2023 10:00"), {}, TWO),
    ("day or month", "log.csv", timed("01/02/2023"), {}, "does not say which number is the day and which the month"),
    ("day and month", "log.csv", timed("31/01/2023", "01/31/2023"), {}, "does not say which number is the day"),
    ("day or month, said", "log.csv", timed("01/02/2023"), {"time_format": "%m/%d/%Y"}, [("u", "a", 1_672_617_600)]),
    ("format that does not fit", "log.csv", timed("31.1.23"), {"time_format": "%Y-%m-%d"}, "as time_format=%Y-%m-%d"),
    ("short year", "log.csv", timed("31/01/23"), {}, "is not a time; give seconds since 1970 or ISO 8601, or set time_format"),
    ("web server", "log.csv", timed("31/Jan/2023:02:00:00 +0200"), {"time_format": "%d/%b/%Y:%H:%M:%S %z"}, ONE),
    ("unknown format", "log.csv", CSV, {"time_format": "german"}, "time_format=german is unknown"),
    # JSON
    ("JSON lines", "log.jsonl", f'{{"user_id": 7, "item_id": "a", "timestamp": {JAN31}}}\n', {}, [("7", "a", JAN31)]),
    ("JSON lines, packed", "log.ndjson.gz", gzip.compress(b'{"user_id": "u", "item_id": "a"}\n', mtime=0), {}, [("u", "a")]),
    ("JSON list", "log.json", json.dumps([{"user_id": "u", "item_id": "a", "timestamp": JAN31}]), {}, ONE),
    ("JSON, list a user", "log.jsonl", f'{{"user_id": "u", "item_id": ["a", "b"], "timestamp": [{JAN31}, {AT10}]}}\n', {}, TWO),
    ("JSON, lists of two lengths", "log.jsonl", '{"user_id": "u", "item_id": ["a", "b"], "timestamp": [5]}\n', {}, "has an object whose lists differ in length"),
    ("JSON, objects", "log.jsonl", '{"user_id": {"id": 7}, "item_id": "a"}\n', {}, "has an object as 'user_id'"),
    ("JSON, list of users", "log.jsonl", '{"user_id": ["u", "v"], "item_id": "a"}\n', {}, "has a list as 'user_id'"),
    ("JSON broken", "log.jsonl", '{"user_id": "u", "item_id"\n', {}, "is not a file of one JSON object a line"),
    ("JSON, other keys", "log.jsonl", '{"user": "u", "item_id": "a"}\n', {}, "user_id=user_id is not a column"),
    # Parquet
    ("Parquet", "log.parquet", parquet({"user_id": [7, 8], "item_id": [1, 2]}), {}, KEYS),
    ("Parquet without its name", "log", parquet({"user_id": [7, 8], "item_id": [1, 2]}), {}, KEYS),
    ("whole floats", "log.parquet", parquet({"user_id": [7.0, 8.0, None], "item_id": [1.0, 2.0, float("nan")]}), {}, KEYS),
    ("floats", "log.parquet", parquet({"user_id": [7.5], "item_id": [1]}), {}, "that are no whole numbers below 2^53"),
    ("floats too large", "log.parquet", parquet({"user_id": [2.0**60], "item_id": [1]}), {}, "no whole numbers below 2^53"),
    ("decimals", "log.parquet", parquet({"user_id": [Decimal(7), Decimal(8)], "item_id": [1, 2], "timestamp": [Decimal(JAN31)] * 2}, user_id=pl.Decimal(38, 0), timestamp=pl.Decimal(38, 0)), {}, [("7", "1", JAN31), ("8", "2", JAN31)]),
    ("list a user", "log.parquet", parquet({"user_id": ["u"], "item_id": [["a", "b"]], "timestamp": [[JAN31, AT10]]}), {}, TWO),
    ("lists of two lengths", "log.parquet", parquet({"user_id": ["u"], "item_id": [["a", "b"]], "timestamp": [[JAN31]]}), {}, "has a row whose lists differ in length"),
    ("dates", "log.parquet", parquet({"user_id": ["u"], "item_id": ["a"], "timestamp": [date(2023, 1, 31)]}), {}, ONE),
    ("moments", "log.parquet", parquet({"user_id": ["u"], "item_id": ["a"], "timestamp": [datetime(2023, 1, 31)]}), {}, ONE),
    ("digits in Parquet", "log.parquet", parquet({"user_id": ["u"], "item_id": ["a"], "timestamp": [20230131]}), {}, ONE),
    ("years in Parquet", "log.parquet", parquet({"user_id": ["u"], "item_id": ["a"], "timestamp": [2023]}), {}, "may be a year"),
    ("format in Parquet", "log.parquet", parquet({"user_id": ["u"], "item_id": ["a"], "timestamp": ["31.01.23"]}), {"time_format": "%d.%m.%y"}, ONE),
    ("padded keys in Parquet", "log.parquet", parquet({"user_id": ["7 ", "8 "], "item_id": [1, 2]}), {}, KEYS),
    ("truth as a key", "log.parquet", parquet({"user_id": [True], "item_id": [1]}), {}, "keys of type Boolean in column 'user_id'"),
]  # fmt: skip

SEQUENCES = [
    ("user a line", "u a b\nv a\n", {}, [("u", "a"), ("u", "b"), ("v", "a")]),
    ("event a line", "u a\nu b\n", {}, [("u", "a"), ("u", "b")]),
    ("items a line", "a b\nc d e\n", {"layout": "items_per_line"}, [("1", "a"), ("1", "b"), ("2", "c"), ("2", "d"), ("2", "e")]),
    ("items a line, not said", "a b c\na c b d\n", {}, "line 2 begins with 'a' as an earlier line does"),
    ("SPMF", "1 -1 2 -1 -2\n3 -1 -2\n", {}, [("1", "1"), ("1", "2"), ("2", "3")]),
    ("SPMF, sets", "1 2 -1 3 -1 -2\n4 -1 -2\n", {}, [("1", "1", 0), ("1", "2", 0), ("1", "3", 1), ("2", "4", 0)]),
    ("SPMF, names", "@CONVERTED_FROM_TEXT\n@ITEM=1=green tea\n1 -1 -2\n", {}, [("3", "green tea")]),
    ("SPMF, no end", "1 -1 2 -1\n", {"layout": "spmf"}, "does not end with -2"),
    ("SPMF with times", "<0> 1 -1 -2\n", {}, "line 1 has '<0>', a time or a utility of the extended formats"),
    ("packed", bz2.compress(b"u a b\n"), {}, [("u", "a"), ("u", "b")]),
    ("table", "user_id,item_id\nu,a\n", {}, "data=interactions for a table with a header"),
]  # fmt: skip


def outcome(source, **settings):
    try:
        events = source(**settings).read()
    except UserError as error:
        return str(error)
    names = [name for name in ("user_id", "item_id", "timestamp") if name in events.columns]
    return events.select(names).rows()


def agrees(found, expected):
    if isinstance(expected, str) and isinstance(found, str):
        return expected in found and "\n" not in found
    return found == expected


def test_there_are_enough_kinds():
    assert len(TABLES) + len(SEQUENCES) >= 60
    assert len({kind[0] for kind in TABLES}) == len(TABLES)


@pytest.mark.parametrize("kind", TABLES, ids=[kind[0] for kind in TABLES])
def test_a_table_is_read_right_or_refused(kind, tmp_path):
    _, name, content, settings, expected = kind
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    assert agrees(found := outcome(InteractionFiles, path=str(tmp_path / name), **settings), expected), found


@pytest.mark.parametrize("kind", SEQUENCES, ids=[kind[0] for kind in SEQUENCES])
def test_a_file_of_sequences_is_read_right_or_refused(kind, tmp_path):
    _, content, settings, expected = kind
    (tmp_path / "log.txt").write_bytes(content if isinstance(content, bytes) else content.encode())
    assert agrees(found := outcome(SequenceFile, path=str(tmp_path / "log.txt"), **settings), expected), found


@pytest.mark.parametrize("source", [InteractionFiles, SequenceFile])
def test_an_empty_path_is_not_the_current_folder(source):
    assert outcome(source, path="") == "path is empty; set path to a file, a folder of files or a glob pattern"


def test_parts_of_mixed_sizes_are_one_log(tmp_path):
    """Writers choose the smallest type a part; 7 as Int32, Int64 and Float64 is one key, as text it is another."""
    for number, dtype in enumerate([pl.Int32, pl.Int64, pl.Float64, pl.UInt8, pl.Decimal(38, 0)]):
        frame = pl.DataFrame({"user_id": [7], "item_id": [number]}, schema_overrides={"user_id": dtype})
        frame.write_parquet(tmp_path / f"{number}.parquet")
    assert outcome(InteractionFiles, path=str(tmp_path)) == [("7", str(number)) for number in range(5)]
    pl.DataFrame({"user_id": ["7"], "item_id": [5]}).write_parquet(tmp_path / "5.parquet")
    assert "5.parquet has other columns than 0.parquet (user_id: Int32, user_id: String)" in outcome(
        InteractionFiles, path=str(tmp_path)
    )


@pytest.mark.parametrize(
    ("time", "warning"),
    [(JAN31, None), (600_000_000, "before 1990 (from 1989-01-05"), (4_000_000_000, "after tomorrow (from 2096-10-02")],
)
@pytest.mark.parametrize("name", ["log.csv", "log.parquet"])
def test_a_log_of_another_age_is_told(time, warning, name, tmp_path, caplog):
    content = parquet({"user_id": ["u"], "item_id": ["a"], "timestamp": [time]})
    (tmp_path / name).write_bytes(content if name == "log.parquet" else timed(time).encode())
    InteractionFiles(path=str(tmp_path / name)).read()
    assert (warning in caplog.text) if warning else not caplog.records


def test_one_time_of_today_is_enough(tmp_path, caplog):
    (tmp_path / "log.csv").write_text(timed(5, JAN31))
    InteractionFiles(path=str(tmp_path / "log.csv")).read()
    assert not caplog.records
