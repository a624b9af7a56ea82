from datetime import datetime

import polars as pl
import pytest

from seqmine.data.sources.calendar import from_digits, from_format, from_written_dates
from seqmine.structs import UserError


def locate(row):
    return f"log.csv line {row + 2}"


@pytest.mark.parametrize(
    ("numbers", "moments"),
    [
        ([20230131, 20240229], [datetime(2023, 1, 31), datetime(2024, 2, 29)]),
        ([20230131.0], [datetime(2023, 1, 31)]),
        ([202301312359], [datetime(2023, 1, 31, 23, 59)]),
        ([20230131235958], [datetime(2023, 1, 31, 23, 59, 58)]),
        ([20230131, 20230132], None),  # no date, so a count
        ([20230131, 20230131_00], None),
        ([1, 2, 2023], None),
        ([600_000_000, 1_675_123_200], None),
        ([1_675_123_200_000], None),
    ],
)
def test_digits_are_dates_where_all_of_them_are(numbers, moments):
    found = from_digits(pl.Series(numbers), locate)
    assert (found if found is None else found.to_list()) == moments


@pytest.mark.parametrize("numbers", [[2023, 1999], [44_957.0, 44_958.5]])
def test_years_and_days_of_a_spreadsheet_are_asked_about(numbers):
    with pytest.raises(UserError, match=r"log.csv line 2: timestamp .* may be a"):
        from_digits(pl.Series(numbers), locate)


def test_twelve_at_night_and_at_noon():
    times = ["1/31/2023 12:00 am", "1/31/2023 12:00 PM", "1/31/2023 11:59:58.5 pm"]
    assert from_written_dates(pl.Series(times), locate).to_list() == [
        datetime(2023, 1, 31, 0), datetime(2023, 1, 31, 12), datetime(2023, 1, 31, 23, 59, 58, 500_000)
    ]  # fmt: skip
    assert from_written_dates(pl.Series(["1/31/2023 13:00 PM", "31/2023", None]), locate).to_list() == [None] * 3


def test_points_mean_the_day_first_though_it_be_small():
    assert from_written_dates(pl.Series(["01.02.2023"]), locate).to_list() == [datetime(2023, 2, 1)]


def test_one_day_above_twelve_tells_the_order_of_all():
    assert from_written_dates(pl.Series(["01-02-2023", "01-13-2023"]), locate)[0] == datetime(2023, 1, 2)
    assert from_written_dates(pl.Series(["01-02-2023", "13-01-2023"]), locate)[0] == datetime(2023, 2, 1)


@pytest.mark.parametrize(
    ("text", "form", "moment"),
    [
        ("2023-05", "%Y-%m", datetime(2023, 5, 1)),
        ("2023", "%Y", datetime(2023, 1, 1)),
        ("Jan 31, 2023", "%b %d, %Y", datetime(2023, 1, 31)),
        ("01022023", "%d%m%Y", datetime(2023, 2, 1)),
        ("2023-01-31 02:00 +0200", "%Y-%m-%d %H:%M %z", datetime(2023, 1, 31)),
        ("x", "%Y", None),
    ],
)
def test_formats(text, form, moment):
    assert from_format(pl.Series([text]), form).to_list() == [moment]


def test_a_format_that_is_none_is_named():
    with pytest.raises(UserError, match=r"time_format=%Y%m%d%H is no format of times"):
        from_format(pl.Series(["2023013110"]), "%Y%m%d%H")
