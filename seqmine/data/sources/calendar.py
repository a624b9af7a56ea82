"""Times that are written as dates or as numbers made of their digits, and what is too ambiguous to be read."""

import logging
from collections.abc import Callable

import polars as pl

from seqmine.data.sources.columns import first_true
from seqmine.structs import UserError

_log = logging.getLogger(__name__)

# Number of digits to the format of numbers such as 20230131 and 20230131100000; no clock of today counts so much.
_DIGITS = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
FIRST_YEAR, LAST_YEAR = 1900, 2100
# Days of a spreadsheet since 30 December 1899, from 1990 to 2100.
_SPREADSHEET_DAYS = (32_874, 73_051)
_SPREADSHEET_EPOCH = 25_569  # its number of 1 January 1970
_CLOCK = r"(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?(?:[.,](\d{1,9}))? ?([AaPp][Mm])?)?"
_YEAR_LAST = rf"^(\d{{1,2}})([./-])(\d{{1,2}})[./-](\d{{4}}){_CLOCK}$"
_YEAR_FIRST = rf"^(\d{{4}})/(\d{{1,2}})/(\d{{1,2}}){_CLOCK}$"
_CLOCK_NAMES = ["hour", "minute", "second", "fraction", "half"]

_HOURS = ("%H", "%I", "%T", "%R", "%k", "%l", "%s", "%c", "%+")
# Codes that say a part of the date in another way.
_SAME = {
    "%Y": ("%y", "%F", "%D", "%s", "%c", "%+"),
    "%m": ("%b", "%B", "%h", "%F", "%D", "%j", "%s", "%c", "%+"),
    "%d": ("%e", "%F", "%D", "%j", "%s", "%c", "%+"),
}


class AmbiguousTimeError(UserError):
    """Times that may mean several moments, as far as these rows tell."""


Locate = Callable[[int], str]
"""Turns the number of a row (from 0) into words such as ``log.csv line 7``."""


def may_be_calendar(low: float, high: float) -> bool:
    """Return whether numbers of this range may be digits of dates or days of a spreadsheet, and no clock.

    >>> may_be_calendar(20230131, 20230201), may_be_calendar(1_500_000_000, 1_600_000_000)
    (True, False)
    """
    ranges = [(FIRST_YEAR, LAST_YEAR), _SPREADSHEET_DAYS]
    ranges += [(FIRST_YEAR * 10 ** (digits - 4), (LAST_YEAR + 1) * 10 ** (digits - 4)) for digits in _DIGITS]
    return any(first <= low and high <= last for first, last in ranges)


def from_digits(numbers: pl.Series, locate: Locate) -> pl.Series | None:
    """Return the moments of numbers that are the digits of dates, or None where they are a clock.

    Args:
        numbers: without null.
        locate: names a row, for messages.

    Raises:
        AmbiguousTimeError: they may be years, or days of a spreadsheet.
    """
    low, high = float(numbers.min()), float(numbers.max())  # type: ignore[arg-type]
    if not may_be_calendar(low, high):
        return None
    remedy = "set `time_format`=%Y for years, or `time_format`=seconds if they count seconds since 1970"
    if low >= _SPREADSHEET_DAYS[0] and high <= _SPREADSHEET_DAYS[1]:
        meant, remedy = "a day of a spreadsheet", remedy.replace("%Y for years", "spreadsheet for such days")
    elif high <= LAST_YEAR:
        meant = "a year"
    else:
        whole = numbers.cast(pl.Int64).cast(pl.String)
        form = _DIGITS.get(len(whole[0]))
        moments = None if form is None else whole.str.to_datetime(form, strict=False)
        if moments is None or moments.null_count() or (numbers != numbers.cast(pl.Int64)).any():
            return None
        _log.info("%s: timestamps are read as the digits of dates (%s)", locate(0), form)
        return moments
    raise AmbiguousTimeError(f"{locate(0)}: timestamp {numbers[0]} may be {meant}; {remedy}")


def from_spreadsheet(numbers: pl.Series) -> pl.Series:
    """Return the moments of days of a spreadsheet, whose fractions are times of the day.

    >>> from_spreadsheet(pl.Series([44957.5])).item().isoformat()
    '2023-01-31T12:00:00'
    """
    seconds = ((numbers.cast(pl.Float64) - _SPREADSHEET_EPOCH) * 86_400).round()
    return (seconds.cast(pl.Int64) * 10**6).cast(pl.Datetime("us"))


