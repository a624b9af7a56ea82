"""Times of events in the units and spellings that logs use, as seconds since 1970."""

import functools
import operator
from collections.abc import Callable

import polars as pl

from seqmine.data.sources.columns import first_true
from seqmine.structs import UserError

# Below 1e11 a number counts seconds (until the year 5138); each finer unit begins three powers of ten higher, so that
# milliseconds are recognized from 1973 on.
UNITS = {"seconds": 1, "milliseconds": 10**3, "microseconds": 10**6, "nanoseconds": 10**9}
_UNIT_BOUNDS = (10**11, 10**14, 10**17)
# Beyond what 64 bits hold; NaN and infinity are not below it either.
_TOO_LARGE = 9.2e18
_ISO = r"^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2})?(?:[.,](\d{1,9}))?)? ?(Z|UTC|[+-]\d{2}:?\d{2})?$"

Locate = Callable[[int], str]
"""Turns the number of a row (from 0) into words such as ``log.csv line 7``."""


def to_epoch(values: pl.Series, locate: Locate) -> pl.DataFrame:
    """Return ``timestamp`` (seconds since 1970) and ``microsecond`` (the rest) of numbers, texts or dates.

    Numbers are seconds, milliseconds, microseconds or nanoseconds, told by their range. Texts are such numbers, or ISO
    8601 with or without time zone; without one, UTC is meant.

    Raises:
        UserError: a value is missing, cannot be read, is negative, or differs from the others in unit or in having a
            time zone; the line is named.

    >>> to_epoch(pl.Series(["1970-01-01T01:00:05.25+01:00"]), str).row(0)
    (5, 250000)
    """
    if values.dtype.is_temporal():
        return _from_temporal(values, locate)
    if values.dtype == pl.String:
        numbers = parse_numbers(values)
        if numbers is None:
            return _from_iso(values, locate)
        return _from_numbers(numbers, values, locate)
    return _from_numbers(values, values, locate)


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


def _from_numbers(numbers: pl.Series, shown: pl.Series, locate: Locate) -> pl.DataFrame:
    if not numbers.dtype.is_numeric():
        raise UserError(f"timestamps of type {numbers.dtype} are unknown; give numbers, ISO 8601 texts or dates")
    known = numbers.is_not_null() & (numbers.cast(pl.Float64).abs() < _TOO_LARGE)
    _require(known.fill_null(False), shown, locate, "is not a time", "give seconds since 1970 or ISO 8601")
    _require(numbers >= 0, shown, locate, "is before 1970", "mend or remove the row")
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
    groups = values.str.strip_chars().str.extract_groups(_ISO)
    parts = groups.struct.rename_fields(["day", "time", "second", "fraction", "zone"]).struct.unnest()
    moment = pl.concat_str("day", pl.lit(" "), pl.col("time").fill_null("00:00"), pl.col("second").fill_null(":00"))
    zone = pl.col("zone").replace(["Z", "UTC"], "+0000").str.replace(":", "", literal=True)
    minutes = zone.str.slice(1, 2).cast(pl.Int64) * 60 + zone.str.slice(3, 2).cast(pl.Int64)
    offset = pl.when(zone.str.starts_with("-")).then(-minutes).otherwise(minutes).fill_null(0) * 60
    frame = parts.select(
        timestamp=moment.str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False).dt.epoch("s") - offset,
        microsecond=pl.col("fraction").fill_null("0").str.pad_end(6, "0").str.slice(0, 6).cast(pl.Int32),
        aware=pl.col("zone").is_not_null(),
    )
    seconds = frame["timestamp"]
    _require(seconds.is_not_null(), values, locate, "is not a time", "give seconds since 1970 or ISO 8601")
    _require(seconds >= 0, values, locate, "is before 1970", "mend or remove the row")
    if len(frame) and frame["aware"].min() != frame["aware"].max():
        row = first_true(frame["aware"] != frame["aware"][0])
        has, others = ("a", "no") if frame["aware"][row] else ("no", "a")
        raise UserError(
            f"{locate(row)}: timestamp {values[row]!r} has {has} time zone while those before have {others} time zone; "
            "give all of them with a time zone, or none"
        )
    return frame.select("timestamp", "microsecond")


def _from_temporal(values: pl.Series, locate: Locate) -> pl.DataFrame:
    if values.dtype not in (pl.Datetime, pl.Date):
        raise UserError(f"timestamps of type {values.dtype} are unknown; give numbers, ISO 8601 texts or dates")
    _require(values.is_not_null(), values, locate, "is not a time", "mend or remove the row")
    micros = values.cast(pl.Datetime("us")).dt.epoch("us")
    _require(micros >= 0, values, locate, "is before 1970", "mend or remove the row")
    return _split_seconds(micros, 10**6)


def _require(good: pl.Series, shown: pl.Series, locate: Locate, fault: str, remedy: str) -> None:
    if not good.all():
        row = first_true(~good)
        raise UserError(f"{locate(row)}: timestamp {shown[row]!r} {fault}; {remedy}")
