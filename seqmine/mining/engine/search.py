"""Depth-first search for frequent patterns, one compiled call for a set of first symbols.

PrefixSpan (Pei et al., ICDE 2001) with pseudo-projection. Where no gap, span or duration is set the leftmost match of
a user is all that matters. Where one is set every end position is kept, each with the latest start that leads to it:
what may follow depends on nothing else. One scan finds all children of a pattern; an event is the end of at most one
child, so a level of the search never holds more entries than the log has events.
"""

from typing import NamedTuple, no_type_check

import numpy as np
from numba import njit
from numpy.typing import NDArray

from seqmine.mining.engine.dense import dense_pays, mine_dense
from seqmine.mining.engine.pairs import Pairs
from seqmine.mining.engine.ranking import Ranking, emit, floor_of
from seqmine.probing.database import Database, grown


class Work(NamedTuple):
    """Scratch memory of one thread.

    Args:
        seen: (F,) the last (pattern, user) for which a symbol was counted.
        count: (F,) users of each symbol under the current pattern; zero between patterns.
        size: (F,) matches of each symbol under the current pattern, then where they are stored.
        slot: (F,) row of each symbol in the tables of a dense subtree; -1 between subtrees.
        found: (F,) symbols with a count.
        entry: (E,) where an event stands in ``candidates``; trusted only when that row names the event.
        candidates: (E + 1, 2) end and start of the matches of all children.
        clock: (1,) the number of the current (pattern, user).
    """

    seen: NDArray[np.int64]
    count: NDArray[np.int32]  # type: ignore[assignment]
    size: NDArray[np.int64]
    slot: NDArray[np.int32]
    found: NDArray[np.int32]
    entry: NDArray[np.int32]
    candidates: NDArray[np.int32]
    clock: NDArray[np.int64]


def new_work(database: Database) -> Work:
    """Allocate the scratch memory of one thread."""
    num_symbols, num_events = len(database.names), len(database.symbol)
    return Work(
        np.zeros(num_symbols, np.int64),
        np.zeros(num_symbols, np.int32),
        np.zeros(num_symbols, np.int64),
        np.full(num_symbols, -1, np.int32),
        np.zeros(num_symbols, np.int32),
        np.zeros(num_events, np.int32),
        np.zeros((num_events + 1, 2), np.int32),
        np.zeros(1, np.int64),
    )


@no_type_check
@njit(cache=True, nogil=True)
def scan_first(db: Database, states: NDArray[np.int32], work: Work) -> tuple[int, int]:
    """Find every child's leftmost match; return the number of matches and of symbols found."""
    num_matches = num_found = 0
    for row in range(len(states)):
        end = states[row, 0]
        work.clock[0] += 1
        clock = work.clock[0]
        for event in range(db.follow[end], db.stop[db.user[end]]):
            symbol = db.symbol[event]
            if work.seen[symbol] == clock:
                continue
            work.seen[symbol] = clock
            if work.count[symbol] == 0:
                work.found[num_found] = symbol
                num_found += 1
            work.count[symbol] += 1
            work.candidates[num_matches, 0] = event
            work.candidates[num_matches, 1] = event
            num_matches += 1
    return num_matches, num_found


@no_type_check
@njit(cache=True, nogil=True)
def _scan_all(db: Database, states: NDArray[np.int32], work: Work, limits: NDArray[np.int64]) -> tuple[int, int]:
    """Find every end of every child within the limits, with its latest start; return how many, and of symbols found."""
    num_matches = num_found = 0
    user = -1
    for row in range(len(states)):
        end, start = states[row, 0], states[row, 1]
        if db.user[end] != user:
            user = db.user[end]
            work.clock[0] += 1
        clock = work.clock[0]
        last_position = min(db.position[end] + limits[1], db.position[start] + limits[2] - 1)
        last_time = db.time[start] + limits[3]
        for event in range(db.follow[end], db.stop[user]):
            if db.position[event] > last_position or db.time[event] > last_time:
                break
            symbol = db.symbol[event]
            if work.seen[symbol] != clock:
                work.seen[symbol] = clock
                if work.count[symbol] == 0:
                    work.found[num_found] = symbol
                    num_found += 1
                work.count[symbol] += 1
            entry = work.entry[event]
            if entry < num_matches and work.candidates[entry, 0] == event:
                work.candidates[entry, 1] = max(work.candidates[entry, 1], start)
            else:
                work.entry[event] = num_matches
                work.candidates[num_matches, 0] = event
                work.candidates[num_matches, 1] = start
                num_matches += 1
    return num_matches, num_found


