"""Parquet files of events, read lazily so that a log larger than memory can be streamed."""

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import polars as pl

from seqmine.data.sources.columns import REQUIRED, choose_columns, fault, key_text
from seqmine.data.sources.events import finish, report_rejects, to_events
from seqmine.data.sources.timestamps import UNITS, unit_of
from seqmine.structs import UserError

# Some damage makes the reader of polars panic instead of raising an error of its own.
PARQUET_ERRORS = (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)
"""What reading a damaged file may raise."""


def scan_parquet(paths: Sequence[Path], columns: Mapping[str, str | None], reject_path: str | None) -> pl.LazyFrame:
    """Return the events of Parquet files of one schema, in the order of the files and rows.

    Keys and times are checked in two passes that stream; only a log whose times are text or fractions is held in
    memory.

    Args:
        paths: the files.
        columns: schema name to column name, see ``choose_columns``.
        reject_path: where rows that cannot be used are written, or None to drop them; they are counted either way.

    Raises:
        UserError: a file is damaged, schemas differ, a column is missing or of a type that cannot hold keys, or a time
            is wrong.
    """
    schema = _common_schema(paths)
    chosen = choose_columns(columns, list(schema), str(paths[0]))
    raw = pl.scan_parquet(list(paths), glob=False).select(
        _typed(name, column, schema[column], str(paths[0])).alias(name) for name, column in chosen.items()
    )
    try:
        return _checked(raw, _locator(paths), reject_path)
    except PARQUET_ERRORS as error:
        raise damaged(paths, error) from error


def damaged(paths: Sequence[Path], error: BaseException) -> UserError:
    """Return the error for Parquet files whose content cannot be read."""
    names = str(paths[0]) if len(paths) == 1 else f"one of the {len(paths)} files beside {paths[0]}"
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return UserError(f"{names} is not a complete Parquet file ({reason}); copy or write it again")


def _typed(name: str, column: str, dtype: Any, place: str) -> pl.Expr:
    if name in REQUIRED:
        return key_text(column, dtype, place)
    return pl.col(column).cast(pl.String) if name == "behavior" else pl.col(column)


def _common_schema(paths: Sequence[Path]) -> pl.Schema:
    schemas = []
    for path in paths:
        try:
            schemas.append(pl.scan_parquet(path, glob=False).collect_schema())
        except PARQUET_ERRORS as error:
            raise damaged([path], error) from error
        first, other = ({f"{name}: {dtype}" for name, dtype in schema.items()} for schema in (schemas[0], schemas[-1]))
        if first != other:
            raise UserError(
                f"{path} has other columns than {paths[0].name} ({', '.join(sorted(first ^ other))}); "
                "give all files of data.path the same columns and types"
            )
    return schemas[0]


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


def _checked(raw: pl.LazyFrame, locate: Callable[[int], str], reject_path: str | None) -> pl.LazyFrame:
    names = raw.collect_schema().names()
    if raw.select(pl.len()).collect().item() == 0:
        raise UserError(f"{locate(0)} has columns but no rows; set data.path to a file with events")
    times = _streamable_times(raw)
    if times is None and "timestamp" in names:
        return to_events(raw.collect(engine="streaming"), locate, reject_path).lazy()
    rejects = (
        raw.with_row_index("row")
        .with_columns(reason=fault(names))
        .filter(pl.col("reason").is_not_null())
        .collect(engine="streaming")
    )
    if len(rejects):
        report_rejects(rejects, locate, reject_path)
        raw = raw.filter(fault(names).is_null())
    return finish(raw if times is None else raw.with_columns(**times))


def _streamable_times(raw: pl.LazyFrame) -> dict[str, pl.Expr] | None:
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
    if not dtype.is_integer():
        return _split(raw, time, 10**6)
    units = unit_of(pl.Series([low, high], dtype=pl.Int128))
    return _split(raw, time, list(UNITS.values())[units[0]]) if units[0] == units[1] and high < 2**63 else None


def _split(raw: pl.LazyFrame, time: pl.Expr, scale: int) -> dict[str, pl.Expr]:
    seconds = {"timestamp": time // scale}
    if scale == 1 or not raw.select((time % scale).max()).collect(engine="streaming").item():
        return seconds
    return {**seconds, "microsecond": (time % scale) * 10**6 // scale}
