"""What a cleaning step is, and the order of time that steps look at."""

from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from seqmine.structs import UserError

IN_TRAINING = "in_training"
"""Column that marks the events which counting steps may look at; there only while such a step runs."""


class Step(Protocol):
    """Turns a table of events into a table of events, in the same order.

    ``counts`` is True where the step decides by numbers over many events of a user or an item. Such a step sees the
    column ``in_training`` and counts only events marked in it; what it decides holds for all events.
    """

    counts: bool

    def __call__(self, events: pl.LazyFrame) -> pl.LazyFrame:
        """Return the cleaned events."""
        ...


def require_columns(events: pl.LazyFrame, step: object, *columns: str) -> None:
    """Check that a log has what a step looks at.

    Raises:
        UserError: a column is not there.
    """
    present = events.collect_schema().names()
    for column in columns:
        if column not in present:
            raise UserError(
                f"cleaning step {type(step).__name__} needs a {column} and the log has none; "
                f"set data.columns.{column} or take the step out of data.cleaning.steps"
            )


def training_events(events: pl.LazyFrame) -> pl.LazyFrame:
    """Return the events that a counting step may look at: those marked, or all where nothing is marked."""
    return events.filter(IN_TRAINING) if IN_TRAINING in events.collect_schema().names() else events


def key_numbers(keys: pl.Series) -> NDArray[np.int32]:
    """Return keys, text or numbers, as numbers from 0.

    >>> sorted(key_numbers(pl.Series(["b", "a", "b"])).tolist())[-1]
    1
    """
    # Text is numbered by a hash table, which is several times faster than by rank.
    numbers = keys.cast(pl.Enum(keys.unique())).to_physical() if keys.dtype == pl.String else keys.rank("dense") - 1
    return numbers.cast(pl.Int32).to_numpy()


def in_user_order(events: pl.LazyFrame) -> pl.LazyFrame:
    """Return events by user and time with the number of their row, so that neighbors follow each other.

    Equal times keep the order of the log. Undone by ``in_log_order``.
    """
    present = events.collect_schema().names()
    keys = [name for name in ("user_id", "timestamp", "microsecond") if name in present]
    return events.with_row_index("row").sort(keys, maintain_order=True)


def in_log_order(events: pl.LazyFrame) -> pl.LazyFrame:
    """Return events of ``in_user_order`` in the order of the log."""
    return events.sort("row").drop("row")
