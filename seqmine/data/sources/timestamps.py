"""Times of events in the units and spellings that logs use, as seconds since 1970."""

import functools
import logging
import operator
import time

import polars as pl

from seqmine.data.sources.calendar import (
    Locate,
    from_digits,
    from_format,
    from_spreadsheet,
    from_written_dates,
    is_written_date,
)
from seqmine.data.sources.columns import first_true
from seqmine.structs import UserError
from seqmine.structs.places import told

_log = logging.getLogger(__name__)

# Below 1e11 a number counts seconds (until the year 5138); each finer unit begins three powers of ten higher, so that
# milliseconds are recognized from 1973 on.
UNITS = {"seconds": 1, "milliseconds": 10**3, "microseconds": 10**6, "nanoseconds": 10**9}
NUMBERS = (*UNITS, "spreadsheet")
"""What numbers may count."""
_UNIT_BOUNDS = (10**11, 10**14, 10**17)
# Beyond what 64 bits hold; NaN and infinity are not below it either.
_TOO_LARGE = 9.2e18
_ISO = (
    r"^(\d{4}-\d{1,2}-\d{1,2})(?:[T ](\d{1,2}:\d{2})(:\d{2})?(?:[.,](\d{1,9}))?)?"
    r" ?(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?(?: ?\[?([A-Z][A-Za-z_]+/[A-Za-z_/+-]+)\]?)?$"
)
_BASIC = r"^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})"  # without hyphens and colons
EARLIEST = 631_152_000
"""1 January 1990: no log that is mined today is older."""
_DAY = 86_400
REMEDY = "give seconds since 1970 or ISO 8601, or set `time_format`"


def to_epoch(values: pl.Series, locate: Locate, time_format: str | None = None) -> pl.DataFrame:
    """Return ``timestamp`` (seconds since 1970) and ``microsecond`` (the rest) of numbers, texts or dates.

    Numbers are seconds, milliseconds, microseconds or nanoseconds, told by their range, or the digits of dates (8, 12
    or 14). Texts are such numbers, ISO 8601 with or without time zone (an offset, or a name such as Europe/Berlin), or
    dates as ``from_written_dates`` reads them; without a zone, UTC is meant.

    Args:
        values: the times.
        locate: names the row of a wrong one.
        time_format: one of ``UNITS``, ``spreadsheet`` for days since 1900, a format of ``strftime``, or None.

    Raises:
        UserError: a value is missing, cannot be read, is negative, may mean two things, or differs from the others in
            unit or in having a time zone; the line is named.

    >>> to_epoch(pl.Series(["1970-01-01T01:00:05.25+01:00"]), str).row(0)
    (5, 250000)
    """
    if values.dtype.is_temporal():
        return _from_temporal(values, locate)
    if values.dtype.is_decimal():
        values = values.cast(pl.Int64 if values.dtype.scale == 0 else pl.Float64)  # type: ignore[attr-defined]
    if time_format is not None and time_format not in NUMBERS:
        return _from_moments(from_format(values, time_format), values, locate, f"as `time_format`={time_format}")
    if values.dtype == pl.String:
        numbers = parse_numbers(values)
        if numbers is None:
            written = is_written_date(values.first())  # type: ignore[arg-type]
            return (
                _from_moments(from_written_dates(values, locate), values, locate)
                if written
                else _from_iso(values, locate)
            )
        return _from_numbers(numbers, values, locate, time_format)
    return _from_numbers(values, values, locate, time_format)


def check_time_format(time_format: str | None) -> None:
    """Refuse what is no way of writing times.

    Raises:
        UserError: it has no code of ``strftime`` and is no unit, or it reads names of time zones.
    """
    if time_format is not None and "%" not in time_format and time_format not in NUMBERS:
        raise UserError(
            f"`time_format`={time_format} is unknown; set `time_format` to one of {', '.join(NUMBERS)}, or to a "
            "format such as %d.%m.%Y"
        )
    if time_format is not None and "%Z" in time_format:
        raise UserError(
            f"`time_format`={time_format} reads names of time zones with %Z, and such a name (EST, IST) may mean "
            "several; give offsets and set `time_format` to a format with %z"
        )


