"""How many users a rule would have if the consequent knew nothing of the antecedent.

Keep the antecedent of a user where it is and put that user's events of the consequent at random among the places that
the symbols of the antecedent leave open. The chance that one of them comes within reach of a match, summed over the
users that have the antecedent, is what their support is held against. Every match counts, so a user whose antecedent
recurs is also more likely to meet the consequent by chance; what is within reach is decided by gap, span, duration and
strict time as for the pattern itself, with what the match has used up of span and duration taken off. Over all orders
of a history the chances add up to the users that have the rule, so that lift is 1 where order means nothing. A random
position in place of the match, as lift is often defined, lets whatever recurs look useful.

Where the antecedent has the consequent in it ("a, b, a again"), the first match of the antecedent up to its last such
event stays, and the events of the consequent behind it are those put at random. That is exact without limits on place,
and to first order with them, as matches that would come and go with those events are taken as they are. Under limits on
time, where what recurs comes in bursts, that is too far off: there ``rules`` asks shuffled logs.
"""

from typing import NamedTuple, no_type_check

import numpy as np
from numpy.typing import NDArray

from seqmine.probing.database import Database, at_least
from seqmine.structs import InteractionLog
from seqmine.structs.kernels import kernel


class Histories(NamedTuple):
    """A log as the measures of rules look at it.

    Args:
        db: its index.
        places: (E,) position of each of ``db.occurrences``.
        users: (E,) user of each of them.
        offsets: where each user's events begin in the log.
        times: (E,) seconds of all events of the log, zeros where it has none.
        owners: whom each history is of.
        strict_time: whether time must strictly increase.
    """

    db: Database
    places: NDArray[np.int32]
    users: NDArray[np.int32]
    offsets: NDArray[np.int64]
    times: NDArray[np.int64]
    owners: NDArray[np.int32]
    strict_time: bool


def histories_of(log: InteractionLog, db: Database, strict_time: bool) -> Histories:
    """Return a log as the measures of rules look at it, from its index."""
    times = np.zeros(log.num_events, np.int64) if log.timestamps is None else log.timestamps.astype(np.int64)
    places, users = db.position[db.occurrences], db.user[db.occurrences]
    return Histories(db, places, users, log.offsets, times, log.owners, strict_time)


@no_type_check
@kernel
def hit_chance(num_places: int, num_within: int, num_events: int) -> float:
    """Return the chance that one of some events, at different random places, is at one of the places within reach.

    >>> round(hit_chance(5, 2, 1), 12), round(hit_chance(5, 2, 2), 12)
    (0.4, 0.7)
    """
    missed = 1.0
    for index in range(min(num_events, num_within)):
        missed *= max(num_places - max(num_events, num_within) - index, 0) / (num_places - index)
    return 1.0 - missed


@no_type_check
@kernel
def _events_of(users: NDArray[np.int32], begin: int, stop: int, user: int) -> tuple[int, int]:
    """Return where the events of a user begin and end among ascending ones, looking from ``begin`` on."""
    begin = at_least(users, begin, stop, user)
    end = begin
    while end < stop and users[end] == user:
        end += 1
    return begin, end


@no_type_check
@kernel
def _rank(places: NDArray[np.int32], begin: int, end: int, place: int) -> int:
    """Return the first of some events, in ascending places, that is not before a place."""
    while begin < end:
        middle = (begin + end) // 2
        if places[middle] < place:
            begin = middle + 1
        else:
            end = middle
    return begin


@no_type_check
@kernel
def _num_open(places: NDArray[np.int32], taken: NDArray[np.int64], begin: int, end: int) -> int:
    """Return how many of the places from ``begin`` to before ``end`` no event of the given ranges takes."""
    total = end - begin
    for index in range(len(taken)):
        first = _rank(places, taken[index, 0], taken[index, 1], begin)
        total -= _rank(places, first, taken[index, 1], end) - first
    return total


@no_type_check
@kernel
def _first_after(place: int, time: int, strict_time: bool, times: NDArray[np.int64]) -> int:
    """Return the first place of a history where something may follow an event."""
    return np.searchsorted(times, time, side="right") if strict_time else place + 1


@no_type_check
@kernel
def _user_chance(
    positions: NDArray[np.int32],
    event_times: NDArray[np.int64],
    places: NDArray[np.int32],
    matches: NDArray[np.int32],
    events: tuple[int, int],
    taken: NDArray[np.int64],
    begin: int,
    limits: NDArray[np.int64],
    strict_time: bool,
    times: NDArray[np.int64],
) -> float:
    """Return the chance of one user; the events of the consequent can be put at the places from ``begin`` on."""
    length, num_events = len(times), events[1] - _rank(places, events[0], events[1], begin)
    if num_events == 0:
        return 0.0
    last = places[events[1] - 1]
    num_within, reached = 0, begin
    for row in range(len(matches)):
        event, start = matches[row, 0], matches[row, 1]
        if positions[event] == last:
            continue  # the antecedent ends in the consequent, and none is left to follow
        first = max(_first_after(positions[event], event_times[event], strict_time, times), reached)
        first = max(first, positions[event] + limits[4])
        if limits[6] > 0:
            first = max(first, np.searchsorted(times, event_times[event] + limits[6], side="left"))
        stop = min(length, positions[event] + limits[1] + 1, positions[start] + limits[2])
        if limits[5] < times[-1] - times[0]:
            stop = min(stop, np.searchsorted(times, event_times[event] + limits[5], side="right"))
        if limits[3] < times[-1] - times[0]:
            stop = min(stop, np.searchsorted(times, event_times[start] + limits[3], side="right"))
        if first < stop:
            num_within += _num_open(places, taken, first, stop)
            reached = stop
        if reached == length:
            break
    return hit_chance(_num_open(places, taken, begin, length), num_within, num_events)


