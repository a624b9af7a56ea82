"""Parts of a log whose histories are sessions: nobody is trained on what the same person did after a target.

An event can be predicted where its session holds one before it. All events of a person are taken in order of time,
whatever session they belong to.
"""

import numpy as np
from numpy.typing import NDArray

from seqmine.data.targets import Targets
from seqmine.data.time_targets import targets_of_period
from seqmine.structs import InteractionLog, UserError

Events = tuple[NDArray[np.int64], NDArray[np.int64]]
"""History and position in it of some events."""


def leave_last_two(log: InteractionLog) -> tuple[NDArray[np.int64], Events, Events]:
    """Return the training stops of sessions, and the last but one and the last event of each person that has an input.

    A person trains up to the last but one of the events that can be predicted, whole where there is only one. What
    comes after it, in the same session or a later one, trains nothing.

    Args:
        log: histories that are sessions of people.

    >>> from dataclasses import replace
    >>> log = replace(InteractionLog.from_lists([[1, 2], [3, 4], [5]]), people=np.zeros(3, np.int32))
    >>> stops, val, test = leave_last_two(log)
    >>> stops.tolist(), [part.tolist() for part in val], [part.tolist() for part in test]
    ([1, 0, 0], [[0], [1]], [[1], [1]])
    """
    order, owners, positions = _in_order(log)
    before, left = before_last(owners, positions > 0, 2)
    inside = np.empty(log.num_events, np.bool_)
    inside[order] = before
    can_be_asked = (positions > 0) & ~before
    val, test = (order[can_be_asked & (left == number)] for number in (1, 0))
    return log.count(inside), _named(log, np.sort(val)), _named(log, np.sort(test))


def before_last(
    owners: NDArray[np.integer], can_be_asked: NDArray[np.bool_], num_events: int
) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Return which events come before the last ones of their person that can be predicted, and how many such follow.

    Args:
        owners: (E,) person of each event, rising from 0; events of a person in order of time.
        can_be_asked: (E,) whether the event can be predicted.
        num_events: how many are set aside; of a person with fewer none is.

    >>> before, left = before_last(np.array([0, 0, 0, 1]), np.array([False, True, True, False]), 1)
    >>> before.tolist(), left.tolist()
    ([True, True, False, True], [2, 1, 0, 0])
    """
    totals = np.bincount(owners, weights=can_be_asked).astype(np.int64)
    upto = np.cumsum(can_be_asked) - (np.cumsum(totals) - totals)[owners]
    left = totals[owners] - upto
    return (left >= num_events) | (totals[owners] < num_events), left


def targets_of_people(log: InteractionLog, starts: NDArray[np.int64], stops: NDArray[np.int64], choice: str) -> Targets:
    """Return the targets of a period of a log of sessions: those that have something before them in their session.

    Args:
        log: histories with times.
        starts: (U,) first position of the period in each session.
        stops: (U,) one past its last position.
        choice: ``first`` or ``last`` of each person, or all, one after the other (``successive``).

    Raises:
        UserError: another choice.
    """
    if choice not in ("first", "last", "successive"):
        raise UserError(f"targets is {choice}, but with `sessions` allowed are first, last and successive")
    targets = targets_of_period(log, starts, stops, "successive", np.random.default_rng(0))
    return targets if choice == "successive" else one_of_each_person(log, targets, choice)


def one_of_each_person(log: InteractionLog, targets: Targets, choice: str) -> Targets:
    """Return the first or the last target of each person, whatever session it is in.

    Args:
        log: histories with times.
        targets: of some sessions.
        choice: ``first`` or ``last``.
    """
    assert log.timestamps is not None
    owners = log.owners[targets.users]
    order = np.lexsort((log.timestamps[log.offsets[targets.users] + targets.positions], owners))
    order = order if choice == "first" else order[::-1]
    _, first = np.unique(owners[order], return_index=True)
    return targets.take(np.sort(order[first]))


def last_long_sessions(log: InteractionLog, people: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the last session of at least two events of each of some people who have one.

    >>> from dataclasses import replace
    >>> log = replace(InteractionLog.from_lists([[1, 2], [3], [4, 5]]), people=np.array([0, 0, 1], np.int32))
    >>> last_long_sessions(log, np.array([0])).tolist()
    [0]
    """
    rows = np.flatnonzero(np.isin(log.owners, people) & (log.lengths >= 2))
    _, last = np.unique(log.owners[rows][::-1], return_index=True)
    return np.sort(rows[::-1][last])


def _in_order(log: InteractionLog) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]]:
    """Return the events by person and time, the person of each, and its position in its session."""
    owners = log.owners[log.event_users]
    order = np.arange(log.num_events) if log.timestamps is None else np.lexsort((log.timestamps, owners))
    return order, owners[order], log.event_positions[order]


def _named(log: InteractionLog, events: NDArray[np.int64]) -> Events:
    users = log.event_users[events]
    return users, events - log.offsets[users]
