import gzip
from contextlib import contextmanager

import polars as pl
import pytest

from seqmine.data.sources import delimited
from seqmine.data.sources.delimited import open_table
from seqmine.structs import UserError
from seqmine.structs.progress import shown_by
from tests.tables import event_files

HEADER = "user_id,item_id,timestamp\n"


def write(folder, content, name="log.csv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def read(folder, content, name="log.csv", **options):
    return event_files(write(folder, content, name), **options).read()


GOOD = "u,a,1\n"


def test_typed_headers_and_raw_quotes_of_recbole(tmp_path):
    text = 'user_id:token\titem_id:token\trating:float\ttimestamp:float\n1\t"a\t3\t881250949\n'
    assert read(tmp_path, text, "log.inter").rows() == [("1", '"a', 881250949, 3.0)]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty (0 bytes)"),
        (HEADER, "has a header but no rows"),
        (HEADER + ",a,1\nu,,2\n", "no row with a user and an item"),
        ("user_id,what\nu,a\n", "item_id=item_id is not a column of"),
        ("user_id,item_id,user_id\nu,a,v\n", "names the column 'user_id' twice"),
        (HEADER + GOOD * 69_998 + "u,a\n" + GOOD, "line 70000 has 2 values where the table has 3 columns"),
        (HEADER + GOOD + "u,a,1,2\n", "line 3 has 4 values"),
        (HEADER + GOOD + "\nu,a\n", "line 4 has 2 values"),
        (HEADER + GOOD + 'u,"a,1\n' + GOOD, "line 3 has 2 values where the table has 3 columns (a quote that opens"),
        (HEADER + GOOD + 'u,"a,1\n' + GOOD * 40_000, "line 3 has a quote that is not closed"),
        (HEADER + 'u,"a,1\nu,"b",1\n', "line 2 has a key with a line break"),
        ((HEADER + "u,caf\xe9,1\n").encode("latin-1"), "line 2 has a byte that is not UTF-8 (0xe9 at byte 31)"),
        ((HEADER + GOOD).encode("utf-16"), "is UTF-16 text"),
        (gzip.compress((HEADER + GOOD * 1000).encode(), mtime=0)[:-12], "gzip file that is cut off or damaged"),
        (HEADER + GOOD + "u,a,soon\n", "line 3: timestamp 'soon' is not a time"),
        (HEADER + GOOD + "u,a,\n", "line 3: 1 of 2 rows have no timestamp, and at most 1% are put aside"),
        (HEADER + GOOD + "u,a,-5\n", "line 3: timestamp -5 is before 1970"),
        (
            HEADER + "u,a,1430623510\n" * 2 + "u,a,1430623510123\n",
            "line 4: timestamp 1430623510123 counts milliseconds",
        ),
        (HEADER + "u,a,2020-01-01 10:00\nu,a,2020-01-01T10:00Z\n", "line 3: timestamp '2020-01-01T10:00Z' has a time"),
        (HEADER + "u,a,2020-02-30\n", "line 2: timestamp '2020-02-30' is not a time"),
        ("user_id,item_id,rating\nu,a,4\nu,b,good\n", "line 3: rating 'good' is not a number"),
    ],
)
def test_bad_text_is_one_sentence_with_the_line(tmp_path, content, sentence):
    with pytest.raises(UserError) as caught:
        read(tmp_path, content)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_line_ends_of_windows_and_old_macs(tmp_path):
    for end in ("\n", "\r\n", "\r"):
        text = end.join(["user_id,item_id", "u,a", "u,b", ""])
        assert read(tmp_path, text).rows() == [("u", "a"), ("u", "b")]


def test_line_numbers_count_lines_inside_quotes(tmp_path):
    text = 'user_id,item_id,note,timestamp\nu,a,"two\nlines",1\nu,b,x,never\n'
    with pytest.raises(UserError, match="line 4: timestamp 'never' is not a time"):
        read(tmp_path, text)


@pytest.mark.parametrize(
    ("values", "kind"),
    [(["5", "007"], pl.Int64), (["5", ""], pl.String), (["5", "6.5"], pl.String), (["5", "NA"], pl.String)],
)
def test_columns_become_whole_numbers_only_if_all_values_are(tmp_path, values, kind):
    path = tmp_path / "log.csv"
    path.write_text("user,time\n" + "".join(f"{value},{value}\n" for value in values))
    frame = open_table(path).read(["user", "time"], integers=["time"])
    assert frame["user"].to_list() == values
    assert frame["time"].dtype == kind
    assert frame["time"].cast(pl.String).to_list() == (
        [str(int(value)) for value in values] if kind == pl.Int64 else values
    )


def test_a_line_is_found_after_the_text_was_let_go(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text('user\n"a\nb"\nc\n')
    assert open_table(path).without_text().line_of(1) == 4


def test_reading_a_long_text_tells_how_far_it_is(tmp_path, monkeypatch):
    told = []

    @contextmanager
    def bar(total, what):
        told.append((what, total))
        yield told.append

    (tmp_path / "log.csv").write_text("user_id,item_id\n" + "u,i\n" * 50)
    monkeypatch.setattr(delimited, "_LONG_BYTES", 100)
    monkeypatch.setattr(delimited, "_BLOCK_BYTES", 60)
    with shown_by(bar):
        assert len(open_table(tmp_path / "log.csv").read(["user_id"])) == 50
    assert told[0] == ("reading log.csv", 216)
    assert sum(told[1:]) == 216 and len(told) > 3
