"""Every kind of file that people bring is read right or refused in a sentence, and never read wrong in silence."""

from pathlib import Path

import polars as pl
import pytest

from seqmine.data.sources.interactions import InteractionFiles
from seqmine.data.sources.sequences import SequenceFile
from tests.kinds import INPUT, JAN31, SEQUENCES, TABLES, TWO, agrees, as_input, outcome, page, parquet, timed, write
from tests.tables import event_files

ROOT = Path(__file__).resolve().parents[3]


def read(make, **settings):
    return outcome(lambda: make(**settings))


def bare(found):
    """Return an outcome in the words of a source, whose program has other names for its settings."""
    return found if isinstance(found, list) else found.replace("reading.columns.", "").replace("reading.", "")


def test_there_are_enough_kinds():
    assert len(TABLES) + len(SEQUENCES) >= 60
    assert len({kind[0] for kind in TABLES}) == len(TABLES)


@pytest.mark.parametrize("kind", TABLES, ids=[kind[0] for kind in TABLES])
def test_a_table_is_read_right_or_refused(kind, tmp_path):
    """As a log, and as the input of a run whose log was read with the same settings."""
    _, name, content, settings, expected = kind
    path = write(tmp_path, name, content)
    found = read(event_files, path=str(path), **settings)
    assert agrees(found, expected), found
    if isinstance(found, str) and found.startswith("time_format="):
        return  # no run has such a format
    again = bare(as_input(path, event_files(f"log{path.suffix}", **settings)))
    assert agrees(again, TWO if "header=false" in str(expected) and "header" in settings else expected), again


@pytest.mark.parametrize("kind", SEQUENCES, ids=[kind[0] for kind in SEQUENCES])
def test_a_file_of_sequences_is_read_right_or_refused(kind, tmp_path):
    _, content, settings, expected = kind
    path = write(tmp_path, "log.txt", content)
    found = read(SequenceFile, path=str(path), **settings)
    assert agrees(found, expected), found
    again = bare(as_input(path, SequenceFile(path="log.txt", **settings)))
    assert not isinstance(again, str) or again == found.replace("path", "input"), "a table is one by any name"


@pytest.mark.parametrize("kind", INPUT, ids=[f"{kind[1]}, {kind[2]}" for kind in INPUT])
def test_histories_are_read_right_or_refused(kind, tmp_path):
    of_run, _, name, content, expected = kind
    found = bare(as_input(write(tmp_path, name, content), of_run))
    assert agrees(found, expected), found


def test_the_page_says_what_happens():
    assert (ROOT / "docs" / "kinds_of_files.md").read_text() == page(), "write it anew: python -m tests.kinds"


@pytest.mark.parametrize("source", [InteractionFiles, SequenceFile])
def test_an_empty_path_is_not_the_current_folder(source):
    assert read(source, path="") == "path is empty; set path to a file, a folder of files or a glob pattern"


def test_parts_of_mixed_sizes_are_one_log(tmp_path):
    """Writers choose the smallest type a part; 7 as Int32, Int64 and Float64 is one key, as text it is another."""
    for number, dtype in enumerate([pl.Int32, pl.Int64, pl.Float64, pl.UInt8, pl.Decimal(38, 0)]):
        frame = pl.DataFrame({"user_id": [7], "item_id": [number]}, schema_overrides={"user_id": dtype})
        frame.write_parquet(tmp_path / f"{number}.parquet")
    assert read(event_files, path=str(tmp_path)) == [("7", str(number)) for number in range(5)]
    pl.DataFrame({"user_id": ["7"], "item_id": [5]}).write_parquet(tmp_path / "5.parquet")
    assert "5.parquet has other columns than 0.parquet (user_id: Int32, user_id: String)" in read(
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
