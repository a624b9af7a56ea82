"""Matches of a pattern, symbol by symbol: the events that it ends with, each with the latest start that leads there.

One more symbol is matched by walking two lists of events, both sorted by user: the matches so far, and the events of
the symbol.
"""

from typing import NamedTuple, no_type_check

import numpy as np
from numpy.typing import NDArray

from seqmine.probing.database import Database, at_least, grown
from seqmine.structs.constraints import FOREVER, UNLIMITED
from seqmine.structs.kernels import kernel


class Walk(NamedTuple):
    """Patterns in lexicographic order, so that what two neighbors share is matched once.

    Args:
        flat: local numbers of the symbols of all patterns.
        offsets: where each pattern begins in ``flat``.
        order: rows of the patterns in that order.
        limits: of the constraints.
    """

    flat: NDArray[np.int32]
    offsets: NDArray[np.int64]
    order: NDArray[np.int64]
    limits: NDArray[np.int64]


@no_type_check
@kernel
def _start(db: Database, symbol: int, arena: NDArray[np.int32], leftmost: bool) -> tuple[NDArray[np.int32], int]:
    """Store every event of the first symbol as a match, or the first of each user; return the arena and how many."""
    events = db.occurrences[db.occurrence_offsets[symbol] : db.occurrence_offsets[symbol + 1]]
    arena = grown(arena, len(events))
    # A match is a row of the arena: column 0 the event that it ends with, column 1 the latest start that leads there.
    top, user = 0, -1
    for event in events:
        if leftmost and db.user[event] == user:
            continue
        user = db.user[event]
        arena[top, 0], arena[top, 1] = event, event
        top += 1
    return arena, top


@no_type_check
@kernel
def _extend(
    db: Database, symbol: int, limits: NDArray[np.int64], arena: NDArray[np.int32], begin: int, end: int
) -> tuple[NDArray[np.int32], int]:
    """Store the matches of ``arena[begin:end]`` plus a symbol behind them: each end with its latest start."""
    events = db.occurrences[db.occurrence_offsets[symbol] : db.occurrence_offsets[symbol + 1]]
    arena = grown(arena, end + len(events))
    # Both lists are sorted by user, then by event: one walk over the events of the symbol, with a window of matches
    # arena[low:high] that only moves forward. limits: as ``Constraints.limits``.
    top, low = end, begin
    user, high, start = -1, begin, -1
    gap_is_open = limits[1] >= UNLIMITED and limits[5] >= FOREVER
    for event in events:
        if db.user[event] != user:
            user = db.user[event]
            while low < end and db.user[arena[low, 0]] < user:
                low += 1
            if low == end:
                break
            # A new user: the window is empty, and no start has been seen.
            high, start = low, -1
        while (
            low < end
            and db.user[arena[low, 0]] == user
            and (
                db.position[event] - db.position[arena[low, 0]] > limits[1]
                or db.time[event] - db.time[arena[low, 0]] > limits[5]
            )
        ):
            low += 1
        # low: matches that end too far back for this event, and for all later ones, have left the window.
        high = max(high, low)
        # high: matches that may be followed by this event; follow is the next moment under strict time.
        while (
            high < end
            and db.user[arena[high, 0]] == user
            and db.follow[arena[high, 0]] <= event
            and db.position[event] - db.position[arena[high, 0]] >= limits[4]
            and db.time[event] - db.time[arena[high, 0]] >= limits[6]
        ):
            start = max(start, arena[high, 1])
            high += 1
        # Without a limit on gaps nothing leaves the window within a user, so the maximum so far is enough.
        if not gap_is_open:
            # The latest start may have left the window of the gap with the end that it belonged to.
            start = -1
            for row in range(low, high):
                start = max(start, arena[row, 1])
        if start < 0 or (high == low and not gap_is_open):
            continue
        # With the latest start the match is the shortest that ends here: if it is too wide, all are.
        if db.position[event] - db.position[start] < limits[2] and db.time[event] - db.time[start] <= limits[3]:
            arena[top, 0], arena[top, 1] = event, start
            top += 1
    return arena, top


