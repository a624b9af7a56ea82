"""Targets of a split by time: which events of a period are predicted, and what is known before each of them."""

from dataclasses import replace
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from seqmine.data.horizon import Horizon
from seqmine.data.sources.timestamps import to_epoch
from seqmine.data.targets import Targets
from seqmine.structs import InteractionLog, UserError
from seqmine.structs.log import segment_positions

Choice = Literal["last", "first", "random", "all", "successive"]
"""Which events of a user in a period are targets."""


def count_before(log: InteractionLog, edge: int) -> NDArray[np.int64]:
    """Count the events of each user before a moment; events of a user are in order of time."""
    assert log.timestamps is not None
    return log.count(log.timestamps < edge)


def targets_of_period(
    log: InteractionLog,
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    choice: Choice,
    generator: np.random.Generator,
) -> Targets:
    """Return the targets of each user among the events from position ``starts`` to before ``stops``.

    A target with nothing before it is left out. Of users with several events of one moment the order of the log says
    which is first or last, and none of them is in the input of another.

    Args:
        log: histories of a log with times.
        starts: (U,) first position of the period.
        stops: (U,) one past its last position.
        choice: one of ``Choice``; ``all`` predicts every event from what is known when the period begins,
            ``successive`` every event from all before it.
        generator: draws the event of each user, for ``random``.
    """
    counts = np.maximum(stops - starts, 0)
    users, positions = np.repeat(np.arange(log.num_users), counts), segment_positions(starts, counts)
    known = starts[users] if choice == "all" else known_before(log, users, positions)
    able = known > 0
    if choice == "random":
        able &= _is_drawn(users, np.where(able, generator.random(len(users)), -1.0))
    elif choice in ("first", "last"):
        able &= positions == (starts[users] if choice == "first" else stops[users] - 1)
    return Targets(users[able], positions[able], known=known[able])


def known_before(log: InteractionLog, users: NDArray[np.int64], positions: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many events of its user happened before the moment of each event.

    >>> log = InteractionLog(np.array([5, 6, 7], np.int32), np.array([0, 3]), timestamps=np.array([1, 4, 4]))
    >>> known_before(log, np.array([0, 0]), np.array([1, 2])).tolist()
    [1, 1]
    """
    assert log.timestamps is not None
    begins = np.append(True, np.diff(log.timestamps) != 0)[: log.num_events]
    begins[log.offsets[:-1][log.lengths > 0]] = True
    first = np.maximum.accumulate(np.where(begins, np.arange(log.num_events), 0))
    return first[log.offsets[users] + positions] - log.offsets[users]


def with_known(log: InteractionLog, targets: Targets, starts: NDArray[np.int64] | None) -> Targets:
    """Return targets with what is known of each: what came before its moment, or before the start of the period."""
    known = known_before(log, targets.users, targets.positions) if starts is None else starts[targets.users]
    return replace(targets, known=None if (known == targets.positions).all() else known)


def upto(
    log: InteractionLog,
    horizon: Horizon,
    edge: int,
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return one past the last position of the horizon of each user from a moment on, at most ``stops``."""
    if horizon.seconds is not None:
        return np.minimum(count_before(log, edge + horizon.seconds), stops)
    assert horizon.events is not None
    return np.minimum(starts + horizon.events, stops)


def moment(value: float | int | str, ordered: NDArray[np.int64], name: str) -> int:
    """Return the moment that a setting names: a share of the events that are before it, or a date.

    Args:
        value: above 0 and below 1 a share of the events; otherwise seconds since 1970, a date or a time.
        ordered: times of all events, rising.
        name: of the setting.

    Raises:
        UserError: the value is neither, or no event is before the moment, or none is from it on.

    >>> moment(0.5, np.array([3, 4, 7, 9]), "test_from"), moment("1970-01-01T00:00:04", np.array([3, 9]), "test_from")
    (7, 4)
    """
    if isinstance(value, int | float) and 0 < value < 1:
        return int(ordered[min(int(len(ordered) * value), len(ordered) - 1)])
    try:
        found = int(to_epoch(pl.Series([str(value)]), lambda _: name)["timestamp"].item())
    except UserError as error:
        raise UserError(
            f"`{name}` is {value!r}, allowed are a share of the events above 0 and below 1, such as 0.9, and a date "
            "or time, such as 2015-08-01"
        ) from error
    if not ordered[0] < found <= ordered[-1]:
        first, last = (np.datetime64(int(edge), "s") for edge in (ordered[0], ordered[-1]))
        raise UserError(f"`{name}` is {value}, but the log has events from {first} to {last}; change `{name}`")
    return found


def _is_drawn(users: NDArray[np.int64], lots: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which event of each user has the highest lot; events stand by user."""
    order = np.lexsort((lots, users))
    drawn = np.zeros(len(users), np.bool_)
    drawn[order[np.diff(users, append=-1) != 0]] = True
    return drawn