@no_type_check
@njit(cache=True, nogil=True)
def keep_frequent(work: Work, num_found: int, min_count: int) -> NDArray[np.int32]:
    """Return the frequent symbols found, ascending, and zero the counts of the others."""
    num_kept = 0
    for index in range(num_found):
        symbol = work.found[index]
        if work.count[symbol] >= min_count:
            work.found[num_kept] = symbol
            num_kept += 1
        else:
            work.count[symbol] = 0
    return np.sort(work.found[:num_kept])


@no_type_check
@njit(cache=True, nogil=True)
def store_children(
    db: Database, work: Work, kept: NDArray[np.int32], num_matches: int, top: int, arena: NDArray[np.int32]
) -> tuple[int, NDArray[np.int32]]:
    """Copy the matches of the kept children behind ``top``; ``work.size`` becomes where each child ends."""
    work.size[kept] = 0
    for row in range(num_matches):
        symbol = db.symbol[work.candidates[row, 0]]
        if work.count[symbol] > 0:
            work.size[symbol] += 1
    for symbol in kept:
        begin = top
        top += work.size[symbol]
        work.size[symbol] = begin
    arena = grown(arena, top)
    for row in range(num_matches):
        symbol = db.symbol[work.candidates[row, 0]]
        if work.count[symbol] > 0:
            arena[work.size[symbol], 0] = work.candidates[row, 0]
            arena[work.size[symbol], 1] = work.candidates[row, 1]
            work.size[symbol] += 1
    return top, arena


@no_type_check
@njit(cache=True, nogil=True)
def first_states(db: Database, symbol: int, greedy: bool, arena: NDArray[np.int32]) -> tuple[int, NDArray[np.int32]]:
    """Store the matches of a single symbol: its first event of each user, or all of them."""
    events = db.occurrences[db.occurrence_offsets[symbol] : db.occurrence_offsets[symbol + 1]]
    arena = grown(arena, len(events))
    top, user = 0, -1
    for event in events:
        if not greedy or db.user[event] != user:
            arena[top, 0], arena[top, 1] = event, event
            top += 1
        user = db.user[event]
    return top, arena


@no_type_check
@njit(cache=True, nogil=True)
def push(
    stack: NDArray[np.int64], row: int, depth: int, symbol: int, support: int, begin: int, end: int, mark: int
) -> None:
    """Write a pattern to visit: its matches are ``arena[begin:end]``, and the arena is free from ``mark`` on."""
    stack[row, 0], stack[row, 1], stack[row, 2] = depth, symbol, support
    stack[row, 3], stack[row, 4], stack[row, 5] = begin, end, mark


@no_type_check
@njit(cache=True, nogil=True)
def push_children(
    work: Work, kept: NDArray[np.int32], depth: int, first: int, top: int, stack: NDArray[np.int64], num_stack: int
) -> tuple[NDArray[np.int64], int]:
    """Put the children on the stack so that the smallest symbol is taken first, and zero their counts."""
    stack = grown(stack, num_stack + len(kept))
    for index in range(len(kept) - 1, -1, -1):
        symbol = kept[index]
        begin = work.size[kept[index - 1]] if index else first
        push(stack, num_stack, depth, symbol, work.count[symbol], begin, work.size[symbol], top)
        num_stack += 1
    work.count[kept] = 0
    return stack, num_stack


