"""Histories of all users as flat arrays with offsets, in memory or memory-mapped."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from seqmine.structs.attributes import AttributeTable
from seqmine.structs.errors import UserError


@dataclass(frozen=True)
class InteractionLog:
    """Events grouped by user, oldest first; row u is ``items[offsets[u]:offsets[u + 1]]``.

    Args:
        items: (E,) int32, item_index of each event, from 1.
        offsets: (U + 1,) int64, where each user starts.
        timestamps: (E,) int64 seconds since 1970, or None when the log has no time.
        behaviors: (E,) uint8, kind of each event numbered from 1 as in ``behavior_names``, or None.
        ratings: (E,) float32 or None.
        behavior_names: names of the kinds; ``behavior_names[b - 1]`` belongs to number ``b``.
        users: attributes of each user, or None.
        people: (U,) int32, whom each history is of, numbered from 0 and rising, where histories are the sessions of
            people, in order of time; None where each history is all that is known of a person.
    """

    items: NDArray[np.int32]
    offsets: NDArray[np.int64]
    timestamps: NDArray[np.int64] | None = None
    behaviors: NDArray[np.uint8] | None = None
    ratings: NDArray[np.float32] | None = None
    behavior_names: Sequence[str] = ()
    users: AttributeTable | None = None
    people: NDArray[np.int32] | None = None

    @property
    def owners(self) -> NDArray[np.int32]:
        """(U,) whom each history is of: the person of a session, else a number of its own."""
        return np.arange(self.num_users, dtype=np.int32) if self.people is None else self.people

    @property
    def num_people(self) -> int:
        """Number of different people.

        >>> replace(InteractionLog.from_lists([[1], [2], [3]]), people=np.array([0, 0, 1], np.int32)).num_people
        2
        """
        return self.num_users if self.people is None else len(np.unique(self.people))

    @property
    def num_users(self) -> int:
        """Number of histories."""
        return len(self.offsets) - 1

    @property
    def num_events(self) -> int:
        """Number of events of all users."""
        return int(self.offsets[-1])

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(U,) number of events of each user."""
        return np.diff(self.offsets)

    @property
    def event_users(self) -> NDArray[np.int64]:
        """(E,) user_index of each event.

        >>> InteractionLog.from_lists([[4, 4], [], [5]]).event_users.tolist()
        [0, 0, 2]
        """
        return np.repeat(np.arange(self.num_users), self.lengths)

    @property
    def event_positions(self) -> NDArray[np.int64]:
        """(E,) position of each event in its history, from 0.

        >>> InteractionLog.from_lists([[4, 4], [], [5]]).event_positions.tolist()
        [0, 1, 0]
        """
        return segment_positions(np.zeros(self.num_users, np.int64), self.lengths)

    def history(self, user_index: int) -> NDArray[np.int32]:
        """Return the items of one user, oldest first."""
        return self.items[self.offsets[user_index] : self.offsets[user_index + 1]]

    def behavior_number(self, behavior: str) -> int:
        """Return the number of a kind of event.

        Raises:
            UserError: the log has no such kind.
        """
        if self.behaviors is None or behavior not in self.behavior_names:
            kinds = ", ".join(self.behavior_names) or "no kinds of events"
            raise UserError(
                f"the behavior {behavior!r} is not in the log, which has {kinds}; change data.target_behavior, "
                "data.never_recommended or data.columns.behavior"
            )
        return list(self.behavior_names).index(behavior) + 1

    def behavior_numbers(self, behaviors: Sequence[str] | None) -> tuple[int, ...] | None:
        """Return the numbers of some kinds of events; None for None, which stands for all kinds.

        Raises:
            UserError: the log has no such kind.
        """
        return None if behaviors is None else tuple(map(self.behavior_number, behaviors))

    def is_of(self, events: NDArray | slice, behaviors: Collection[int]) -> NDArray[np.bool_]:
        """Tell which events, given by their places in the flat arrays, are of one of the kinds with these numbers."""
        assert self.behaviors is not None
        wanted = np.zeros(256, np.bool_)
        wanted[list(behaviors)] = True
        return wanted[self.behaviors[events]]

    def take(self, events: NDArray, offsets: NDArray[np.int64]) -> "InteractionLog":
        """Return the events at the given places of the flat arrays, or under a mask, with new borders between users."""

        def pick(column: NDArray | None) -> NDArray | None:
            return None if column is None else column[events]

        return InteractionLog(
            items=self.items[events],
            offsets=offsets,
            timestamps=pick(self.timestamps),
            behaviors=pick(self.behaviors),
            ratings=pick(self.ratings),
            behavior_names=self.behavior_names,
            users=self.users,
            people=self.people,
        )

    def keep(self, mask: NDArray[np.bool_]) -> "InteractionLog":
        """Return the events where the mask is True; every user stays, even empty.

        >>> InteractionLog.from_lists([[1, 2], [2]]).keep(np.array([True, False, False])).offsets.tolist()
        [0, 1, 1]
        """
        return self.take(mask, self._running_count(mask))

    def count(self, mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return (U,) the number of events of each user where the mask is True."""
        return np.diff(self._running_count(mask))

    def _running_count(self, mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return (U + 1,) how many events where the mask is True come before each user starts."""
        return np.concatenate([[0], np.cumsum(mask)])[self.offsets].astype(np.int64)

    def take_users(self, users: NDArray[np.int64]) -> "InteractionLog":
        """Return the histories of the given users with their attributes, in that order; a user may come twice.

        >>> InteractionLog.from_lists([[1], [2, 3]]).take_users(np.array([1, 1])).items.tolist()
        [2, 3, 2, 3]
        """
        users = np.asarray(users, dtype=np.int64)
        lengths = self.lengths[users]
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        taken = self.take(segment_positions(self.offsets[:-1][users], lengths), offsets)
        attributes = None if self.users is None else self.users.take(users)
        people = None if self.people is None else np.unique(self.people[users], return_inverse=True)[1].astype(np.int32)
        return replace(taken, users=attributes, people=people)

    def first_events(self, stops: NDArray[np.int64]) -> "InteractionLog":
        """Return the log cut to the first ``stops[u]`` events of each user u (a copy; every user stays, even empty)."""
        offsets = np.concatenate([[0], np.cumsum(stops)]).astype(np.int64)
        return self.take(segment_positions(self.offsets[:-1], stops), offsets)

    @classmethod
    def from_lists(cls, histories: Iterable[Sequence[int]]) -> "InteractionLog":
        """Build a log that has only items from a plain list of lists.

        >>> InteractionLog.from_lists([[1, 2], [], [3]]).offsets.tolist()
        [0, 2, 2, 3]
        """
        rows = [np.asarray(history, dtype=np.int32) for history in histories]
        offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
        return cls(np.concatenate([np.empty(0, np.int32), *rows]).astype(np.int32), offsets)


FEW_TIES = 0.01
"""A share of ties above this is told to people: what the file lists first then decides much."""


def tie_share(log: InteractionLog) -> float | None:
    """Return the share of neighboring events with equal timestamps, or None for a log without time.

    >>> tie_share(InteractionLog(np.array([1, 2, 3], np.int32), np.array([0, 3]), np.array([5, 5, 9])))
    0.5
    """
    if log.timestamps is None:
        return None
    is_second = np.ones(log.num_events, np.bool_)
    is_second[log.offsets[:-1][log.lengths > 0]] = False
    second = np.flatnonzero(is_second)
    ties = np.count_nonzero(log.timestamps[second] == log.timestamps[second - 1])
    return float(ties / len(second)) if len(second) else 0.0


def stretch_starts(*keys: NDArray) -> NDArray[np.int64]:
    """Return where stretches of rows begin that agree in all keys.

    >>> stretch_starts(np.array([0, 0, 0, 1]), np.array([7, 7, 8, 8])).tolist()
    [0, 2, 3]
    """
    is_first = np.ones(len(keys[0]), np.bool_)
    is_first[1:] = np.any([key[1:] != key[:-1] for key in keys], axis=0)
    return np.flatnonzero(is_first)


def segment_positions(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the concatenation of the ranges ``starts[i] .. starts[i] + lengths[i]``, without a loop.

    >>> segment_positions(np.array([5, 0]), np.array([2, 3])).tolist()
    [5, 6, 0, 1, 2]
    """
    total = int(lengths.sum())
    ends = np.cumsum(lengths)
    return np.arange(total) + np.repeat(starts - (ends - lengths), lengths)
