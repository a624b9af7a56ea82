"""From raw columns of text to the event schema that every source returns."""

import logging
from collections.abc import Callable, Sequence

import polars as pl

from seqmine.data.sources.columns import ALL_MISSING_WORDS, MISSING_WORDS, fault, first_true, of_sessions
from seqmine.data.sources.rejects import write_rejects
from seqmine.data.sources.timestamps import to_epoch, warn_of_strange_times
from seqmine.structs import UserError

_log = logging.getLogger(__name__)

SCHEMA = {
    "user_id": pl.String,
    "item_id": pl.String,
    "session": pl.String,
    "timestamp": pl.Int64,
    "microsecond": pl.Int32,
    "behavior": pl.String,
    "rating": pl.Float32,
}
"""Columns of events, in order; all but the keys are optional."""

FEW_MISSING = 0.01
"""A larger share of events without time is refused: the column may be a wrong one."""


def to_events(
    raw: pl.DataFrame,
    locate: Callable[[int], str],
    reject_path: str | None = None,
    time_format: str | None = None,
    dropped: dict[str, int] | None = None,
    words: Sequence[str] = MISSING_WORDS,
) -> pl.DataFrame:
    """Return events in the order of the rows, without the rows that cannot be used.

    Args:
        raw: columns named as in ``SCHEMA``, keys and behavior as text, time and rating in any form.
        locate: turns the number of a row (from 0) into words such as ``log.csv line 7``, for messages.
        reject_path: where unusable rows are written, or None to drop them; they are counted in the log either way.
        time_format: how times are written, see ``to_epoch``.
        dropped: is told the number of unusable rows by reason, or None.
        words: what stands for a missing key.

    Raises:
        UserError: a time or rating cannot be read, or no usable row is left.
    """
    raw = raw.with_columns(of_sessions(raw.columns, words))
    rows = pl.Series("row", range(0), dtype=pl.UInt32)
    reasons = _with_missing_times(raw, raw.select(reason=fault(raw.columns, words))["reason"], locate)
    if reasons.null_count() < len(raw):
        raw = raw.with_row_index("row").with_columns(reasons)
        report_rejects(raw.filter(pl.col("reason").is_not_null()), locate, reject_path, dropped)
        raw = raw.filter(pl.col("reason").is_null())
        rows = raw["row"]

    def locate_kept(row: int) -> str:
        return locate(rows[row] if len(rows) else row)

    if raw.is_empty():
        raise UserError(f"{locate(0)}: no row with a user and an item; set `path` to a file with events")
    if "timestamp" in raw.columns:
        times = to_epoch(raw["timestamp"], locate_kept, time_format)
        warn_of_strange_times(times["timestamp"].min(), times["timestamp"].max(), locate_kept)  # type: ignore[arg-type]
        raw = raw.with_columns(times if times["microsecond"].max() else times.drop("microsecond"))
    if "rating" in raw.columns:
        raw = raw.with_columns(_ratings(raw["rating"], locate_kept))
    return finish(raw.lazy()).collect()


def _with_missing_times(raw: pl.DataFrame, reasons: pl.Series, locate: Callable[[int], str]) -> pl.Series:
    """Return why rows cannot be used, a missing time among it.

    Raises:
        UserError: more times are missing than a few.
    """
    if "timestamp" not in raw.columns:
        return reasons
    times = raw["timestamp"]
    missing = times.is_null()
    if times.dtype == pl.String:
        missing |= times.str.strip_chars().is_in(["", *ALL_MISSING_WORDS])
    if times.dtype.is_float():
        missing |= times.is_nan()
    count = missing.sum()
    if count > FEW_MISSING * len(times):
        raise UserError(
            f"{locate(first_true(missing))}: {count:,} of {len(times):,} rows have no timestamp, and at most "
            f"{FEW_MISSING:.0%} are put aside; mend or remove them, or set `timestamp` to another column"
        )
    return reasons.to_frame().select(
        reason=pl.when(missing & reasons.is_null()).then(pl.lit("timestamp is missing")).otherwise(pl.col("reason"))
    )["reason"]


def report_rejects(
    rejects: pl.DataFrame, locate: Callable[[int], str], reject_path: str | None, dropped: dict[str, int] | None = None
) -> None:
    """Log how many rows were put aside and why, and write them with their place where a path is given.

    Args:
        rejects: rows with the columns ``row`` and ``reason``.
        locate: turns the number of a row into words.
        reject_path: the file to write, or None.
        dropped: is told the number of rows by reason, or None.
    """
    reasons = dict(rejects["reason"].value_counts(sort=True).rows())
    if dropped is not None:
        dropped.update(reasons)
    counts = ", ".join(f"{reason}: {count}" for reason, count in reasons.items())
    where = "dropped"
    if reject_path is not None:
        places = pl.Series("place", [locate(row) for row in rejects["row"]], dtype=pl.String)
        where = f"written to {write_rejects(rejects.drop('row').insert_column(0, places), reject_path)}"
    _log.warning("%d rows are %s (%s)", len(rejects), where, counts)


def finish(events: pl.LazyFrame) -> pl.LazyFrame:
    """Return the columns of ``SCHEMA`` that are there, in its order and types."""
    present = events.collect_schema().names()
    return events.select(pl.col(name).cast(dtype) for name, dtype in SCHEMA.items() if name in present)


def _ratings(values: pl.Series, locate: Callable[[int], str]) -> pl.Series:
    if values.dtype != pl.String:
        return values.cast(pl.Float32)
    texts = values.str.strip_chars()
    numbers = texts.cast(pl.Float32, strict=False)
    wrong = numbers.is_null() & ~texts.is_in(["", *ALL_MISSING_WORDS])
    if wrong.any():
        row = first_true(wrong)
        raise UserError(f"{locate(row)}: rating {values[row]!r} is not a number; mend it or set `rating`")
    return numbers
