"""The beginning of a large log is judged before the rest is read, so that a mistake is told in seconds."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import polars as pl

from seqmine.data.sources.calendar import AmbiguousTimeError
from seqmine.data.sources.columns import ALL_MISSING_WORDS
from seqmine.data.sources.timestamps import to_epoch

ROWS = 100_000
"""Rows that are judged."""


def judge_times(raw: pl.DataFrame, locate: Callable[[int], str], time_format: str | None) -> None:
    """Refuse a log whose first rows have a time that the whole of it cannot have either.

    What only more rows can tell is left to them: which number is the day, or whether many times are missing.

    Args:
        raw: columns named as in the event schema.
        locate: turns the number of a row (from 0) into words.
        time_format: how times are written, see ``to_epoch``.

    Raises:
        UserError: a time cannot be read.
    """
    if "timestamp" not in raw.columns:
        return
    rows = raw.head(ROWS).select("timestamp").with_row_index("row").filter(pl.col("timestamp").is_not_null())
    if rows["timestamp"].dtype == pl.String:
        rows = rows.filter(~pl.col("timestamp").str.strip_chars().is_in(["", *ALL_MISSING_WORDS]))
    if rows["timestamp"].dtype.is_float():
        rows = rows.filter(pl.col("timestamp").is_not_nan())
    if rows.is_empty():
        return
    numbers = rows["row"]
    with _quietly():
        try:
            to_epoch(rows["timestamp"], lambda row: locate(numbers[row]), time_format)
        except AmbiguousTimeError:
            return


@contextmanager
def _quietly() -> Iterator[None]:
    """Say nothing of how the beginning is read: the same is said of the whole."""
    log = logging.getLogger("seqmine.data.sources")
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)
