"""What is asked for when one event is too little: all that comes within the next events, or within some time."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from seqmine.data.rows import TrainingRows
from seqmine.structs import InteractionLog, UserError
from seqmine.structs.constraints import SECONDS
from seqmine.structs.log import segment_positions

_UNITS = {86_400: "day", 3600: "hour", 60: "minute"}


@dataclass(frozen=True)
class Horizon:
    """A stretch of events that are predicted together, counted from the first of them.

    Either a number of events, or all within some time: ``7d`` is that first event and what comes in less than seven
    days after it.

    Args:
        events: most events; None for a stretch of time.
        seconds: its length; None for a number of events.
    """

    events: int | None = None
    seconds: int | None = None

    @classmethod
    def parse(cls, value: int | str) -> "Horizon":
        """Return the horizon that a setting names.

        Raises:
            UserError: neither a number of events from 1 nor a time.

        >>> Horizon.parse(5), Horizon.parse("7d").seconds
        (Horizon(events=5, seconds=None), 604800)
        """
        found = re.fullmatch(r"(\d+)([mhdw]?)", str(value))
        if found is None or int(found[1]) < 1:
            raise UserError(f"horizon is {value!r}, allowed are events from 1, such as 5, and times such as 12h or 7d")
        count = int(found[1])
        return cls(seconds=count * SECONDS[found[2]]) if found[2] else cls(events=count)

    def __str__(self) -> str:
        """Return the horizon in words.

        >>> str(Horizon.parse("72h")), str(Horizon.parse("1h")), str(Horizon.parse(5))
        ('3 days', '1 hour', '5 events')
        """
        if self.seconds is None:
            return f"{self.events} events"
        unit, name = next((unit, name) for unit, name in _UNITS.items() if self.seconds % unit == 0)
        return f"{self.seconds // unit} {name}{'s' if self.seconds > unit else ''}"

    def counts(
        self, times: NDArray[np.int64] | None, firsts: NDArray[np.int64], stops: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        """Return how many events belong to the horizon that begins with each event.

        Args:
            times: of all events of the log, where the horizon is one in time.
            firsts: (N,) places of the first events in the flat arrays.
            stops: (N,) one past the last event that may belong, behind each first and of the same user.
        """
        if self.events is not None:
            return np.minimum(self.events, stops - firsts)
        times = self._required(times)
        return _search(times, firsts, stops, times[firsts] + (self.seconds or 0)) - firsts

    def last_starts(self, log: InteractionLog, stops: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the position at which the latest horizon of each user begins that ends with event ``stops - 1``.

        A user with fewer events has it begin at 0.
        """
        if self.events is not None:
            return np.maximum(stops - self.events, 0)
        times, first = self._required(log.timestamps), log.offsets[:-1]
        last = times[np.minimum(first + np.maximum(stops - 1, 0), max(log.num_events - 1, 0))]
        return _search(times, first, first + stops, last - (self.seconds or 0) + 1) - first

    def _required(self, times: NDArray[np.int64] | None) -> NDArray[np.int64]:
        if times is None:
            raise UserError(
                f"the log has no timestamps, which a horizon of {self} needs; set `source.timestamp`, or "
                "`horizon` to a number of events"
            )
        return times


class HorizonTargets:
    """Makes of the first event to predict at each step all targets of its horizon; an item is one target of a step.

    A horizon ends with the training part of its user, also where a window ends before.

    Args:
        horizon: how far it reaches.
        log: the histories.
        train_stops: (U,) number of training events of each user.
        behaviors: numbers of the behaviors whose events are predicted, or None for all.
    """

    def __init__(
        self,
        horizon: Horizon,
        log: InteractionLog,
        train_stops: NDArray[np.int64],
        behaviors: Collection[int] | None,
    ) -> None:
        self.horizon, self.log = horizon, log
        self.stops = log.offsets[:-1] + train_stops
        self.alone = None if behaviors is None else np.flatnonzero(log.is_of(slice(None), behaviors))

    def __call__(self, rows: TrainingRows, users: NDArray[np.int64]) -> dict[str, Any]:
        """Return the fields ``targets`` and ``later_targets`` of the batch of rows of some users."""
        row, step = np.nonzero(rows.targets >= 0)
        firsts = rows.targets[row, step]
        events, counts = self._events(firsts, self.stops[users[row]])
        places = np.repeat(np.arange(len(firsts)), counts)
        items = self.log.items[events].astype(np.int64)
        kept = first_of_each(places, items)
        places, items = places[kept], items[kept]
        is_first = np.diff(places, prepend=-1) > 0
        targets = np.zeros(rows.targets.shape, np.int64)
        targets[row[places[is_first]], step[places[is_first]]] = items[is_first]
        later = places[~is_first]
        found = np.stack([row[later], step[later], items[~is_first]], axis=1)
        return {"targets": torch.from_numpy(targets), "later_targets": torch.from_numpy(found)}

    def _events(
        self, firsts: NDArray[np.int64], stops: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the events of the horizons that begin with, or behind, the given events, and how many each has.

        A horizon is one of events of the behaviors alone, as in a split of them.
        """
        if self.alone is None:
            counts = self.horizon.counts(self.log.timestamps, firsts, stops)
            return segment_positions(firsts, counts), counts
        times = None if self.log.timestamps is None else self.log.timestamps[self.alone]
        low, high = np.searchsorted(self.alone, firsts), np.searchsorted(self.alone, stops)
        counts = np.zeros(len(low), np.int64)
        some = high > low
        counts[some] = self.horizon.counts(times, low[some], high[some])
        return self.alone[segment_positions(low, counts)], counts


def first_of_each(groups: NDArray[np.int64], items: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return, in order, where each item comes first in its group.

    >>> first_of_each(np.array([0, 0, 0, 1]), np.array([7, 8, 7, 7])).tolist()
    [0, 1, 3]
    """
    keys = groups * (int(items.max(initial=0)) + 1) + items
    return np.sort(np.unique(keys, return_index=True)[1])


def _search(
    times: NDArray[np.int64], low: NDArray[np.int64], high: NDArray[np.int64], moments: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the first place between two borders whose time is not before a moment; times rise between the borders."""
    low, high = low.copy(), high.copy()
    while (low < high).any():
        middle = (low + high) // 2
        open_ = low < high
        before = open_ & (times[np.minimum(middle, len(times) - 1)] < moments)
        low = np.where(before, middle + 1, low)
        high = np.where(open_ & ~before, middle, high)
    return low
