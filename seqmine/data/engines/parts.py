"""A log divided by user: what cleaning and the building of sequences are written against.

Everything that looks at the events of a user at a time is written once, as a function from table to table; an engine
only decides where the parts are and who runs the function. What looks at all users, as a k-core does, gathers small
tables from the parts.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from seqmine.structs import Source, UserError

Function = Callable[[pl.DataFrame], pl.DataFrame]
"""What is done to each part. It must be a function of the table alone, since it may run anywhere."""
ORDER = ("user_id", "timestamp", "microsecond")
"""Columns that the events of a part are sorted by, where they are there; equal ones keep the order of the log."""
SESSIONS = 2**32
"""A user whose history was cut into sessions has the number ``user * SESSIONS + session``."""


class Parts(Protocol):
    """Events in parts: each holds the whole histories of some users, and users stand in the order of their numbers.

    ``user_id`` and ``item_id`` are numbers from 0 in the order of the keys' text, and so is the Enum ``behavior``: the
    order of the rows of a log says nothing. Within a part events are sorted by ``ORDER``.
    """

    def map(self, function: Function) -> "Parts":
        """Return the parts with a function applied to each; the parts before are used up."""
        ...

    def gather(self, function: Function) -> pl.DataFrame:
        """Return what a function makes of each part, small tables, one below the other."""
        ...

    def tables(self) -> Iterator[pl.DataFrame]:
        """Yield one part after the other."""
        ...


@dataclass(frozen=True)
class NumberedLog:
    """A log whose keys are numbers.

    Args:
        parts: the events.
        user_ids: raw key of each user of the log as it came, in the order of their text.
        item_ids: raw key of each item, likewise.
    """

    parts: Parts
    user_ids: pl.Series
    item_ids: pl.Series

    def with_parts(self, parts: Parts) -> "NumberedLog":
        """Return the log with other events."""
        return replace(self, parts=parts)

    def user_keys(self, numbers: pl.Series) -> pl.Series:
        """Return raw keys of users; those of sessions are ``<user>:<number of the session>``."""
        if numbers.dtype != pl.UInt64:
            return self.user_ids.gather(numbers)
        frame = pl.DataFrame({"user": self.user_ids.gather(numbers // SESSIONS), "session": numbers % SESSIONS})
        return frame.select(pl.format("{}:{}", "user", "session")).to_series()

    def raw(self, events: pl.DataFrame) -> pl.DataFrame:
        """Return events with raw keys."""
        return events.with_columns(
            self.user_keys(events["user_id"]).alias("user_id"),
            self.item_ids.gather(events["item_id"]).alias("item_id"),
        )


class Engine(Protocol):
    """Numbers the keys of a log, sorts its events by user and time, and divides it into parts."""

    def number(self, source: Source, folder: Path) -> AbstractContextManager[NumberedLog]:
        """Read a source; the log is there while the context is open.

        Args:
            source: the raw log.
            folder: may hold parts for that long.
        """
        ...


@runtime_checkable
class LazySource(Protocol):
    """A source that need not be in memory."""

    def scan(self) -> pl.LazyFrame:
        """Return the events that ``read`` returns."""
        ...

    def explain(self, error: BaseException) -> UserError:
        """Return the sentence for an error that came up while the events were read."""
        ...


def scan_source(source: Source) -> pl.LazyFrame:
    """Return the events of a source, without holding them in memory where it can."""
    return source.scan() if isinstance(source, LazySource) else source.read().lazy()


def part_borders(num_events: NDArray[np.int64], part_events: int) -> NDArray[np.int64]:
    """Return the first user of each part but the first.

    Args:
        num_events: (U,) events of each user.
        part_events: events a part, about; a user is never divided.

    >>> part_borders(np.array([2, 2, 2, 2]), 4).tolist()
    [2]
    """
    stops = np.cumsum(num_events)
    total = int(stops[-1]) if len(stops) else 0
    num_parts = max(1, -(-total // part_events))
    borders = np.unique(np.searchsorted(stops, np.arange(1, num_parts) * total / num_parts, side="right"))
    return borders[borders > 0]


def sort_events(events: pl.DataFrame) -> pl.DataFrame:
    """Return events by user and time; equal times keep their order."""
    for name in reversed(ORDER):  # one column after the other: several times faster than all at once
        if name in events.columns and not events[name].is_sorted():
            events = events.sort(name, maintain_order=True)
    return events
