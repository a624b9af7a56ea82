"""Steps that take out users: too short or too long histories, and those who behave like machines.

All of them count training events only. Bots are found by what people cannot do: act faster than a hand, act around the
clock, or do one thing only.
"""

from typing import Annotated

import polars as pl

from seqmine.data.cleaning.step import require_columns, training_events
from seqmine.data.clock import DAY, HOUR, MINUTE, Clock
from seqmine.structs import UserError
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import Bounds, InnerShare, PositiveInt


@bounded
class HistoryLength:
    """Keep users whose number of training events lies within bounds.

    Args:
        min_events: fewest events.
        max_events: most events, or None for no limit.
    """

    counts = True

    def __init__(self, *, min_events: PositiveInt, max_events: PositiveInt | None = None) -> None:
        if max_events is not None and max_events < min_events:
            raise UserError(f"max_events is {max_events}, below min_events={min_events}; change one")
        self.min_events = min_events
        self.max_events = max_events

    def __call__(self, events: pl.LazyFrame) -> pl.LazyFrame:
        """Return the events of the users within the bounds."""
        length = pl.col("length")
        lengths = training_events(events).group_by("user_id").agg(length=pl.len())
        inside = (length >= self.min_events) & (length <= self.max_events if self.max_events is not None else True)
        return events.join(lengths.filter(inside), on="user_id", how="semi", maintain_order="left")


@bounded
class BurstUsers:
    """Take out users with more events in one minute of the clock than a person can make.

    A clock that is coarser tells hours or days alone; there a user must have kept that pace for the whole of one.

    Args:
        max_per_minute: most events in one minute.
        seconds: length of the stretches that are looked at; a coarser clock makes them longer.
    """

    counts = True

    def __init__(self, *, max_per_minute: PositiveInt, seconds: PositiveInt = MINUTE) -> None:
        self.max_per_minute = max_per_minute
        self.seconds = seconds

    def on(self, clock: Clock | None) -> "BurstUsers":
        """Return the step that looks at stretches which the clock tells apart."""
        seconds = max(self.seconds, 0 if clock is None else clock.tick)
        return BurstUsers(max_per_minute=self.max_per_minute, seconds=seconds)

    def __call__(self, events: pl.LazyFrame) -> pl.LazyFrame:
        """Return the events of the other users."""
        require_columns(events, self, "timestamp")
        most = self.max_per_minute * self.seconds // MINUTE
        stretches = _active(events, most).group_by("user_id", pl.col("timestamp") // self.seconds).len()
        return _without(events, stretches.filter(pl.col("len") > most))


@bounded
class OneItemUsers:
    """Take out users who nearly always turn to one item: monitors and ratings for hire.

    Args:
        max_share: largest share of one item in the events of a user.
        min_events: users with fewer events are left alone, since a short history has large shares by chance.
    """

    counts = True

    def __init__(self, *, max_share: InnerShare, min_events: PositiveInt) -> None:
        self.max_share = max_share
        self.min_events = min_events

    def __call__(self, events: pl.LazyFrame) -> pl.LazyFrame:
        """Return the events of the other users."""
        pairs = _active(events, self.min_events - 1).group_by("user_id", "item_id").len()
        shares = pairs.group_by("user_id").agg(share=pl.col("len").max() / pl.col("len").sum())
        return _without(events, shares.filter(pl.col("share") > self.max_share))


@bounded
class RoundTheClockUsers:
    """Take out users who on some day (UTC) are active in more hours than a person is awake.

    Args:
        max_hours: most different hours of one day with events, 1 to 23.
    """

    counts = True

    def __init__(self, *, max_hours: Annotated[int, Bounds(at_least=1, at_most=23)]) -> None:
        self.max_hours = max_hours

    def __call__(self, events: pl.LazyFrame) -> pl.LazyFrame:
        """Return the events of the other users."""
        require_columns(events, self, "timestamp")
        hours = _active(events, self.max_hours).select("user_id", hour=pl.col("timestamp") // HOUR).unique()
        days = hours.group_by("user_id", pl.col("hour") * HOUR // DAY).len()
        return _without(events, days.filter(pl.col("len") > self.max_hours))


def _active(events: pl.LazyFrame, threshold: int) -> pl.LazyFrame:
    """Return the training events of users with more than so many of them: only they can pass a threshold."""
    training = training_events(events)
    busy = training.group_by("user_id").len().filter(pl.col("len") > threshold)
    return training.join(busy, on="user_id", how="semi", maintain_order="left")


def _without(events: pl.LazyFrame, users: pl.LazyFrame) -> pl.LazyFrame:
    return events.join(users, on="user_id", how="anti", maintain_order="left")
