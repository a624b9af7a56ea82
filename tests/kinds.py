"""Kinds of files that people bring: what is written, the settings, and the events that come out or the sentence.

    python -m tests.kinds

writes ``docs/kinds_of_files.md``, with the sentences as programs tell them.
"""

import bz2
import gzip
import io
import json
import lzma
import os
import tempfile
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pyarrow as pa

from seqmine.data.sources.histories import source_of_histories
from seqmine.data.sources.sequences import SequenceFile
from seqmine.structs import UserError
from seqmine.structs.places import Place
from tests.tables import event_files

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
    ("header, said to be none", "log.csv", CSV, {"header": False, "user_id": "1", "item_id": "2"}, "line 1 names columns (user_id,item_id,timestamp), but header=false"),
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
    ("table", "user_id,item_id\nu,a\n", {}, "line 1 names the columns of a table; set data=interactions"),
    ("table with blanks", "user_id item_id rating\nu a 5\n", {}, "line 1 names the columns of a table; set data=interactions"),
    ("table without header", "u,a\nv,b\n", {}, "data=interactions for a table with a header"),
    ("lists behind commas", "u a,b,c\nv b,c\n", {}, "has words such as 'a,b,c', but items are set apart by blanks"),
    ("lists behind commas, said", "u a,b\nv b\n", {"layout": "event_per_line"}, [("u", "a,b"), ("v", "b")]),
    ("JSON lines", '{"user_id": "u", "item_id": "a"}\n' * 2, {}, "is JSON; set data=interactions"),
    ("empty", "", {}, "is empty (0 bytes)"),
    ("Parquet", parquet({"user_id": ["u"], "item_id": ["a"]}), {}, "is a Parquet table; set data=interactions"),
    ("UTF-16", "u a b\n".encode("utf-16"), {}, "is UTF-16 text"),
]  # fmt: skip


RENAMED = event_files("log.csv", user_id="customer", item_id="sku", timestamp="when", time_format="%d.%m.%Y")
NUMBERED = event_files("u.data", user_id="1", item_id="2", timestamp="4", header=False)
LINES = SequenceFile(path="log.txt")
ITEMS = SequenceFile(path="log.txt", layout="items_per_line")
SHOP = "customer;sku;when\nu;a;31.01.2023\n"

# what `recommend input=` is given, beside files like the log of the run
INPUT = [
    # the log of the run, name of the kind, name of the file, content, events or the words of the refusal
    (RENAMED, "the same columns", "new.csv", SHOP, ONE),
    (RENAMED, "another separator", "new.tsv", SHOP.replace(";", "\t"), ONE),
    (RENAMED, "packed", "new.csv.zst", zstd(SHOP.encode()), ONE),
    (RENAMED, "under the name of a text", "new.txt", SHOP.replace(";", " "), ONE),
    (RENAMED, "Parquet", "new.parquet", parquet({"customer": ["u"], "sku": ["a"], "when": ["31.01.2023"]}), ONE),
    (RENAMED, "JSON lines", "new.jsonl", '{"customer": "u", "sku": "a", "when": "31.01.2023"}\n', ONE),
    (RENAMED, "list a user", "new.parquet", parquet({"customer": ["u"], "sku": [["a", "b"]]}), [("u", "a"), ("u", "b")]),
    (RENAMED, "the usual names", "new.csv", "user_id,item_id\nu,a\n", [("u", "a")]),
    (RENAMED, "the usual names, under the name of a text", "new.txt", "user_id item_id\nu a\n", [("u", "a")]),
    (RENAMED, "no times", "new.csv", "customer,sku\nu,a\n", [("u", "a")]),
    (RENAMED, "times of another format", "new.csv", SHOP.replace("31.01.2023", "2023-01-31"), "as time_format=%d.%m.%Y"),
    (RENAMED, "other names", "new.csv", "who,what\nu,a\n", "user_id=user_id is not a column of"),
    (RENAMED, "no header", "new.csv", "u,a\n", "or header=false where its first line is an event"),
    (RENAMED, "header alone", "new.csv", "customer;sku;when\n", "has a header but no rows"),
    (RENAMED, "empty", "new.csv", "", "is empty"),
    (RENAMED, "user a line", "new.txt", "u a b\n", [("u", "a"), ("u", "b")]),
    (RENAMED, "spreadsheet", "new.xlsx", zipped("xl/workbook.xml"), "is a spreadsheet"),
    (NUMBERED, "no header either", "new.data", f"1\t7\t5\t{JAN31}\n", [("1", "7", JAN31)]),
    (NUMBERED, "the usual names", "new.csv", "user_id,item_id\n1,7\n", [("1", "7")]),
    (NUMBERED, "the usual names, under the name of the log", "new.data", "user_id item_id\n1 7\n", [("1", "7")]),
    (LINES, "user a line", "new.txt", "u a b\n", [("u", "a"), ("u", "b")]),
    (LINES, "event a line", "new.txt", "u a\nu b\n", [("u", "a"), ("u", "b")]),
    (LINES, "SPMF", "new.txt", "1 -1 2 -1 -2\n", [("1", "1"), ("1", "2")]),
    (LINES, "table", "new.csv", "user_id,item_id\nu,a\n", [("u", "a")]),
    (LINES, "table under the name of a text", "new.txt", "user_id item_id\nu a\n", [("u", "a")]),
    (LINES, "Parquet", "new", parquet({"user_id": ["u"], "item_id": ["a"]}), [("u", "a")]),
    (LINES, "items a line", "new.txt", "a b c\na c b\n", "line 2 begins with 'a' as an earlier line does"),
    (ITEMS, "items a line", "new.txt", "a b c\na c b\n", [("1", "a"), ("1", "b"), ("1", "c"), ("2", "a"), ("2", "c"), ("2", "b")]),
    (ITEMS, "table", "new.csv", "user_id,item_id\nu,a\n", [("u", "a")]),
    (SequenceFile(path="log.txt", layout="spmf"), "no end", "new.txt", "1 -1 2 -1\n", "does not end with -2"),
]  # fmt: skip