def warn_of_strange_times(low: int | None, high: int | None, locate: Locate) -> None:
    """Say that all times of a log lie before 1990 or after tomorrow, as those of a misread column do.

    Args:
        low: earliest second since 1970.
        high: latest.
        locate: names the first row, which may take as long as reading it.
    """
    if low is None or high is None or (high >= EARLIEST and low <= time.time() + _DAY):
        return
    when = "before 1990" if high < EARLIEST else "after tomorrow"
    first = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(low)) if low < 253_402_300_800 else f"second {low}"
    remedy = told("set `time_format` if they mean others")
    _log.warning("%s: all times lie %s (from %s); %s", locate(0), when, first, remedy)


def unit_of(values: pl.Series) -> pl.Series:
    """Return the position in ``UNITS`` of each number, told by its range.

    >>> unit_of(pl.Series([1_430_623_510, 1_430_623_510_123])).to_list()
    [0, 1]
    """
    size = values.abs()
    return functools.reduce(operator.add, [(size >= bound).cast(pl.Int8) for bound in _UNIT_BOUNDS])


def parse_numbers(values: pl.Series) -> pl.Series | None:
    """Return texts as numbers, null where one is not; None when the first text is not a number.

    >>> parse_numbers(pl.Series(["7", "x"])).to_list()
    [7, None]
    """
    head = values.head(1).str.strip_chars().cast(pl.Float64, strict=False)
    if head.null_count() or len(head) == 0:
        return None
    integers = values.str.strip_chars().cast(pl.Int64, strict=False)
    return integers if integers.null_count() == 0 else _mixed_numbers(values, integers)


def _mixed_numbers(values: pl.Series, integers: pl.Series) -> pl.Series:
    floats = values.str.strip_chars().cast(pl.Float64, strict=False)
    return integers if floats.null_count() == integers.null_count() else floats


def _from_numbers(numbers: pl.Series, shown: pl.Series, locate: Locate, counted: str | None) -> pl.DataFrame:
    if not numbers.dtype.is_numeric():
        raise UserError(f"timestamps of type {numbers.dtype} are unknown; give numbers, ISO 8601 texts or dates")
    known = numbers.is_not_null() & (numbers.cast(pl.Float64).abs() < _TOO_LARGE)
    _require(known.fill_null(False), shown, locate, "is not a time", REMEDY)
    if counted == "spreadsheet":
        return _from_moments(from_spreadsheet(numbers), shown, locate)
    _require(numbers >= 0, shown, locate, "is before 1970", "mend or remove the row")
    if counted is not None:
        return _split_seconds(numbers, UNITS[counted])
    if len(numbers) and (moments := from_digits(numbers, locate)) is not None:
        return _from_moments(moments, shown, locate)
    units = unit_of(numbers)
    if len(numbers) and units.min() != units.max():
        _raise_mixed_units(units, shown, locate)
    scale = list(UNITS.values())[units[0]] if len(numbers) else 1
    return _split_seconds(numbers, scale)


