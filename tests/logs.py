"""Logs of a few rows for the tests of cleaning and sequences."""

import polars as pl

from seqmine.data.engines.parts import NumberedLog

TYPES = {"user_id": pl.String, "item_id": pl.String, "timestamp": pl.Int64, "behavior": pl.String}


def raw(log: NumberedLog) -> pl.DataFrame:
    """Return the events of a log with raw keys, by user and time."""
    return log.raw(pl.concat(log.parts.tables()))


def with_numbers(events: pl.LazyFrame, keys: str) -> pl.LazyFrame:
    """Return events whose keys, letters out of ``keys``, are their places in it."""
    return events.with_columns(pl.col("user_id", "item_id").cast(pl.Enum(list(keys))).to_physical().cast(pl.UInt32))
