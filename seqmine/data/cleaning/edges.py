"""Which events count as training while a log is cleaned, so that no threshold learns from the test period.

An edge must agree with the split that follows: ``AllButLast`` with ``leave_one_out`` and next-k, ``BeforeTime`` and
``BeforeShare`` with ``global_time``. ``WholeLog`` says openly that cleaning looked at everything. The leak detector
compares.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from seqmine.data.cleaning.sessions import SESSION
from seqmine.data.cleaning.step import IN_TRAINING, key_numbers
from seqmine.data.engines.parts import Parts
from seqmine.data.people import before_last
from seqmine.data.target_behavior import events_of
from seqmine.structs import InteractionLog, UserError
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import InnerShare, PositiveInt
from seqmine.structs.log import segment_positions


class EdgeChoice(Protocol):
    """Chooses the edge of a log before any step has changed it."""

    def of(self, parts: Parts) -> "TrainingEdge":
        """Return the edge for these events."""
        ...

    def again(self, settings: Mapping[str, Any]) -> "TrainingEdge":
        """Return the edge that ``of`` returned for a log, by the settings that the audit of that log keeps."""
        ...


class TrainingEdge(ABC):
    """Marks the training events of a log; an edge of your own needs ``mark`` and ``counted_stops``."""

    looks_at: ClassVar[str] = "training events"
    """What a step that counts looks at, in the audit."""

    def of(self, parts: Parts) -> "TrainingEdge":  # noqa: ARG002
        """Return this edge, which is the same for every log."""
        return self

    def again(self, settings: Mapping[str, Any]) -> "TrainingEdge":  # noqa: ARG002
        """Return this edge."""
        return self

    @abstractmethod
    def mark(self, events: pl.LazyFrame) -> pl.LazyFrame:
        """Return the events with the column ``in_training``."""

    @abstractmethod
    def counted_stops(self, log: InteractionLog, lengths: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return one past the last event of each user that counts, in a log that was cleaned and split.

        Args:
            log: histories, without events of items that training never saw.
            lengths: (U,) lengths of the histories with these events.
        """


@dataclass(frozen=True)
class WholeLog(TrainingEdge):
    """Counts every event, later ones too: for logs that are published in this form, never for a fair test."""

    looks_at = "all events"

    def mark(self, events: pl.LazyFrame) -> pl.LazyFrame:
        """Return the events with the column ``in_training``."""
        return events.with_columns(pl.lit(True).alias(IN_TRAINING))

    def counted_stops(self, log: InteractionLog, lengths: NDArray[np.int64]) -> NDArray[np.int64]:  # noqa: ARG002
        """Return the lengths: all events count."""
        return lengths