@no_type_check
@kernel
def measure_antecedent(
    log: Histories,
    pattern: NDArray[np.int32],
    arena: NDArray[np.int32],
    marks: NDArray[np.int64],
    limits: NDArray[np.int64],
) -> tuple[int, int, float]:
    """Return users with all but the last symbol, those with a later event, and the sum of the chances of the last.

    The histories of one owner count once: the chance is that of one of them, as they are independent.

    Args:
        log: the histories.
        pattern: local numbers of at least two symbols.
        arena: matches of the beginnings of the pattern, as from ``extending.match_pattern``.
        marks: where in the arena the matches of each beginning end.
        limits: of the constraints.
    """
    db, users, owners = log.db, log.users, log.owners
    size, consequent = len(pattern) - 1, pattern[-1]
    others = np.unique(pattern[:-1])
    others = others[others != consequent]
    taken = np.empty((len(others), 2), np.int64)
    taken[:, 1] = db.occurrence_offsets[others]
    events = (db.occurrence_offsets[consequent], db.occurrence_offsets[consequent])
    kept = size  # symbols up to the last that is the consequent
    while kept > 0 and pattern[kept - 1] != consequent:
        kept -= 1
    head = marks[kept - 1] if kept else 0
    antecedent, followed, total = 0, 0, 0.0
    owner, is_followed, own_chance = -1, False, 0.0
    row = marks[size - 1]
    while row < marks[size]:
        user = db.user[arena[row, 0]]
        end = row
        while end < marks[size] and db.user[arena[end, 0]] == user:
            end += 1
        events = _events_of(users, events[1], db.occurrence_offsets[consequent + 1], user)
        for index in range(len(others)):
            taken[index] = _events_of(users, taken[index, 1], db.occurrence_offsets[others[index] + 1], user)
        own = log.times[log.offsets[user] : log.offsets[user + 1]]
        begin = 0
        if kept:
            while db.user[arena[head, 0]] < user:
                head += 1
            event = arena[head, 0]
            begin = _first_after(db.position[event], db.time[event], log.strict_time, own)
        if owners[user] != owner:
            owner = owners[user]
            antecedent += 1
            total += own_chance
            is_followed, own_chance = False, 0.0
        if not is_followed and db.position[arena[row, 0]] < len(own) - 1:
            is_followed = True
            followed += 1
        found = arena[row:end]
        chance = _user_chance(
            db.position, db.time, log.places, found, events, taken, begin, limits, log.strict_time, own
        )
        own_chance = chance if own_chance == 0.0 else 1.0 - (1.0 - own_chance) * (1.0 - chance)
        row = end
    return antecedent, followed, total + own_chance


@no_type_check
@kernel
def count_open(
    log: Histories, antecedent: NDArray[np.int32], matches: NDArray[np.int32], found: NDArray[np.int32]
) -> None:
    """Count the places that the symbols of an antecedent leave open: in each history, and behind its leftmost match.

    Args:
        log: the histories.
        antecedent: local numbers of its symbols.
        matches: (M, 2) the leftmost match of each user that has it.
        found: (M, 2) filled in.
    """
    db = log.db
    symbols = np.unique(antecedent)
    taken = np.empty((len(symbols), 2), np.int64)
    taken[:, 1] = db.occurrence_offsets[symbols]
    for row in range(len(matches)):
        event = matches[row, 0]
        user = db.user[event]
        own = log.times[log.offsets[user] : log.offsets[user + 1]]
        first = _first_after(db.position[event], db.time[event], log.strict_time, own)
        found[row, 0] = len(own)
        found[row, 1] = len(own) - first
        for index in range(len(symbols)):
            begin, end = _events_of(log.users, taken[index, 1], db.occurrence_offsets[symbols[index] + 1], user)
            taken[index, 0], taken[index, 1] = begin, end
            found[row, 0] -= end - begin
            found[row, 1] -= end - _rank(log.places, begin, end, first)


@no_type_check
@kernel
def measure_free(
    log: Histories, consequent: int, matches: NDArray[np.int32], open_places: NDArray[np.int32]
) -> tuple[int, int, float]:
    """Return what ``measure_antecedent`` does, where there are no limits on place and the consequent is a new symbol.

    Args:
        log: the histories.
        consequent: local number of the symbol.
        matches: (M, 2) the leftmost match of each user that has the antecedent.
        open_places: (M, 2) as ``count_open`` found them.
    """
    db, owners = log.db, log.owners
    antecedent, followed, total = 0, 0, 0.0
    owner, is_followed, own_chance = -1, False, 0.0
    end, stop = db.occurrence_offsets[consequent], db.occurrence_offsets[consequent + 1]
    for row in range(len(matches)):
        event = matches[row, 0]
        user = db.user[event]
        if owners[user] != owner:
            owner = owners[user]
            antecedent += 1
            total += own_chance
            is_followed, own_chance = False, 0.0
        if not is_followed and db.position[event] < log.offsets[user + 1] - log.offsets[user] - 1:
            is_followed = True
            followed += 1
        begin, end = _events_of(log.users, end, stop, user)
        if begin < end:
            chance = hit_chance(open_places[row, 0], open_places[row, 1], end - begin)
            own_chance = chance if own_chance == 0.0 else 1.0 - (1.0 - own_chance) * (1.0 - chance)
    return antecedent, followed, total + own_chance
