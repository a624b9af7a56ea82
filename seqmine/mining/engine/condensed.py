"""Search for closed and maximal patterns only, without the many others that they stand for.

BIDE (Wang and Han, ICDE 2004): a pattern is closed when no symbol can be put before, into or behind it in every user
that has it, and the whole subtree of a prefix is left out when a symbol fits into the first match of that prefix in
every user (BackScan), as every pattern below it has a longer one of equal support. A closed pattern is maximal when no
symbol can be put anywhere in enough users. Only patterns that are kept take memory.

A symbol fits before event j of a pattern when it lies behind the leftmost match of what comes before j, and ahead of
the rightmost match of what comes from j on. All that holds where no limit but ``strict_time`` and ``min_length`` is
set: under a limit on gaps supports may grow with the pattern, and under ``max_length`` the longer one may be too long.
"""

from typing import no_type_check

import numpy as np
from numpy.typing import NDArray

from seqmine.mining.engine.frequent import Progress, in_chunks, num_workers, selected, too_many_patterns, users_who_can
from seqmine.mining.engine.ranking import MOST_PATTERNS
from seqmine.mining.engine.search import (
    first_states,
    keep_frequent,
    push,
    push_children,
    scan_first,
    store_children,
)
from seqmine.mining.engine.work import Work, new_work
from seqmine.probing.database import Database, build_database, grown
from seqmine.probing.matching import lexicographic_order
from seqmine.structs import InteractionLog, PatternTable
from seqmine.structs.constraints import Constraints
from seqmine.structs.kernels import kernel


@no_type_check
@kernel
def _leftmost(db: Database, start: int, pattern: NDArray[np.int32], places: NDArray[np.int32]) -> None:
    """Write the events of the leftmost match of a pattern, from an event on; the match must exist."""
    event = start
    for index in range(len(pattern)):
        while db.symbol[event] != pattern[index]:
            event += 1
        places[index] = event
        event = db.follow[event]


@no_type_check
@kernel
def _rightmost(db: Database, last: int, pattern: NDArray[np.int32], places: NDArray[np.int32]) -> None:
    """Write the events of the rightmost match of a pattern that ends at ``last`` or before; the match must exist."""
    # bound: the event that comes next in the match. Under strict time what shares its moment may not come before it,
    # which is what follow > bound says.
    event, bound = last, np.int32(2**31 - 1)
    for index in range(len(pattern) - 1, -1, -1):
        while db.symbol[event] != pattern[index] or db.follow[event] > bound:
            event -= 1
        places[index] = event
        bound = np.int32(event)
        event -= 1


@no_type_check
@kernel
def _bounds(
    db: Database,
    end: int,
    pattern: NDArray[np.int32],
    in_first: bool,
    first: NDArray[np.int32],
    last: NDArray[np.int32],
) -> int:
    """Write leftmost and rightmost match of a user, the latter within the former if asked; return the first event."""
    # BIDE's semi-maximum periods: before event j lies what is behind the leftmost match of the j events before, and
    # ahead of the rightmost match of the events from j on. For BackScan the latter ends with the first match.
    user = db.user[end]
    start = db.stop[user - 1] if user > 0 else 0
    _leftmost(db, start, pattern, first)
    _rightmost(db, end if in_first else db.stop[user] - 1, pattern, last)
    return start


@no_type_check
@kernel
def _fits_in_all(
    db: Database,
    states: NDArray[np.int32],
    pattern: NDArray[np.int32],
    in_first: bool,
    marks: NDArray[np.int64],
    clock: NDArray[np.int64],
) -> bool:
    """Tell whether a symbol fits at one place of the pattern in every user; most often two users show that none does.

    Args:
        db: the indexed log.
        states: (U, 2) end of the leftmost match of each user.
        pattern: the symbols.
        in_first: it must fit into the leftmost match.
        marks: (at least k, F) up to which user a symbol has fitted at each place, relative to the clock.
        clock: (1,) above every mark.
    """
    # A symbol fits in every user when it fits in the first, and in the second, and so on: marks[place, symbol] is base
    # + the number of users up to which it has. A symbol that misses one user never catches up.
    first, last = np.empty(len(pattern), np.int32), np.empty(len(pattern), np.int32)
    is_open = np.ones(len(pattern), np.bool_)
    # The clock moves on by one per user, so marks of earlier calls lie below base and need no clearing.
    base = clock[0]
    clock[0] += len(states) + 1
    for row in range(len(states)):
        start = _bounds(db, states[row, 0], pattern, in_first, first, last)
        is_any_open = False
        for place in range(len(pattern)):
            if not is_open[place]:
                continue
            is_open[place] = False
            for event in range(start if place == 0 else db.follow[first[place - 1]], last[place]):
                # Under strict time an event of the same moment as the next one of the match does not fit before it.
                if db.follow[event] > last[place]:
                    break
                symbol = db.symbol[event]
                # base + row: it fitted in every user before this one; base + row + 1: also here, and counted once.
                if row == 0 or marks[place, symbol] >= base + row:
                    marks[place, symbol] = base + row + 1
                    is_open[place] = True
            is_any_open |= is_open[place]
        # No place is left where one symbol fitted in all users so far; most patterns end here after two users.
        if not is_any_open:
            return False
    return True


