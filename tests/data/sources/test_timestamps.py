from datetime import UTC, date, datetime, timedelta, timezone

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqmine.data.sources.timestamps import to_epoch
from seqmine.structs import UserError

MOMENTS = st.datetimes(datetime(1974, 1, 1), datetime(2100, 1, 1))


def locate(row):
    return f"log.csv line {row + 2}"


def epoch(values):
    return to_epoch(values if isinstance(values, pl.Series) else pl.Series(values), locate).rows()


@given(st.lists(MOMENTS, min_size=1, max_size=5), st.integers(-14 * 60, 14 * 60))
@settings(max_examples=50, deadline=None)
def test_iso_times_with_zones_agree_with_datetime(moments, minutes):
    zone = timezone(timedelta(minutes=minutes))
    aware = [moment.replace(tzinfo=zone) for moment in moments]
    expected = [
        (int((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() // 1), moment.microsecond) for moment in aware
    ]
    assert epoch([moment.isoformat() for moment in aware]) == expected


@given(st.lists(MOMENTS, min_size=1, max_size=5))
@settings(max_examples=50, deadline=None)
def test_every_unit_gives_the_same_seconds(moments):
    seconds = [int(moment.replace(tzinfo=UTC).timestamp()) for moment in moments]
    expected = [(second, 0) for second in seconds]
    for scale in (1, 10**3, 10**6, 10**9):
        numbers = [second * scale for second in seconds]
        assert epoch(numbers) == expected
        assert epoch([str(number) for number in numbers]) == expected


def test_spellings():
    assert epoch(["2014-04-07"]) == [(1396828800, 0)]
    assert epoch(["2014-04-07 10:51", "2014-04-07T10:51:09,5"]) == [(1396867860, 0), (1396867869, 500_000)]
    assert epoch(["2014-04-07T10:51:09.277Z", "2014-04-07 12:51:09+0200"]) == [(1396867869, 277_000), (1396867869, 0)]
    assert epoch([" 1.5e9 ", "1500000000.25"]) == [(1500000000, 0), (1500000000, 250_000)]
    assert epoch(pl.Series([date(2020, 1, 1)])) == [(1577836800, 0)]
    assert epoch(pl.Series([datetime(2020, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))])) == [(1577836800, 0)]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (["1", "x"], "log.csv line 3: timestamp 'x' is not a time"),
        ([1, None], "line 3: timestamp None is not a time"),
        ([1.0, float("nan")], "line 3: timestamp nan is not a time"),
        ([1.0, 1e30], "line 3: timestamp 1e+30 is not a time"),
        ([5, -1], "line 3: timestamp -1 is before 1970"),
        (["1969-12-31"], "line 2: timestamp '1969-12-31' is before 1970"),
        (["2020-01-01", "2020-13-01"], "line 3: timestamp '2020-13-01' is not a time"),
        (
            ["1500000000"] * 3 + ["1500000000123"],
            "line 5: timestamp 1500000000123 counts milliseconds while most count s",
        ),
        (
            [1500000000123, 1500000000123, 1500000000],
            "line 4: timestamp 1500000000 counts seconds while most count milli",
        ),
        (["2020-01-01T00:00Z", "2020-01-01T00:00"], "has no time zone while those before have a time zone"),
        (["1500000000", "2020-01-01"], "line 3: timestamp '2020-01-01' is not a time"),
        ([[1]], "timestamps of type List(Int64) are unknown"),
        ([timedelta(1)], "are unknown; give numbers, ISO 8601 texts or dates"),
    ],
)
def test_wrong_times_are_named(values, sentence):
    with pytest.raises(UserError) as caught:
        epoch(values)
    assert sentence in str(caught.value)