@bounded
@dataclass(frozen=True, kw_only=True)
class AllButLast(TrainingEdge):
    """Counts all but the last events of each user; users with no more than that many count whole, as they only train.

    Where histories are cut into sessions, only events with one before them in their session are last events, as for
    the split.

    Args:
        num_events: last events of each user that are set aside; 2 for leave-one-out.
    """

    num_events: PositiveInt

    def mark(self, events: pl.LazyFrame) -> pl.LazyFrame:
        """Return the events with the column ``in_training``."""
        frame = events.collect(engine="streaming")
        users = key_numbers(frame["user_id"])
        order = _user_time_order(users, frame)
        if SESSION in frame.columns:
            return frame.with_columns(pl.Series(IN_TRAINING, self._inside_sessions(frame, users, order))).lazy()
        lengths = np.bincount(users)
        position = segment_positions(np.zeros_like(lengths), lengths)
        inside = np.empty(len(users), dtype=bool)
        inside[order] = position < np.repeat(self.counted_stops_of(lengths), lengths)
        return frame.with_columns(pl.Series(IN_TRAINING, inside)).lazy()

    def counted_stops(self, log: InteractionLog, lengths: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the lengths without the last events; of sessions those before the last events of their person."""
        if log.people is None:
            return self.counted_stops_of(lengths)
        # an event that the log lacks is a target, so it stands at the end of its session
        positions = segment_positions(np.zeros_like(lengths), lengths)
        users = np.repeat(np.arange(len(lengths)), lengths)
        known = log.offsets[users] + np.minimum(positions, np.maximum(log.lengths[users] - 1, 0))
        times = positions if log.timestamps is None else log.timestamps[np.minimum(known, log.num_events - 1)]
        order = np.lexsort((times, log.people[users])) if log.timestamps is not None else np.arange(len(users))
        before = before_last(log.people[users[order]], positions[order] > 0, self.num_events)[0]
        return np.bincount(users[order][before], minlength=len(lengths))

    def _inside_sessions(
        self, frame: pl.DataFrame, users: NDArray[np.int64], order: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Return the events before the last ones of their person that have an event before them in their session."""
        codes = users[order] * (1 << 32) + frame[SESSION].to_numpy()[order]
        can_be_asked = np.ones(len(users), np.bool_)
        can_be_asked[np.unique(codes, return_index=True)[1]] = False
        inside = np.empty(len(users), np.bool_)
        inside[order] = before_last(np.unique(users[order], return_inverse=True)[1], can_be_asked, self.num_events)[0]
        return inside

    def counted_stops_of(self, lengths: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how many events of a history of each length count."""
        return np.where(lengths > self.num_events, lengths - self.num_events, lengths)


@bounded
@dataclass(frozen=True, kw_only=True)
class AllButLastOf(TrainingEdge):
    """Counts what each user did before the last events of some behaviors, for splits with a target behavior.

    Users with no more events of these behaviors than that count whole, as they only train.

    Args:
        behavior: the target behavior, or several.
        num_events: last events of these behaviors of each user that are set aside; 2 for leave-one-out.
    """

    behavior: str | Sequence[str] | None
    num_events: PositiveInt

    def __post_init__(self) -> None:
        """Check the setting."""
        if self.behavior is None:
            raise UserError("behavior is null, allowed are behaviors of the log; without any choose all_but_last")

    def mark(self, events: pl.LazyFrame) -> pl.LazyFrame:
        """Return the events with the column ``in_training``."""
        frame = events.collect(engine="streaming")
        if "behavior" not in frame.columns:
            raise UserError("the edge of cleaning is a behavior and the log has none; set `source.behavior`")
        users = key_numbers(frame["user_id"])
        order = _user_time_order(users, frame)
        is_target = frame["behavior"].cast(pl.String).is_in(self._names).to_numpy()[order]
        totals = np.bincount(users[order], weights=is_target).astype(np.int64)
        upto = np.cumsum(is_target) - np.repeat(np.cumsum(totals) - totals, np.bincount(users))
        after = totals[users[order]] - upto
        inside = np.empty(len(users), dtype=bool)
        inside[order] = (after >= self.num_events) | (totals[users[order]] <= self.num_events)
        return frame.with_columns(pl.Series(IN_TRAINING, inside)).lazy()

    def counted_stops(self, log: InteractionLog, lengths: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the positions of the first event that is set aside.

        A target whose item training never saw has no event in the log, so the event that stands for it is an earlier
        one.
        """
        events = events_of(log, self._names)
        borders = np.searchsorted(events, log.offsets)
        there = np.diff(borders)
        first = events[np.maximum(borders[1:] - self.num_events, 0)] - log.offsets[:-1]
        held_out = there + lengths - log.lengths > self.num_events
        return np.where(held_out, np.where(there >= self.num_events, first, 0), log.lengths)

    @property
    def _names(self) -> list[str]:
        several = isinstance(self.behavior, Sequence) and not isinstance(self.behavior, str)
        return list(map(str, self.behavior if several else [self.behavior]))  # type: ignore[arg-type]


@dataclass(frozen=True, kw_only=True)
class BeforeTime(TrainingEdge):
    """Counts the events before a moment.

    Args:
        timestamp: the moment, in seconds since 1970.
    """

    timestamp: int

    def of(self, parts: Parts) -> TrainingEdge:
        """Return this edge, which is the same for every log with times."""
        parts.gather(_times)
        return self

    def mark(self, events: pl.LazyFrame) -> pl.LazyFrame:
        """Return the events with the column ``in_training``."""
        return events.with_columns((pl.col("timestamp") < self.timestamp).alias(IN_TRAINING))

    def counted_stops(self, log: InteractionLog, lengths: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return how many events of each user precede the moment."""
        if log.timestamps is None:
            return lengths
        return log.count(log.timestamps < self.timestamp)


@bounded
@dataclass(frozen=True, kw_only=True)
class BeforeShare:
    """Counts the events before the moment that a share of the log, as it came, precedes.

    Cleaning takes out more of the later events, whose items training often does not know, so the split of the cleaned
    log begins earlier than that share of the log as it came: leave it some room.

    Args:
        share: share of events, above 0 and below 1.
    """

    share: InnerShare

    def of(self, parts: Parts) -> TrainingEdge:
        """Return the moment of this log."""
        times = parts.gather(_times)["timestamp"].to_numpy()
        row = min(int(len(times) * self.share), len(times) - 1)
        return BeforeTime(timestamp=int(np.partition(times, row)[row]))

    def again(self, settings: Mapping[str, Any]) -> TrainingEdge:
        """Return the moment that was found in a log."""
        return BeforeTime(timestamp=settings["timestamp"])


def _user_time_order(users: NDArray[np.int64], events: pl.DataFrame) -> NDArray[np.int64]:
    """Return the rows by user and time; equal times keep the order of the rows."""
    keys = [users, *(events[name].to_numpy() for name in ("timestamp", "microsecond") if name in events.columns)]
    follows, equal = np.zeros(max(len(events) - 1, 0), dtype=bool), np.ones(max(len(events) - 1, 0), dtype=bool)
    for key in keys:
        follows |= equal & (key[1:] > key[:-1])
        equal &= key[1:] == key[:-1]
    # events that are in order already, as those of an engine are, need no sort
    return np.arange(len(events)) if (follows | equal).all() else np.lexsort(keys[::-1])


def _times(events: pl.DataFrame) -> pl.DataFrame:
    if "timestamp" not in events.columns:
        raise UserError(
            "the edge of cleaning is a time and the log has none; "
            "set `source.timestamp` or choose `cleaning.edge`=all_but_last"
        )
    return events.select("timestamp")
