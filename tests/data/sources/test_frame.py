from datetime import datetime, timedelta, timezone

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from seqmine.data.sources.frame import EventFrame, content_hash, keep_items, of_histories
from seqmine.data.sources.interactions import InteractionFiles
from seqmine.structs import UserError

COLUMNS = {"customer": [7, 7, 8], "sku": ["a", "b", "a"], "when": [30, 10, 20]}
NAMES = {"user": "customer", "item": "sku", "time": "when"}


@pytest.mark.parametrize("make", [pl.DataFrame, pd.DataFrame, pa.table, dict, lambda c: pl.DataFrame(c).lazy()])
def test_tables_of_all_kinds_are_the_same_events(make):
    source = EventFrame(make(COLUMNS), **NAMES)
    assert source.read().rows() == [("7", "a", 30), ("7", "b", 10), ("8", "a", 20)]
    assert source.read().columns == ["user_id", "item_id", "timestamp"]


def test_whole_numbers_beside_a_missing_one_are_keys_and_lists_are_events():
    holes = EventFrame(pd.DataFrame({"user_id": [7.0, None, 8.0], "item_id": [["a", "b"], ["c"], ["d"]]}))
    assert holes.read().rows() == [("7", "a"), ("7", "b"), ("8", "d")]


def test_a_kept_table_is_read_as_the_table_is(tmp_path):
    zone = timezone(timedelta(hours=2))
    times = [datetime(2024, 1, 1, 2, tzinfo=zone) + timedelta(seconds=n, milliseconds=5) for n in range(3)]
    frame = pd.DataFrame({**COLUMNS, "when": times, "rating": [1.5, 2.0, 3.0], "color": "red"}, index=[5, 6, 7])
    items = pl.DataFrame({"sku": ["a", "b"], "title": ["A", "B"], "genres": [["x", "y"], []]})
    source = EventFrame(frame, **NAMES, items=items)
    kept = source.keep(tmp_path / "tables")
    files = InteractionFiles(path=str(kept["path"]), items_path=str(kept["items_path"]))
    assert files.read().equals(source.read())
    assert files.read()["timestamp"][0] == 1704067200  # midnight in UTC
    assert files.item_features().equals(source.item_features())
    before = kept["path"].stat().st_mtime_ns
    assert EventFrame(frame, **NAMES, items=items).keep(tmp_path / "tables") == kept
    assert kept["path"].stat().st_mtime_ns == before


def test_the_content_decides_the_fingerprint():
    frame = pl.DataFrame(COLUMNS)
    changed = [
        frame.with_columns(customer=pl.Series([7, 8, 8])),
        frame.with_columns(pl.col("customer").cast(pl.String)),
        frame.with_columns(pl.col("when").cast(pl.Int32)),
        frame[[1, 0, 2]],
        frame[:2],
    ]
    fingerprints = [EventFrame(table, **NAMES).fingerprint() for table in [frame, *changed]]
    assert len(set(fingerprints)) == len(fingerprints)
    assert EventFrame(frame.with_columns(other=1), **NAMES).fingerprint() == fingerprints[0]
    assert EventFrame(pl.concat([frame[:1], frame[1:]], rechunk=False), **NAMES).fingerprint() == fingerprints[0]


def test_item_tables_are_kept_alone(tmp_path):
    path = keep_items({"sku": [1, 1, 2], "title": ["A", "B", "C"]}, "sku", tmp_path)
    assert pl.read_parquet(path).rows() == [("1", "A"), ("2", "C")]
    assert path.stem == content_hash(pl.read_parquet(path))


def test_plain_lists_are_events_in_order():
    assert of_histories({"u": ["b", "a"], 3: (1,)}).rows() == [("u", "b"), ("u", "a"), ("3", "1")]
    assert of_histories([np.array(["x"]), []]).rows() == [("0", "x")]
    assert of_histories([]).schema == {"user_id": pl.String, "item_id": pl.String}


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: EventFrame(3), "the log is of type int, allowed are tables of polars, pandas or Arrow"),
        (lambda: EventFrame(COLUMNS), "user is 'user_id', which is not a column of the table .customer, sku, when."),
        (lambda: EventFrame(COLUMNS, **{**NAMES, "time": "day"}), "time is 'day'.*set time to one of them"),
        (
            lambda: EventFrame({**COLUMNS, "sku": [1.5, 2.0, 3.0]}, **NAMES).read(),
            "the table has keys of type Float64 in",
        ),
        (lambda: EventFrame({**COLUMNS, "when": ["1", "x", "2"]}, **NAMES).read(), "the table row 2: timestamp 'x'"),
        (lambda: EventFrame(COLUMNS, **NAMES, items={"title": ["x"]}), "items has no column 'sku' .title."),
        (lambda: EventFrame({"a": [1, 2], "b": [1]}), "the log cannot be read as a table"),
        (lambda: of_histories(["abc"]), "the history of user 0 is 'abc', allowed is a list of items"),
    ],
)
def test_mistakes_are_told_in_one_sentence(call, sentence):
    with pytest.raises(UserError, match=sentence):
        call()