@no_type_check
@njit(cache=True, nogil=True)
def search_leftmost(
    db: Database, firsts: NDArray[np.int64], max_length: int, pairs: Pairs, ranking: Ranking, work: Work
) -> NDArray[np.int32]:
    """Return the frequent patterns that begin with the given symbols; no limit on gap, span or duration.

    Args:
        db: the indexed log.
        firsts: local numbers of the first symbols.
        max_length: most symbols of a pattern.
        pairs: the frequent pairs of the log, for no higher support than ``ranking`` asks.
        ranking: the support that is needed.
        work: scratch memory of this thread.

    Returns:
        (P, 3) length, last symbol and support, a walk of the tree of patterns: lexicographic for each first symbol.
    """
    out, num_out = np.empty((1024, 3), np.int32), 0
    arena, stack = np.empty((4096, 2), np.int32), np.empty((256, 6), np.int64)
    for first in firsts:
        top, arena = first_states(db, first, True, arena)
        push(stack, 0, 1, first, db.support[first], 0, top, top)
        num_stack = 1
        while num_stack > 0:
            num_stack -= 1
            depth, symbol, support, begin, end, mark = stack[num_stack]
            if support < floor_of(ranking):
                continue
            out, num_out = emit(out, num_out, ranking, depth, symbol, support)
            if depth >= max_length:
                continue
            states = arena[begin:end]
            num_matches = 0
            if depth == 1:
                kept = pairs.seconds[pairs.offsets[first] : pairs.offsets[first + 1]]
                counts = pairs.supports[pairs.offsets[first] : pairs.offsets[first + 1]]
                is_dense = dense_pays(len(kept), end - begin, counts.sum())
            if depth > 1 or not is_dense:
                num_matches, num_found = scan_first(db, states, work)
                kept = keep_frequent(work, num_found, floor_of(ranking))
                counts = work.count[kept]
                is_dense = dense_pays(len(kept), end - begin, num_matches)
            if is_dense:
                work.count[kept] = 0
                out, num_out = mine_dense(
                    db, states, kept, counts, work.slot, pairs, depth, max_length, ranking, out, num_out
                )
            else:
                top, arena = store_children(db, work, kept, num_matches, mark, arena)
                stack, num_stack = push_children(work, kept, depth + 1, mark, top, stack, num_stack)
    return out[:num_out].copy()


@no_type_check
@njit(cache=True, nogil=True)
def search_all(
    db: Database, firsts: NDArray[np.int64], limits: NDArray[np.int64], ranking: Ranking, work: Work
) -> NDArray[np.int32]:
    """Return the frequent patterns that begin with the given symbols, under limits on gap, span or duration.

    Args:
        db: the indexed log.
        firsts: local numbers of the first symbols.
        limits: as ``Constraints.limits``.
        ranking: the support that is needed.
        work: scratch memory of this thread.

    Returns:
        (P, 3) as ``search_leftmost``.
    """
    out, num_out = np.empty((1024, 3), np.int32), 0
    arena, stack = np.empty((4096, 2), np.int32), np.empty((256, 6), np.int64)
    for first in firsts:
        top, arena = first_states(db, first, False, arena)
        push(stack, 0, 1, first, db.support[first], 0, top, top)
        num_stack = 1
        while num_stack > 0:
            num_stack -= 1
            depth, symbol, support, begin, end, mark = stack[num_stack]
            if support < floor_of(ranking):
                continue
            out, num_out = emit(out, num_out, ranking, depth, symbol, support)
            if depth >= limits[0]:
                continue
            num_matches, num_found = _scan_all(db, arena[begin:end], work, limits)
            kept = keep_frequent(work, num_found, floor_of(ranking))
            if len(kept):
                top, arena = store_children(db, work, kept, num_matches, mark, arena)
                stack, num_stack = push_children(work, kept, depth + 1, mark, top, stack, num_stack)
    return out[:num_out].copy()
