"""The beginning of a large file is judged: a mistake is told before the rest is read, and only a mistake of the whole is."""

import bz2
import gzip
import lzma

import polars as pl
import pytest

from seqmine.data.sources import interactions
from seqmine.data.sources.interactions import InteractionFiles
from seqmine.data.sources.judging import judge_times
from seqmine.structs import UserError

JAN31 = 1_675_123_200
ROWS = 400


def table(first, time=str(JAN31), names="user_id,item_id,timestamp"):
    """Rows of which the beginning holds the first ones."""
    return names + "\n" + first + "".join(f"u{row},i,{time}\n" for row in range(ROWS))


@pytest.fixture
def small_beginning(monkeypatch):
    monkeypatch.setattr(interactions, "_JUDGED_BYTES", 150)


@pytest.fixture
def only_beginning(small_beginning, monkeypatch):
    def read(path):
        raise AssertionError("the rest was read")

    monkeypatch.setattr("seqmine.data.sources.delimited.read_text", read)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (table("", names="who,item_id,timestamp"), "user_id=user_id is not a column of"),
        (table("u,i,5,6\n"), "log.csv line 2 has 4 values where the table has 3 columns"),
        (table("u,i,5\nu,i,soon\n"), "log.csv line 3: timestamp 'soon' is not a time"),
        (table("u,i,-5\n"), "log.csv line 2: timestamp '-5' is before 1970"),
        (table("u,i,2023-01-31\nu,i,2023-01-31 10:00Z\n", "2023-01-31"), "line 3: timestamp '2023-01-31 10:00Z' has a time zone"),
    ],
)  # fmt: skip
def test_a_mistake_of_the_beginning_is_told_before_the_rest_is_read(content, words, only_beginning, tmp_path):
    (tmp_path / "log.csv").write_text(content)
    with pytest.raises(UserError) as told:
        InteractionFiles(path=str(tmp_path / "log.csv")).read()
    assert words in str(told.value)


@pytest.mark.parametrize(("ending", "pack"), [("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress)])
def test_packed_files_are_judged_too(ending, pack, only_beginning, monkeypatch, tmp_path):
    monkeypatch.setattr(interactions, "_JUDGED_BYTES", 40)
    (tmp_path / f"log.csv.{ending}").write_bytes(pack(table("u,i,soon\n").encode()))
    with pytest.raises(UserError, match="line 2: timestamp 'soon' is not a time"):
        InteractionFiles(path=str(tmp_path / f"log.csv.{ending}")).read()


@pytest.mark.parametrize(
    "content",
    [
        table("u,i,01/02/2023\n" * 20, "31/01/2023"),  # only the rest tells which number is the day
        table("u,i,\n" * 4),  # many times are missing in the beginning, few in the whole
        table("u,i,1990\n" * 30, "5000000"),  # may be years
        table('"u\n",i,5\n').replace('"u\n"', '"u, v"'),
        "\ufeff" + table("caf\u00e9,i,5\n", "6"),
    ],
)
def test_what_the_rest_decides_is_left_to_it(content, small_beginning, tmp_path, caplog):
    (tmp_path / "log.csv").write_text(content)
    found = InteractionFiles(path=str(tmp_path / "log.csv")).read()
    assert len(found) >= ROWS
    assert len({record.getMessage() for record in caplog.records}) == len(caplog.records), "nothing is said twice"


def test_a_mistake_of_the_rest_is_told_by_its_line(small_beginning, tmp_path):
    (tmp_path / "log.csv").write_text(table("") + "u,i,soon\n")
    with pytest.raises(UserError, match=f"line {ROWS + 2}: timestamp 'soon' is not a time"):
        InteractionFiles(path=str(tmp_path / "log.csv")).read()


def test_rows_are_named_as_they_stand_in_the_log():
    times = pl.DataFrame({"timestamp": [None, "5", "NA", "soon"]})
    with pytest.raises(UserError, match="row 3: timestamp 'soon'"):
        judge_times(times, lambda row: f"row {row}", None)
    judge_times(times.head(3), str, None)
    judge_times(pl.DataFrame({"user_id": ["u"]}), str, None)
