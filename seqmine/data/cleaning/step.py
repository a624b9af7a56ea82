"""What a cleaning step is, and the order of time that steps look at."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from seqmine.data.clock import Clock
from seqmine.data.engines.parts import Function
from seqmine.structs import UserError

IN_TRAINING = "in_training"
"""Column that marks the events which counting steps may look at; there only while such a step runs."""


class Step(Protocol):
    """Turns a table of events into a table of events, in the same order.

    The table holds the whole histories of some users, and what becomes of a user depends on that history alone, so that
    any number of users can be cleaned at a time. ``counts`` is True where the step decides by numbers over many events.
    Such a step sees the column ``in_training`` and counts only events marked in it; what it decides holds for all
    events.
    """

    counts: bool

    def __call__(self, events: pl.LazyFrame) -> pl.LazyFrame:
        """Return the cleaned events."""
        ...


@runtime_checkable
class StepOverUsers(Protocol):
    """A step that must look at all users before it can clean any; it counts only training events."""

    counts: bool

    def decide(self, gather: Callable[[Function], pl.DataFrame]) -> Function:
        """Return what to do with each part.

        Args:
            gather: applies a function to all parts and returns the results one below the other; events have the column
                ``in_training``.
        """
        ...


@runtime_checkable
class ReadsClock(Protocol):
    """A step whose settings mean something only on some clocks."""

    def on(self, clock: Clock | None) -> Step | None:
        """Return the step that does the same on the clock of a log (None: it has no times), or None where none can."""
        ...


@runtime_checkable
class SetsAside(Protocol):
    """A step that can keep the events which it takes out."""

    reject_path: str | None

    def rejects(self, events: pl.DataFrame) -> pl.DataFrame:
        """Return the events that the step takes out, with a column ``reason``."""
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
                f"cleaning step {type(step).__name__} needs a {column} and the log has none; name its column or "
                "take the step out"
            )


def training_events(events: pl.LazyFrame) -> pl.LazyFrame:
    """Return the events that a counting step may look at: those marked, or all where nothing is marked."""
    return events.filter(IN_TRAINING) if IN_TRAINING in events.collect_schema().names() else events


def key_numbers(keys: pl.Series) -> NDArray[np.int64]:
    """Return numbers of users as numbers from 0 without large gaps.

    >>> key_numbers(pl.Series([7, 9, 7])).tolist()
    [0, 2, 0]
    >>> key_numbers(pl.Series([10**12, 5])).tolist()
    [1, 0]
    """
    if keys.is_empty():
        return np.empty(0, np.int64)
    numbers = keys.to_numpy()
    low = numbers.min()
    if int(numbers.max()) - int(low) <= 4 * len(numbers):
        return (numbers - low).astype(np.int64)
    return np.unique(numbers, return_inverse=True)[1]


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