@no_type_check
@kernel
def _extend_leftmost(
    db: Database, symbol: int, arena: NDArray[np.int32], begin: int, end: int
) -> tuple[NDArray[np.int32], int]:
    """Store the leftmost match of each user of ``arena[begin:end]`` plus a symbol behind it: one a user is enough."""
    place, stop = db.occurrence_offsets[symbol], db.occurrence_offsets[symbol + 1]
    arena = grown(arena, end + min(end - begin, stop - place))
    top = end
    for row in range(begin, end):
        last = arena[row, 0]
        user = db.user[last]
        # Events are numbered user by user: the next of the symbol may be another user's.
        place = at_least(db.occurrences, place, stop, db.follow[last])
        if place == stop:
            break
        if db.user[db.occurrences[place]] == user:
            arena[top, 0], arena[top, 1] = db.occurrences[place], arena[row, 1]
            top += 1
    return arena, top


@no_type_check
@kernel
def shared_symbols(flat: NDArray[np.int32], offsets: NDArray[np.int64], row: int, other: int) -> int:
    """Return how many symbols two patterns have in common from the start."""
    # Neighbors in lexicographic order share most of their symbols, so most levels of the arena are reused.
    longest = min(offsets[row + 1] - offsets[row], offsets[other + 1] - offsets[other])
    for place in range(longest):
        if flat[offsets[row] + place] != flat[offsets[other] + place]:
            return place
    return longest


@no_type_check
@kernel
def is_free(limits: NDArray[np.int64]) -> bool:
    """Return whether the limits of constraints leave place and time open."""
    if limits[4] > 1 or limits[6] > 0:
        return False
    return min(limits[1], limits[2]) >= UNLIMITED and min(limits[3], limits[5]) >= FOREVER


@no_type_check
@kernel
def match_pattern(
    db: Database,
    pattern: NDArray[np.int32],
    shared: int,
    limits: NDArray[np.int64],
    arena: NDArray[np.int32],
    marks: NDArray[np.int64],
) -> NDArray[np.int32]:
    """Match a pattern whose first ``shared`` symbols are matched; ``marks[k]`` ends the matches of k symbols.

    Without limits on place a user has one match, the leftmost: no other leads further.
    """
    leftmost = is_free(limits)
    # The arena is a stack by levels: matches of the first k symbols are arena[marks[k - 1] : marks[k]], and a level
    # stays valid as long as no pattern with another symbol there is matched.
    for place in range(shared, len(pattern)):
        if place == 0:
            arena, marks[1] = _start(db, pattern[0], arena, leftmost)
        elif leftmost:
            arena, marks[place + 1] = _extend_leftmost(db, pattern[place], arena, marks[place - 1], marks[place])
        else:
            arena, marks[place + 1] = _extend(db, pattern[place], limits, arena, marks[place - 1], marks[place])
    return arena


@no_type_check
@kernel
def empty_arena(walk: Walk) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return an arena and the marks for the patterns of a walk, of which none is matched."""
    return np.empty((4096, 2), np.int32), np.zeros(np.max(np.diff(walk.offsets)) + 1, np.int64)


@no_type_check
@kernel
def match_next(
    db: Database, walk: Walk, index: int, arena: NDArray[np.int32], marks: NDArray[np.int64]
) -> tuple[NDArray[np.int32], int]:
    """Match the pattern at a place of a walk, from 0 on; return the arena and the symbols shared with the one before.

    The matches of its first k symbols are ``arena[marks[k - 1] : marks[k]]``.
    """
    row = walk.order[index]
    # Invariant: here the arena holds every level of the pattern before in the order.
    shared = shared_symbols(walk.flat, walk.offsets, row, walk.order[index - 1]) if index else 0
    pattern = walk.flat[walk.offsets[row] : walk.offsets[row + 1]]
    return match_pattern(db, pattern, shared, walk.limits, arena, marks), shared


@no_type_check
@kernel
def owners_of(db: Database, matches: NDArray[np.int32], owners: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the owners of the histories with a match, each once; ``owners`` has whom each history is of, rising."""
    found, size = np.empty(len(matches), np.int32), 0
    # Matches are sorted by user, and users by owner, so an owner with several matches is seen in a row.
    for row in range(len(matches)):
        owner = owners[db.user[matches[row, 0]]]
        if size == 0 or found[size - 1] != owner:
            found[size] = owner
            size += 1
    return found[:size]
