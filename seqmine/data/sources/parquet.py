"""Parquet files of events, read lazily so that a log larger than memory can be streamed."""

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import polars as pl

from seqmine.data.sources.calendar import may_be_calendar
from seqmine.data.sources.columns import (
    ALL_MISSING_WORDS,
    REQUIRED,
    choose_columns,
    fault,
    key_text,
    may_merge,
    of_sessions,
)
from seqmine.data.sources.events import finish, report_rejects, to_events
from seqmine.data.sources.judging import ROWS, judge_times
from seqmine.data.sources.timestamps import UNITS, unit_of, warn_of_strange_times
from seqmine.structs import UserError

# Some damage makes the reader of polars panic instead of raising an error of its own.
PARQUET_ERRORS = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)
"""What reading a damaged file may raise."""
_LISTS = (pl.List, pl.Array)


def scan_parquet(
    paths: Sequence[Path],
    columns: Mapping[str, str | None],
    reject_path: str | None,
    time_format: str | None = None,
    dropped: dict[str, int] | None = None,
) -> pl.LazyFrame:
    """Return the events of Parquet files of one schema, in the order of the files and rows.

    Keys and times are checked in two passes that stream; only a log whose times are text, fractions or digits of dates
    is held in memory. A row with a list of items is as many events.

    Args:
        paths: the files.
        columns: schema name to column name, see ``choose_columns``.
        reject_path: where rows that cannot be used are written, or None to drop them; they are counted either way.
        time_format: how times are written, see ``to_epoch``.
        dropped: is told the number of unusable rows by reason, or None.

    Raises:
        UserError: a file is damaged, schemas differ, a column is missing or of a type that cannot hold keys, or a time
            is wrong.
    """
    schemas = [_schema(path) for path in paths]
    chosen = choose_columns(columns, list(schemas[0]), str(paths[0]))
    for path, schema in zip(paths, schemas, strict=True):
        _require_same_kinds(paths[0], schemas[0], path, schema, chosen)
    try:
        parts = [select_events(pl.scan_parquet(path, glob=False), chosen, str(path)) for path in paths]
        raw = pl.concat(parts, how="vertical_relaxed")
        lists = any(isinstance(schemas[0][column], _LISTS) for column in chosen.values())
        locate = _count_events(paths) if lists else _locator(paths)
        return checked_events(raw, locate, reject_path, time_format, dropped)
    except PARQUET_ERRORS as error:
        raise damaged(paths, error) from error


def parquet_names(path: Path) -> list[str]:
    """Return the columns of a file.

    Raises:
        UserError: it is damaged.
    """
    return _schema(path).names()


def damaged(paths: Sequence[Path], error: BaseException) -> UserError:
    """Return the error for Parquet files whose content cannot be read."""
    names = str(paths[0]) if len(paths) == 1 else f"one of the {len(paths)} files beside {paths[0]}"
    if isinstance(error, pl.exceptions.ShapeError):
        return UserError(f"{names} has a row whose lists differ in length; give each item its time and kind")
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return UserError(f"{names} is not a complete Parquet file ({reason}); copy or write it again")


def _schema(path: Path) -> pl.Schema:
    try:
        return pl.scan_parquet(path, glob=False).collect_schema()
    except PARQUET_ERRORS as error:
        raise damaged([path], error) from error


def select_events(table: pl.LazyFrame, chosen: Mapping[str, str], place: str) -> pl.LazyFrame:
    """Return the chosen columns of a table under the names of the event schema, keys as text, lists as events.

    Args:
        table: with one event a row, or a list of items.
        chosen: schema name to column name.
        place: the table, for messages.

    Raises:
        UserError: a column cannot hold keys.
    """
    schema = table.collect_schema()
    raw = table.select(pl.col(column).alias(name) for name, column in chosen.items())
    lists = [name for name, column in chosen.items() if name != "user_id" and isinstance(schema[column], _LISTS)]
    if lists:
        raw = raw.explode(lists)
    types = raw.collect_schema()
    for name in REQUIRED:
        unsafe = may_merge(name, types[name])
        if unsafe is not None and raw.select(unsafe.any()).collect(engine="streaming").item():
            raise UserError(
                f"{place} has keys of type {types[name]} in column {chosen[name]!r} that are no whole numbers below "
                "2^53, which may merge keys; store them as text or integers"
            )
    return raw.select(_typed(name, chosen[name], types[name], place) for name in chosen)


def _typed(name: str, column: str, dtype: Any, place: str) -> pl.Expr:
    if name in (*REQUIRED, "session", "behavior"):
        if name == "behavior" and dtype == pl.Boolean:
            return pl.col(name).cast(pl.String)
        text = key_text(name, dtype, place, column)
        return text.str.strip_chars().alias(name) if dtype in (pl.String, pl.Categorical, pl.Enum) else text
    if name == "timestamp" and dtype.is_decimal() and not dtype.scale:
        return pl.col(name).cast(pl.Int64)
    return pl.col(name)