@no_type_check
@kernel
def _fits_in_enough(
    db: Database,
    states: NDArray[np.int32],
    pattern: NDArray[np.int32],
    min_count: int,
    marks: NDArray[np.int64],
    counts: NDArray[np.int32],
    clock: NDArray[np.int64],
) -> bool:
    """Tell whether a symbol fits at one place of the pattern in at least ``min_count`` users."""
    size = len(pattern)
    first, last = np.empty((len(states), size), np.int32), np.empty((len(states), size), np.int32)
    starts = np.empty(len(states), np.int32)
    for row in range(len(states)):
        starts[row] = _bounds(db, states[row, 0], pattern, False, first[row], last[row])
    # Maximal: a longer frequent pattern need not have all users of this one, so users are counted per symbol.
    for place in range(size):
        base = clock[0]
        clock[0] += len(states) + 1
        for row in range(len(states)):
            start = starts[row] if place == 0 else db.follow[first[row, place - 1]]
            for event in range(start, last[row, place]):
                if db.follow[event] > last[row, place]:
                    break
                symbol = db.symbol[event]
                # A mark of an earlier place or call: the count that goes with it is stale.
                if marks[0, symbol] <= base:
                    counts[symbol] = 0
                if marks[0, symbol] != base + row + 1:
                    marks[0, symbol] = base + row + 1
                    counts[symbol] += 1
                    if counts[symbol] >= min_count:
                        return True
    return False


@no_type_check
@kernel
def search_condensed(
    db: Database, firsts: NDArray[np.int64], min_count: int, is_maximal: bool, work: Work
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the closed (or the maximal) patterns that begin with the given symbols.

    Args:
        db: the indexed log.
        firsts: local numbers of the first symbols.
        min_count: users that a pattern needs.
        is_maximal: keep the maximal ones alone.
        work: scratch memory of this thread.

    Returns:
        (P, 2) length and support of each pattern, and the local numbers of all their symbols, one after the other.
    """
    rows, num_rows = np.empty((1024, 2), np.int32), 0
    flat, num_flat = np.empty((4096, 1), np.int32), 0
    # rows: length and support of each kept pattern, its symbols in flat; arena and stack as in `search_leftmost`.
    arena, stack = np.empty((4096, 2), np.int32), np.empty((256, 6), np.int64)
    path, marks = np.empty((8, 1), np.int32), np.zeros((8, len(db.names)), np.int64)
    counts, clock = np.zeros(len(db.names), np.int32), np.ones(1, np.int64)
    for first in firsts:
        top, arena = first_states(db, first, True, arena)
        push(stack, 0, 1, first, db.support[first], 0, top, top)
        num_stack = 1
        while num_stack > 0:
            num_stack -= 1
            depth, symbol, support, begin, end, mark = stack[num_stack]
            path = grown(path, depth)
            if depth > len(marks):
                marks = np.zeros((2 * depth, len(db.names)), np.int64)
            # Depth first with the prefix on the stack before its children: path[: depth - 1] is the prefix of this
            # pattern.
            path[depth - 1, 0] = symbol
            pattern, states = path[:depth, 0].copy(), arena[begin:end]
            # BackScan: every pattern of this subtree has a longer one of equal support elsewhere, so none is closed.
            if _fits_in_all(db, states, pattern, True, marks, clock):
                continue
            num_matches, num_found = scan_first(db, states, work)
            kept = keep_frequent(work, num_found, min_count)
            # Forward extensions first, as the scan has counted them: a frequent child rules out a maximal pattern, a
            # child of equal support a closed one.
            is_kept = len(kept) == 0 or (not is_maximal and work.count[kept].max() < support)
            if is_kept and is_maximal:
                is_kept = not _fits_in_enough(db, states, pattern, min_count, marks, counts, clock)
            elif is_kept:
                is_kept = not _fits_in_all(db, states, pattern, False, marks, clock)
            if is_kept:
                if num_rows >= MOST_PATTERNS:
                    raise OverflowError("too many patterns")
                rows, flat = grown(rows, num_rows + 1), grown(flat, num_flat + depth)
                rows[num_rows, 0], rows[num_rows, 1] = depth, support
                flat[num_flat : num_flat + depth, 0] = pattern
                num_rows, num_flat = num_rows + 1, num_flat + depth
            if len(kept):
                top, arena = store_children(db, work, kept, num_matches, mark, arena)
                stack, num_stack = push_children(work, kept, depth + 1, mark, top, stack, num_stack)
    return rows[:num_rows].copy(), flat[:num_flat, 0].copy()


def is_searchable(constraints: Constraints) -> bool:
    """Tell whether closed and maximal patterns can be searched directly under these limits."""
    return constraints.is_greedy and constraints.max_length is None


def mine_condensed(
    log: InteractionLog,
    min_count: int,
    constraints: Constraints,
    *,
    is_maximal: bool,
    num_threads: int,
    progress: Progress,
) -> PatternTable:
    """Return the closed or maximal patterns by falling support, then in lexicographic order.

    Args:
        log: histories of symbols.
        min_count: users that a pattern needs (inclusive).
        constraints: limits for which ``is_searchable`` holds.
        is_maximal: return the maximal patterns, else the closed ones.
        num_threads: threads to use, 0 for all cores.
        progress: told of the share that is done.

    Raises:
        UserError: the log lacks timestamps that the constraints need, or there are too many patterns.
    """
    constraints.check(log)
    database = build_database(users_who_can(log, constraints), min_count, constraints.strict_time)
    threads = num_workers(num_threads)
    works = [new_work(database) for _ in range(threads)]
    nothing = np.empty((0, 2), np.int32), np.empty(0, np.int32)
    with too_many_patterns(min_count):
        parts = in_chunks(
            lambda firsts, worker: search_condensed(database, firsts, min_count, is_maximal, works[worker]),
            database.support.astype(np.float64), threads, progress,
        )  # fmt: skip
        rows, symbols = (np.concatenate(columns) for columns in zip(nothing, *parts, strict=True))
    offsets = np.concatenate([[0], np.cumsum(rows[:, 0])]).astype(np.int64)
    table = PatternTable(database.names[symbols], offsets, rows[:, 1].astype(np.int64), log.num_users)
    table = table.take(lexicographic_order(table))
    return selected(table, constraints)