def _split_seconds(numbers: pl.Series, scale: int) -> pl.DataFrame:
    if numbers.dtype.is_float():
        numbers, scale = (numbers * (10**6 / scale)).round().cast(pl.Int64), 10**6
    numbers = numbers.cast(pl.Int64)
    fraction = (numbers % scale) * 10**6 // scale
    return pl.DataFrame({"timestamp": numbers // scale, "microsecond": fraction.cast(pl.Int32)})


def _raise_mixed_units(units: pl.Series, shown: pl.Series, locate: Locate) -> None:
    names = list(UNITS)
    usual = units.value_counts(sort=True)[units.name][0]
    row = first_true(units != usual)
    raise UserError(
        f"{locate(row)}: timestamp {shown[row]} counts {names[units[row]]} while most count {names[usual]}; "
        "give all timestamps in one unit"
    )


def _from_iso(values: pl.Series, locate: Locate) -> pl.DataFrame:
    texts = values.str.strip_chars()
    if texts.head(1).str.contains(_BASIC).any():
        texts = texts.str.replace(_BASIC + r"(\d{2})", "${1}-${2}-${3}T${4}:${5}:${6}")
        texts = texts.str.replace(_BASIC, "${1}-${2}-${3}T${4}:${5}")
    groups = texts.str.extract_groups(_ISO)
    parts = groups.struct.rename_fields(["day", "time", "second", "fraction", "zone", "name"]).struct.unnest()
    moment = pl.concat_str("day", pl.lit(" "), pl.col("time").fill_null("00:00"), pl.col("second").fill_null(":00"))
    zone = pl.col("zone").replace(["Z", "UTC", "GMT"], "+0000").str.replace(":", "", literal=True)
    minutes = zone.str.slice(1, 2).cast(pl.Int64) * 60 + zone.str.slice(3, 2).replace("", "0").cast(pl.Int64)
    offset = pl.when(zone.str.starts_with("-")).then(-minutes).otherwise(minutes).fill_null(0) * 60
    frame = parts.select(
        timestamp=moment.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False).dt.epoch("s") - offset,
        microsecond=pl.col("fraction").fill_null("0").str.pad_end(6, "0").str.slice(0, 6).cast(pl.Int32),
        aware=pl.any_horizontal(pl.col("zone", "name").is_not_null()),
        name=pl.when(pl.col("zone").is_null()).then("name"),
    )
    frame = frame.with_columns(timestamp=_from_zones(frame["timestamp"], frame["name"], values, locate))
    seconds = frame["timestamp"]
    # two digits are a zone behind a time of the day alone, as Postgres writes it
    bare = parts["time"].is_null() & (parts["zone"].str.len_chars() == 3)
    _require(seconds.is_not_null() & ~bare.fill_null(False), values, locate, "is not a time", REMEDY)
    _require(seconds >= 0, values, locate, "is before 1970", "mend or remove the row")
    if len(frame) and frame["aware"].min() != frame["aware"].max():
        row = first_true(frame["aware"] != frame["aware"][0])
        has, others = ("a", "no") if frame["aware"][row] else ("no", "a")
        raise UserError(
            f"{locate(row)}: timestamp {values[row]!r} has {has} time zone while those before have {others} time zone; "
            "give all of them with a time zone, or none"
        )
    return frame.select("timestamp", "microsecond")


def _from_zones(seconds: pl.Series, names: pl.Series, shown: pl.Series, locate: Locate) -> pl.Series:
    """Return the seconds since 1970 of times that clocks of named zones show; an hour that came twice is the first."""
    for name in names.drop_nulls().unique(maintain_order=True):
        clock = pl.from_epoch(seconds, "s")
        try:
            there = clock.dt.replace_time_zone(name, ambiguous="earliest", non_existent="null").dt.epoch("s")
        except pl.exceptions.PolarsError as error:
            row = first_true(names == name)
            raise UserError(
                f"{locate(row)}: timestamp {shown[row]!r} names the time zone {name}, which is unknown; {REMEDY}"
            ) from error
        seconds = pl.select(pl.when((names == name).fill_null(False)).then(there).otherwise(seconds)).to_series()
    return seconds


def _from_temporal(values: pl.Series, locate: Locate) -> pl.DataFrame:
    if values.dtype not in (pl.Datetime, pl.Date):
        raise UserError(f"timestamps of type {values.dtype} are unknown; give numbers, ISO 8601 texts or dates")
    return _from_moments(values, values, locate)


def _from_moments(moments: pl.Series, shown: pl.Series, locate: Locate, how: str = "") -> pl.DataFrame:
    _require(moments.is_not_null(), shown, locate, f"is not a time {how}".strip(), REMEDY)
    micros = moments.cast(pl.Datetime("us")).dt.epoch("us")
    _require(micros >= 0, shown, locate, "is before 1970", "mend or remove the row")
    return _split_seconds(micros, 10**6)


def _require(good: pl.Series, shown: pl.Series, locate: Locate, fault: str, remedy: str) -> None:
    if not good.all():
        row = first_true(~good)
        raise UserError(f"{locate(row)}: timestamp {shown[row]!r} {fault}; {remedy}")
