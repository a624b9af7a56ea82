import json

import polars as pl
import pytest

from seqmine.data.sources.events import to_events
from seqmine.structs import UserError


def test_places_are_those_of_the_file_after_rows_were_dropped():
    raw = pl.DataFrame({"user_id": ["", "u", "u"], "item_id": ["a", "b", "c"], "timestamp": ["1", "2", "x"]})
    with pytest.raises(UserError, match="row 2: timestamp 'x' is not a time"):
        to_events(raw, lambda row: f"row {row}")


def test_rows_without_behavior_are_put_aside(tmp_path):
    raw = pl.DataFrame({"user_id": ["u", "u"], "item_id": ["a", "b"], "behavior": ["view", ""]})
    events = to_events(raw, lambda row: f"row {row}", str(tmp_path / "deep" / "rejects.jsonl"))
    assert events.rows() == [("u", "a", "view")]
    reject = json.loads((tmp_path / "deep" / "rejects.jsonl").read_text())
    assert (reject["place"], reject["reason"]) == ("row 1", "behavior is missing")
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["rejects.jsonl"]


def test_missing_rating_is_null():
    raw = pl.DataFrame({"user_id": ["u", "u"], "item_id": ["a", "b"], "rating": ["4.5", ""]})
    assert to_events(raw, str)["rating"].to_list() == [4.5, None]


@pytest.mark.parametrize("gap", ["", "NULL", "\\N", " "])
def test_a_few_events_without_time_are_put_aside_and_many_are_refused(gap, caplog):
    def raw(num_missing):
        times = [gap] * num_missing + ["1675123200"] * (200 - num_missing)
        return pl.DataFrame({"user_id": ["u"] * 200, "item_id": ["a"] * 200, "timestamp": times})

    dropped = {}
    assert len(to_events(raw(2), str, dropped=dropped)) == 198
    assert dropped == {"timestamp is missing": 2}
    assert "2 rows are dropped (timestamp is missing: 2)" in caplog.text
    with pytest.raises(UserError, match="3 of 200 rows have no timestamp, and at most 1% are put aside"):
        to_events(raw(3), str)


def test_a_few_missing_numbers_are_put_aside_too():
    times = pl.Series([None, float("nan")] + [1_675_123_200.0] * 198)
    raw = pl.DataFrame({"user_id": ["u"] * 200, "item_id": ["a"] * 200, "timestamp": times})
    assert to_events(raw, str)["timestamp"].unique().to_list() == [1_675_123_200]