def from_format(values: pl.Series, time_format: str) -> pl.Series:
    """Return the moments (UTC, null where one does not fit) of texts in a format of ``strftime``.

    A format without a day or month means the first.

    Raises:
        UserError: it is no format of times.
    """
    texts, form = values.cast(pl.String).str.strip_chars(), time_format
    for part, first in (("%Y", "1970"), ("%m", "01"), ("%d", "01")):
        if not any(code in form for code in (part, *_SAME[part])):
            texts, form = texts + f" {first}", f"{form} {part}"
    try:
        if any(code in form for code in _HOURS):
            moments = texts.str.to_datetime(form, strict=False, time_unit="us")
        else:
            moments = texts.str.to_date(form, strict=False).cast(pl.Datetime("us"))
    except pl.exceptions.PolarsError as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"`time_format`={time_format} is no format of times ({reason}); change it") from error
    zone = getattr(moments.dtype, "time_zone", None)
    return moments if zone is None else moments.dt.convert_time_zone("UTC").dt.replace_time_zone(None)


def is_written_date(text: str | None) -> bool:
    """Return whether a text is a date with slashes, points or the year last.

    >>> is_written_date("31.01.2023"), is_written_date("2023-01-31")
    (True, False)
    """
    found = pl.Series([text], dtype=pl.String).str.strip_chars().str.contains(f"{_YEAR_LAST}|{_YEAR_FIRST}")
    return bool(found.fill_null(False)[0])


def from_written_dates(values: pl.Series, locate: Locate) -> pl.Series:
    """Return the moments (null where one cannot be read) of dates such as 31.01.2023, 2023/01/31, 01/31/2023 10:00 PM.

    Points mean day, month, year. With slashes and hyphens the number above 12 that some date has tells which of the two
    is the day.

    Raises:
        AmbiguousTimeError: day and month may be either; the line is named.
    """
    texts = values.str.strip_chars()
    names = ["one", "mark", "two", "year", *_CLOCK_NAMES]
    parts = texts.str.extract_groups(_YEAR_LAST).struct.rename_fields(names).struct.unnest()
    if parts["year"].null_count() == len(parts):
        first = texts.str.extract_groups(_YEAR_FIRST).struct.rename_fields(["year", "month", "day", *_CLOCK_NAMES])
        return _moments(first.struct.unnest())
    one, two = (parts[name].cast(pl.Int64, strict=False) for name in ("one", "two"))
    points = bool((parts["mark"].drop_nulls() == ".").all())
    day_first, month_first = points or bool((one > 12).any()), not points and bool((two > 12).any())
    if day_first == month_first:
        row = first_true(one > 12) if day_first else 0
        raise AmbiguousTimeError(
            f"{locate(row)}: timestamp {values[row]!r} does not say which number is the day and which the month; "
            "set `time_format`, such as %d/%m/%Y or '%m/%d/%Y %I:%M %p'"
        )
    if not points:
        _log.info("%s: dates are read as %s first", locate(0), "day" if day_first else "month")
    day, month = ("one", "two") if day_first else ("two", "one")
    return _moments(parts.rename({day: "day", month: "month"}))


def _moments(parts: pl.DataFrame) -> pl.Series:
    number = {name: pl.col(name).cast(pl.Int64, strict=False) for name in ("year", "month", "day", "hour", "minute")}
    half, hour = pl.col("half").str.to_lowercase(), number["hour"]
    of_day = pl.when(half.is_null()).then(hour).otherwise(hour % 12 + pl.when(half == "pm").then(12).otherwise(0))
    of_day = pl.when(half.is_not_null() & ~hour.is_between(1, 12)).then(None).otherwise(of_day)
    of_day = pl.when(hour.is_null()).then(0).otherwise(of_day)
    digits = [number["year"], number["month"], number["day"], of_day, number["minute"].fill_null(0)]
    digits.append(pl.col("second").cast(pl.Int64).fill_null(0))
    text = pl.format("{}-{}-{} {}:{}:{}", *digits)
    micros = pl.col("fraction").fill_null("0").str.pad_end(6, "0").str.slice(0, 6).cast(pl.Int64)
    moment = text.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="us") + pl.duration(microseconds=micros)
    return parts.select(moment=moment).to_series()