def _require_same_kinds(first: Path, one: pl.Schema, path: Path, other: pl.Schema, chosen: Mapping[str, str]) -> None:
    """Refuse a file that lacks a chosen column or has it as something else; numbers of any size are one kind."""
    kinds = [
        {name: _kind(schema[column], name) for name, column in chosen.items() if column in schema}
        for schema in (one, other)
    ]
    if kinds[0] == kinds[1]:
        return
    shown = [{f"{column}: {schema.get(column, 'none')}" for column in chosen.values()} for schema in (one, other)]
    raise UserError(
        f"{path} has other columns than {first.name} ({', '.join(sorted(shown[0] ^ shown[1]))}); "
        "give all files of `path` the same columns and types"
    )


def _kind(dtype: Any, name: str) -> str:
    """Return what may stand below each other in a column.

    >>> _kind(pl.Int32(), "user_id") == _kind(pl.Float64(), "user_id"), _kind(pl.String(), "user_id")
    (True, 'text')
    """
    if isinstance(dtype, _LISTS):
        return f"list of {_kind(dtype.inner, name)}"
    if dtype in (pl.String, pl.Categorical, pl.Enum):
        return "text"
    if dtype.is_integer() or (dtype.is_decimal() and not dtype.scale):
        return "number"
    if dtype.is_float() or dtype.is_decimal():
        return "fraction" if name == "timestamp" else "number"
    return f"{type(dtype).__name__} {getattr(dtype, 'time_zone', None)}"


def _count_events(paths: Sequence[Path]) -> Callable[[int], str]:
    return lambda row: f"{paths[0]} event {row + 1}, counted over all lists"


def _locator(paths: Sequence[Path]) -> Callable[[int], str]:
    def locate(row: int) -> str:
        stops = accumulate(pl.scan_parquet(path, glob=False).select(pl.len()).collect().item() for path in paths)
        start = 0
        for path, stop in zip(paths, stops, strict=True):
            if row < stop:
                return f"{path} row {row - start + 1}"
            start = stop
        return str(paths[-1])

    return locate


def checked_events(
    raw: pl.LazyFrame,
    locate: Callable[[int], str],
    reject_path: str | None = None,
    time_format: str | None = None,
    dropped: dict[str, int] | None = None,
) -> pl.LazyFrame:
    """Return selected events in the types of the event schema, without rows that cannot be used; see ``to_events``."""
    names = raw.collect_schema().names()
    if raw.select(pl.len()).collect().item() == 0:
        raise UserError(f"{locate(0)} has columns but no rows; set `path` to a file with events")
    times = None if time_format else _streamable_times(raw, locate)
    if times is None and "timestamp" in names:
        judge_times(raw.head(ROWS).collect(engine="streaming"), locate, time_format)
        return to_events(
            raw.collect(engine="streaming"), locate, reject_path, time_format, dropped, ALL_MISSING_WORDS
        ).lazy()
    raw = raw.with_columns(of_sessions(names, ALL_MISSING_WORDS))
    rejects = (
        raw.with_row_index("row")
        .with_columns(reason=fault(names, ALL_MISSING_WORDS))
        .filter(pl.col("reason").is_not_null())
        .collect(engine="streaming")
    )
    if len(rejects):
        report_rejects(rejects, locate, reject_path, dropped)
        raw = raw.filter(fault(names, ALL_MISSING_WORDS).is_null())
    return finish(raw if times is None else raw.with_columns(**times))


def _streamable_times(raw: pl.LazyFrame, locate: Callable[[int], str]) -> dict[str, pl.Expr] | None:
    """Return the expressions of the times, or None where they must be read one by one (or to find what is wrong)."""
    dtype = raw.collect_schema().get("timestamp")
    if dtype is None or not (dtype.is_integer() or dtype in (pl.Datetime, pl.Date)):
        return None
    time = pl.col("timestamp") if dtype.is_integer() else pl.col("timestamp").cast(pl.Datetime("us")).dt.epoch("us")
    low, high, missing = (
        raw.select(time.min().alias("low"), time.max().alias("high"), time.null_count().alias("missing"))
        .collect(engine="streaming")
        .row(0)
    )
    if missing or low is None or low < 0:
        return None
    units = unit_of(pl.Series([low, high], dtype=pl.Int128))
    scale = list(UNITS.values())[units[0]] if dtype.is_integer() else 10**6
    if dtype.is_integer() and (units[0] != units[1] or high >= 2**63 or may_be_calendar(low, high)):
        return None
    warn_of_strange_times(low // scale, high // scale, locate)
    return _split(raw, time, scale)


def _split(raw: pl.LazyFrame, time: pl.Expr, scale: int) -> dict[str, pl.Expr]:
    seconds = {"timestamp": time // scale}
    if scale == 1 or not raw.select((time % scale).max()).collect(engine="streaming").item():
        return seconds
    return {**seconds, "microsecond": (time % scale) * 10**6 // scale}
