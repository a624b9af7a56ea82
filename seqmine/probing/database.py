"""The log as the compiled miners read it: frequent symbols only, numbered densely, with their positions kept."""

from typing import NamedTuple, no_type_check

import numpy as np
from numpy.typing import NDArray

from seqmine.structs import InteractionLog
from seqmine.structs.kernels import kernel

NEVER = 2**31 - 1
"""An event index after every event."""


class Database(NamedTuple):
    """Events of frequent symbols, grouped by user, oldest first.

    Args:
        names: (F,) symbol of the log behind each local number, ascending.
        support: (F,) users that have the symbol.
        symbol: (E,) local number of each event.
        user: (E,) user of each event.
        position: (E,) position in the whole history, with the infrequent events counted.
        time: (E,) seconds, zero where the log has none.
        follow: (E,) first event of the user that may come after this one in a pattern.
        next_same: (E,) next event of this user with the same symbol, ``NEVER`` where there is none.
        stop: (U,) where the events of each user end.
        occurrences: (E,) events sorted by symbol, then by user and position.
        occurrence_offsets: (F + 1,) where the occurrences of each symbol start.
    """

    names: NDArray[np.int32]
    support: NDArray[np.int32]
    symbol: NDArray[np.int32]
    user: NDArray[np.int32]
    position: NDArray[np.int32]
    time: NDArray[np.int64]
    follow: NDArray[np.int32]
    next_same: NDArray[np.int32]
    stop: NDArray[np.int32]
    occurrences: NDArray[np.int32]
    occurrence_offsets: NDArray[np.int64]


@no_type_check
@kernel
def grown(array: NDArray, rows: int) -> NDArray:
    """Return the array itself where it has that many rows, a larger copy where it has not."""
    if rows <= len(array):
        return array
    larger = np.empty((max(rows, 2 * len(array)), array.shape[1]), array.dtype)
    larger[: len(array)] = array
    return larger


@no_type_check
@kernel
def at_least(values: NDArray, begin: int, stop: int, value: int) -> int:
    """Return the first place from ``begin`` on whose value is not below one: steps that double, then halves.

    >>> at_least(np.array([1, 3, 3, 7]), 0, 4, 3)
    1
    """
    step = 1
    while begin + step < stop and values[begin + step] < value:
        begin += step
        step *= 2
    end = min(begin + step, stop)
    while begin < end:
        middle = (begin + end) // 2
        if values[middle] < value:
            begin = middle + 1
        else:
            end = middle
    return begin


@no_type_check
@kernel
def symbol_supports(items: NDArray[np.int32], offsets: NDArray[np.int64], num_symbols: int) -> NDArray[np.int64]:
    """Return the number of users of each symbol 0 to ``num_symbols - 1``; a user counts once."""
    support = np.zeros(num_symbols, np.int64)
    last_user = np.full(num_symbols, -1, np.int64)
    for user in range(len(offsets) - 1):
        for event in range(offsets[user], offsets[user + 1]):
            if last_user[items[event]] != user:
                last_user[items[event]] = user
                support[items[event]] += 1
    return support


@no_type_check
@kernel
def _links(
    symbol: NDArray[np.int32],
    time: NDArray[np.int64],
    offsets: NDArray[np.int64],
    num_symbols: int,
    strict_time: bool,
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return ``follow`` and ``next_same`` of every event."""
    follow = np.empty(len(symbol), np.int32)
    next_same = np.full(len(symbol), NEVER, np.int32)
    seen_user = np.full(num_symbols, -1, np.int64)
    seen_event = np.zeros(num_symbols, np.int32)
    for user in range(len(offsets) - 1):
        later = offsets[user + 1]
        for event in range(offsets[user + 1] - 1, offsets[user] - 1, -1):
            if event + 1 < offsets[user + 1] and (not strict_time or time[event + 1] > time[event]):
                later = event + 1
            follow[event] = later
            if seen_user[symbol[event]] == user:
                next_same[event] = seen_event[symbol[event]]
            seen_user[symbol[event]] = user
            seen_event[symbol[event]] = event
    return follow, next_same


def build_database(log: InteractionLog, min_count: int, strict_time: bool) -> Database:
    """Drop the symbols that fewer than ``min_count`` users have, and index the rest.

    >>> build_database(InteractionLog.from_lists([[5, 9, 5], [5, 7]]), 2, False).position.tolist()
    [0, 2, 0]
    """
    support = symbol_supports(log.items, log.offsets, int(log.items.max(initial=0)) + 1)
    return index_symbols(log, np.flatnonzero(support >= min_count).astype(np.int32), strict_time)


def index_symbols(log: InteractionLog, names: NDArray[np.int32], strict_time: bool) -> Database:
    """Index the events of the given symbols (ascending); symbols that the log lacks have no event."""
    num_symbols = max(int(log.items.max(initial=0)), int(names.max(initial=0))) + 1
    support = symbol_supports(log.items, log.offsets, num_symbols)
    local = np.full(num_symbols, -1, np.int32)
    local[names] = np.arange(len(names), dtype=np.int32)
    times = np.zeros(0, np.int64) if log.timestamps is None else log.timestamps
    symbol, user, position, time, offsets = _kept_events(log.items, log.offsets, times, local)
    follow, next_same = _links(symbol, time, offsets, len(names), strict_time)
    occurrence_offsets = np.concatenate([[0], np.cumsum(np.bincount(symbol, minlength=len(names)))]).astype(np.int64)
    return Database(
        names=names,
        support=support[names].astype(np.int32),
        symbol=symbol,
        user=user,
        position=position,
        time=time,
        follow=follow,
        next_same=next_same,
        stop=offsets[1:].astype(np.int32),
        occurrences=_occurrences(symbol, occurrence_offsets),
        occurrence_offsets=occurrence_offsets,
    )


@no_type_check
@kernel
def _kept_events(
    items: NDArray[np.int32], offsets: NDArray[np.int64], times: NDArray[np.int64], local: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """Return symbol, user, position and time (0 where ``times`` is empty) of the events with a local number.

    The last array has where the kept events of each user start.
    """
    size = 0
    for item in items:
        size += local[item] >= 0
    symbol, user, position = np.empty(size, np.int32), np.empty(size, np.int32), np.empty(size, np.int32)
    time, starts = np.zeros(size, np.int64), np.zeros(len(offsets), np.int64)
    place = 0
    for owner in range(len(offsets) - 1):
        for event in range(offsets[owner], offsets[owner + 1]):
            if local[items[event]] >= 0:
                symbol[place], user[place], position[place] = local[items[event]], owner, event - offsets[owner]
                if len(times):
                    time[place] = times[event]
                place += 1
        starts[owner + 1] = place
    return symbol, user, position, time, starts


@no_type_check
@kernel
def _occurrences(symbol: NDArray[np.int32], offsets: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return the events sorted by symbol, those of one symbol in their order; ``offsets``: where each symbol starts."""
    places, occurrences = offsets.copy(), np.empty(len(symbol), np.int32)
    for event in range(len(symbol)):
        occurrences[places[symbol[event]]] = event
        places[symbol[event]] += 1
    return occurrences
