"""How finely a log tells time: a date is no minute, and two pieces bought on one day are no double record."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from seqmine.data.engines.parts import Parts
from seqmine.structs import InteractionLog

DAY, HOUR, MINUTE = 86_400, 3_600, 60
_NAMES = {DAY: "whole days", HOUR: "whole hours", MINUTE: "whole minutes", 1: "seconds", 0: "parts of a second"}
# a few precise times among dates, as from a second system, do not make the dates precise
_SHARE = 0.99
_COUNTED_AT_ONCE = 1 << 24


@dataclass(frozen=True)
class Clock:
    """The resolution of the times of a log.

    Args:
        tick: seconds between two times that the log can tell apart: a day, an hour, a minute, 1, or 0 where it tells
            parts of a second.
    """

    tick: int

    @property
    def name(self) -> str:
        """What its times are, in words.

        >>> Clock(86_400).name
        'whole days'
        """
        return _NAMES[self.tick]

    def tells_apart(self, seconds: int) -> bool:
        """Return whether two events may lie within a number of seconds; equal seconds always may."""
        return self.tick <= max(seconds, 1)


def clock_of(parts: Parts) -> Clock | None:
    """Return the clock of a log in parts, or None where it has no times."""
    counts = parts.gather(_count_times)
    if "second" not in counts.columns:
        return None
    of_day = np.bincount(counts["second"].to_numpy(), counts["events"].to_numpy(), DAY)
    return Clock(0) if counts["finer"].any() else clock_from_counts(of_day)


def clock_of_log(log: InteractionLog) -> Clock | None:
    """Return the clock of histories, which keep whole seconds, or None where they have no times."""
    if log.timestamps is None:
        return None
    of_day = np.zeros(DAY, np.int64)
    for start in range(0, log.num_events, _COUNTED_AT_ONCE):  # the remainders of a large log need much memory
        of_day += np.bincount(log.timestamps[start : start + _COUNTED_AT_ONCE] % DAY, minlength=DAY)
    return clock_from_counts(of_day)


def clock_from_counts(of_day: NDArray[np.number]) -> Clock:
    """Return the coarsest clock that nearly all times agree with.

    The dates of a place may lie at any time of the day (UTC), and at two that are an hour apart where it has summer
    time.

    Args:
        of_day: (86,400,) events at each second of the day.

    >>> noon = np.zeros(86_400)
    >>> noon[43_200] = 9
    >>> clock_from_counts(noon)
    Clock(tick=86400)
    """
    enough = _SHARE * of_day.sum()
    if (of_day + np.roll(of_day, -HOUR)).max() >= enough:
        return Clock(DAY)
    for tick in (HOUR, MINUTE):
        if of_day.reshape(-1, tick).sum(0).max() >= enough:
            return Clock(tick)
    return Clock(1)


def _count_times(events: pl.DataFrame) -> pl.DataFrame:
    if "timestamp" not in events.columns:
        return pl.DataFrame()
    finer = pl.col("microsecond").max() > 0 if "microsecond" in events.columns else pl.lit(False)
    return events.group_by(second=pl.col("timestamp") % DAY).agg(finer=finer, events=pl.len())
