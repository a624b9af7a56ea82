"""Where a pattern occurs in a history, and how long its consequent takes."""

from typing import no_type_check

import numpy as np
from numpy.typing import NDArray

from seqmine.probing.database import Database
from seqmine.probing.extending import Walk, empty_arena, match_next
from seqmine.probing.matching import find_supporters, walk_of
from seqmine.structs import InteractionLog, PatternTable
from seqmine.structs.constraints import Constraints
from seqmine.structs.kernels import kernel


@no_type_check
@kernel
def next_match(
    items: NDArray[np.int32],
    times: NDArray[np.int64],
    begin: int,
    stop: int,
    pattern: NDArray[np.int32],
    limits: NDArray[np.int64],
    strict_time: bool,
    is_greedy: bool,
    places: NDArray[np.int64],
) -> bool:
    """Write the places of the leftmost match from ``begin`` to before ``stop``; False where there is none.

    Args:
        items: symbols of the log.
        times: seconds of all events, zeros where the log has none.
        begin: first place that is looked at.
        stop: where the history ends.
        pattern: its symbols.
        limits: of the constraints.
        strict_time: whether time must strictly increase.
        is_greedy: there are no limits on place, so that nothing has to be taken back.
        places: (k,) filled in.
    """
    place, depth = begin, 0
    while depth < len(pattern):
        is_found = False
        while place < stop and not is_found:
            if depth > 0 and (
                place - places[depth - 1] > limits[1]
                or place - places[0] >= limits[2]
                or times[place] - times[places[0]] > limits[3]
                or times[place] - times[places[depth - 1]] > limits[5]
            ):
                break
            is_late = depth == 0 or (
                place - places[depth - 1] >= limits[4]
                and times[place] - times[places[depth - 1]] >= max(limits[6], np.int64(strict_time))
            )
            is_found = items[place] == pattern[depth] and is_late
            place += 1
        if is_found:
            places[depth] = place - 1
            depth += 1
        elif depth == 0 or is_greedy:
            return False
        else:
            depth -= 1
            place = places[depth] + 1
    return True


@no_type_check
@kernel
def _lags(
    items: NDArray[np.int32],
    offsets: NDArray[np.int64],
    times: NDArray[np.int64],
    measure: NDArray[np.int64],
    users: NDArray[np.int32],
    pattern: NDArray[np.int32],
    limits: NDArray[np.int64],
    strict_time: bool,
) -> NDArray[np.int64]:
    """Return for each user what lies between the last two events of the first match, in units of ``measure``."""
    places, found = np.empty(len(pattern), np.int64), np.zeros(len(users), np.int64)
    for row in range(len(users)):
        begin, stop = offsets[users[row]], offsets[users[row] + 1]
        if next_match(items, times, begin, stop, pattern, limits, strict_time, False, places):
            found[row] = measure[places[-1]] - measure[places[-2]]
    return found


@no_type_check
@kernel
def _free_lags(db: Database, walk: Walk, measure: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return (3, P) quartiles of ``_lags`` where there are no limits on place: a user has one match, the leftmost."""
    quartiles = np.full((3, len(walk.order)), np.nan)
    arena, marks = empty_arena(walk)
    for index, row in enumerate(walk.order):
        arena, _ = match_next(db, walk, index, arena, marks)
        size = walk.offsets[row + 1] - walk.offsets[row]
        if size < 2 or marks[size] == marks[size - 1]:
            continue
        lags, before = np.empty(marks[size] - marks[size - 1], np.int64), marks[size - 2]
        for place in range(len(lags)):
            event = arena[marks[size - 1] + place, 0]
            while db.user[arena[before, 0]] < db.user[event]:
                before += 1
            lags[place] = measure[event] - measure[arena[before, 0]]
        quartiles[:, row] = _quartiles(lags)
    return quartiles


@no_type_check
@kernel
def _quartiles(lags: NDArray[np.int64]) -> tuple[float, float, float]:
    """Return the quartiles, between two values in proportion (as numpy does)."""
    ordered = np.sort(lags)
    found = np.empty(3)
    for index in range(3):
        place = (index + 1) * (len(ordered) - 1) / 4
        below = int(place)
        above = min(below + 1, len(ordered) - 1)
        found[index] = ordered[below] + (ordered[above] - ordered[below]) * (place - below)
    return found[0], found[1], found[2]


def with_lags(log: InteractionLog, table: PatternTable, constraints: Constraints) -> PatternTable:
    """Add ``lag_lower``, ``lag_median`` and ``lag_upper``: quartiles of the way from antecedent to consequent.

    It is measured in the first match of each user who has the pattern, from the event before the last to the last: in
    seconds, in a log without time in events.

    Args:
        log: histories.
        table: patterns; those of one symbol have no lag.
        constraints: where a pattern may occur.

    >>> log = InteractionLog.from_lists([[1, 2], [1, 3, 2], [1, 3, 3, 2]])
    >>> with_lags(log, PatternTable.from_lists([(1, 2)], [3], 3), Constraints()).columns["lag_median"].tolist()
    [2.0]
    """
    find = _quartiles_of_free if constraints.is_greedy else _quartiles_within
    quartiles = find(log, table, constraints) if len(table) else np.zeros((3, 0))
    return table.with_columns(lag_lower=quartiles[0], lag_median=quartiles[1], lag_upper=quartiles[2])


def _quartiles_of_free(log: InteractionLog, table: PatternTable, constraints: Constraints) -> NDArray[np.float64]:
    """Return (3, P) quartiles of the lags of patterns without limits on place."""
    db, walk = walk_of(log, table, constraints)
    return _free_lags(db, walk, db.position.astype(np.int64) if log.timestamps is None else db.time)


def _quartiles_within(log: InteractionLog, table: PatternTable, constraints: Constraints) -> NDArray[np.float64]:
    """Return (3, P) quartiles of the lags of patterns within limits on place: what is too far off is taken back."""
    times = np.zeros(log.num_events, np.int64) if log.timestamps is None else log.timestamps.astype(np.int64)
    measure = log.event_positions if log.timestamps is None else times
    quartiles, lengths = np.full((3, len(table)), np.nan), table.lengths
    limits, strict_time = constraints.limits, constraints.strict_time
    for row, users in enumerate(find_supporters(log, table, constraints)):
        if lengths[row] > 1 and len(users):
            pattern = np.array(table.pattern(row), np.int32)
            lags = _lags(log.items, log.offsets, times, measure, users, pattern, limits, strict_time)
            quartiles[:, row] = _quartiles(lags)
    return quartiles