def outcome(source):
    """Return the events of a source, or the sentence with which it refuses them."""
    try:
        events = (source() if callable(source) else source).read()
    except UserError as error:
        return str(error)
    names = [name for name in ("user_id", "item_id", "timestamp") if name in events.columns]
    return events.select(names).rows()


def as_input(path, of_run):
    """Return the outcome of a file of histories for a run."""
    return outcome(lambda: source_of_histories(str(path), of_run))


def agrees(found, expected):
    """Return whether an outcome is the events, or one sentence that has the words."""
    if isinstance(expected, str) and isinstance(found, str):
        return expected in found and "\n" not in found
    return found == expected


def write(folder, name, content):
    """Write a file, and return its path."""
    path = Path(folder) / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


COLUMN_SETTINGS = ("user_id", "item_id", "timestamp", "behavior", "rating", "session")


def setting_of(name):
    return f"data.columns.{name}" if name in COLUMN_SETTINGS else f"data.{name}"


def told(make, path, settings):
    """Return what a source does with a file, in the words of programs."""
    try:
        source = make(path=path, **settings)
    except UserError as error:
        return f"refused: data.{error}"
    names = (*COLUMN_SETTINGS, "path", "time_format", "header", "layout", "items_path", "reject_path")
    source._place = Place("data.source", {"data.source": {name: setting_of(name) for name in names}})
    found = outcome(source)
    return f"refused: {found}" if isinstance(found, str) else f"read: {described(found)}"


def described(rows):
    user, item, *time = rows[0]
    when = f", {datetime.fromtimestamp(time[0], UTC):%Y-%m-%d %H:%M:%S}" if time and time[0] > 9 else ""
    return f"{len(rows)} event{'s' * (len(rows) > 1)}, first {user}, {item}{when}"


def cell(text):
    return text.replace("|", "\\|").replace("<", "&lt;").replace("{", "&#123;")


def page():
    """Return the page that says what happens to each kind."""
    lines = ["# Kinds of files", ""]
    lines += ["What reading does with each kind, written by `python -m tests.kinds` and held to it by the tests.", ""]
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            for title, make, kinds in (
                ("Tables, `data=interactions`", event_files, TABLES),
                ("Sequences, `data=sequences`", SequenceFile, [(name, "log.txt", *rest) for name, *rest in SEQUENCES]),
            ):
                lines += [f"## {title}", "", "| kind | file | settings | what happens |", "|---|---|---|---|"]
                for name, file, content, settings, _ in kinds:
                    write(folder, file, content)
                    given = " ".join(
                        f"`{setting_of(key)}={str(value).lower() if value is False else value}`"
                        for key, value in settings.items()
                    )
                    lines.append(f"| {name} | {file} | {given} | {cell(told(make, file, settings))} |")
                    Path(file).unlink()
                lines.append("")
            lines += [
                "## `recommend input=`",
                "",
                "A file that is like the log of the run is read, or refused, as above. Others:",
                "",
            ]
            lines += ["| log of the run | kind | file | what happens |", "|---|---|---|---|"]
            for of_run, name, file, content, _ in INPUT:
                found = as_input(write("", file, content), of_run)
                text = f"refused: {found}" if isinstance(found, str) else f"read: {described(found)}"
                lines.append(f"| {log_of(of_run)} | {name} | {file} | {cell(text)} |")
                Path(file).unlink()
        finally:
            os.chdir(before)
    return "\n".join(lines) + "\n"


def log_of(source):
    """Return how the log of a run was read."""
    if isinstance(source, SequenceFile):
        return f"sequences, layout {source.layout}"
    columns = ", ".join(column for column in source.columns.values() if column is not None)
    return f"table of {columns}" + (" without header" if source.header is False else "")


if __name__ == "__main__":
    Path(__file__).parents[1].joinpath("docs", "kinds_of_files.md").write_text(page())
