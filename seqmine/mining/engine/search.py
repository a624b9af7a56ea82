"""Depth-first search for frequent patterns, one compiled call for a set of first symbols.

PrefixSpan (Pei et al., ICDE 2001) with pseudo-projection. Where no gap, span or duration is set the leftmost match of
a user is all that matters. Where one is set every end position is kept, each with the latest start that leads to it:
what may follow depends on nothing else. One scan finds all children of a pattern; an event is the end of at most one
child, so a level of the search never holds more entries than the log has events.
"""

from typing import no_type_check

import numpy as np
from numpy.typing import NDArray

from seqmine.mining.engine.dense import dense_pays, mine_dense
from seqmine.mining.engine.pairs import Pairs
from seqmine.mining.engine.ranking import Ranking, emit, floor_of
from seqmine.mining.engine.work import Work
from seqmine.probing.database import Database, grown
from seqmine.structs.kernels import kernel


@no_type_check
@kernel
def scan_first(db: Database, states: NDArray[np.int32], work: Work) -> tuple[int, int]:
    """Find every child's leftmost match; return the number of matches and of symbols found."""
    # states has a row per user: column 0 is the end of the leftmost match of the current pattern, column 1 its start,
    # which nothing asks for without limits. This is the projected database of PrefixSpan, by event numbers alone.
    num_matches = num_found = 0
    for row in range(len(states)):
        end = states[row, 0]
        # Each user gets a number of its own, so that `seen` never has to be cleared between users or patterns.
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
            # The first event of a symbol is the leftmost end of that child; later ones can only lose room to grow.
            work.candidates[num_matches, 0] = event
            work.candidates[num_matches, 1] = event
            num_matches += 1
    return num_matches, num_found


@no_type_check
@kernel
def _scan_all(db: Database, states: NDArray[np.int32], work: Work, limits: NDArray[np.int64]) -> tuple[int, int]:
    """Find every end of every child within the limits, with its latest start; return how many, and of symbols found."""
    # states: (end, latest start) of every match, sorted by end; a user has as many rows as its pattern has ends.
    num_matches = num_found = 0
    user = -1
    for row in range(len(states)):
        end, start = states[row, 0], states[row, 1]
        # A user is counted once per symbol, although several of its ends may lead there.
        if db.user[end] != user:
            user = db.user[end]
            work.clock[0] += 1
        clock = work.clock[0]
        # limits: as ``Constraints.limits``. The latest start leaves the most room for span and duration, so no other
        # start of this end is needed.
        first_position, first_time = db.position[end] + limits[4], db.time[end] + limits[6]
        last_position = min(db.position[end] + limits[1], db.position[start] + limits[2] - 1)
        last_time = min(db.time[start] + limits[3], db.time[end] + limits[5])
        for event in range(db.follow[end], db.stop[user]):
            if db.position[event] > last_position or db.time[event] > last_time:
                break
            if db.position[event] < first_position or db.time[event] < first_time:
                continue
            symbol = db.symbol[event]
            if work.seen[symbol] != clock:
                work.seen[symbol] = clock
                if work.count[symbol] == 0:
                    work.found[num_found] = symbol
                    num_found += 1
                work.count[symbol] += 1
            # An event ends at most one child (that of its symbol), so one row per event is enough: an end that is
            # reached again keeps the later start. `entry` is stale from other patterns unless its row names this very
            # event.
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
@kernel
def keep_frequent(work: Work, num_found: int, min_count: int) -> NDArray[np.int32]:
    """Return the frequent symbols found, ascending, and zero the counts of the others."""
    # Invariant: after this, `count` is above zero for the kept symbols and zero for all others.
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
@kernel
def store_children(
    db: Database, work: Work, kept: NDArray[np.int32], num_matches: int, top: int, arena: NDArray[np.int32]
) -> tuple[int, NDArray[np.int32]]:
    """Copy the matches of the kept children behind ``top``; ``work.size`` becomes where each child ends."""
    # A counting sort by symbol: sizes, then where each child begins, then the rows in their order. The arena is a stack
    # of such blocks; whatever lies above `top` belongs to no open pattern.
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
@kernel
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
@kernel
def push(
    stack: NDArray[np.int64], row: int, depth: int, symbol: int, support: int, begin: int, end: int, mark: int
) -> None:
    """Write a pattern to visit: its matches are ``arena[begin:end]``, and the arena is free from ``mark`` on."""
    stack[row, 0], stack[row, 1], stack[row, 2] = depth, symbol, support
    stack[row, 3], stack[row, 4], stack[row, 5] = begin, end, mark


@no_type_check
@kernel
def push_children(
    work: Work, kept: NDArray[np.int32], depth: int, first: int, top: int, stack: NDArray[np.int64], num_stack: int
) -> tuple[NDArray[np.int64], int]:
    """Put the children on the stack so that the smallest symbol is taken first, and zero their counts."""
    stack = grown(stack, num_stack + len(kept))
    # size[s] is where child s ends, which is where the next child begins; the stack takes the last one first.
    for index in range(len(kept) - 1, -1, -1):
        symbol = kept[index]
        begin = work.size[kept[index - 1]] if index else first
        push(stack, num_stack, depth, symbol, work.count[symbol], begin, work.size[symbol], top)
        num_stack += 1
    work.count[kept] = 0
    return stack, num_stack


@no_type_check
@kernel
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
    # out: length, last symbol, support. Row after row this is a walk of the prefix tree: a row of length n keeps the
    # first n - 1 symbols of the row before. stack: depth, symbol, support, begin and end of its matches in the arena,
    # and the mark from which the arena is free.
    arena, stack = np.empty((4096, 2), np.int32), np.empty((256, 6), np.int64)
    for first in firsts:
        top, arena = first_states(db, first, True, arena)
        push(stack, 0, 1, first, db.support[first], 0, top, top)
        num_stack = 1
        while num_stack > 0:
            num_stack -= 1
            depth, symbol, support, begin, end, mark = stack[num_stack]
            # Below top_k the floor may have risen since this pattern was pushed.
            if support < floor_of(ranking):
                continue
            out, num_out = emit(out, num_out, ranking, depth, symbol, support)
            if depth >= max_length:
                continue
            states = arena[begin:end]
            num_matches = 0
            # The second level is known from the pairs, so its scan is left out where tables follow.
            if depth == 1:
                kept = pairs.seconds[pairs.offsets[first] : pairs.offsets[first + 1]]
                counts = pairs.supports[pairs.offsets[first] : pairs.offsets[first + 1]]
                is_dense = dense_pays(len(kept), end - begin, counts.sum())
            if depth > 1 or not is_dense:
                num_matches, num_found = scan_first(db, states, work)
                kept = keep_frequent(work, num_found, floor_of(ranking))
                counts = work.count[kept]
                is_dense = dense_pays(len(kept), end - begin, num_matches)
            # Depth first either way: tables list the whole subtree at once, the arena keeps the children for later.
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
@kernel
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
        # Every event of the first symbol starts a match: under limits the leftmost one may be too far away.
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
