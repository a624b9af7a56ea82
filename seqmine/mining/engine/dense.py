"""The subtree of a pattern by tables: for each symbol and user, the first and the last event that may follow.

A user supports the pattern plus x exactly when the last x comes after the leftmost match of the pattern, so one
comparison of two rows of integers counts an extension, many users an instruction. Pairs that are infrequent, in the
whole log or below the root of the subtree, never come together again (the co-occurrence map of Fournier-Viger et al.,
PAKDD 2014).
"""

from typing import no_type_check

import numpy as np
from numpy.typing import NDArray

from seqmine.mining.engine.pairs import Pairs, may_follow
from seqmine.mining.engine.ranking import Ranking, emit, floor_of
from seqmine.probing.database import NEVER, Database, grown
from seqmine.structs.kernels import kernel

TABLE_CELLS = 2**23
"""Most cells of one table (32 MiB)."""


@no_type_check
@kernel
def dense_pays(num_kept: int, num_states: int, num_matches: int) -> bool:
    """Return whether tables of the extensions are small compared with the matches that scans would revisit."""
    # Three bounds: the memory of a table, that of the pair counts, and at most 16 cells per match of a scan (cells are
    # read a row at a time, matches event by event).
    cells = num_kept * num_states
    return cells <= TABLE_CELLS and num_kept * num_kept <= TABLE_CELLS and cells <= 4096 + 16 * num_matches


@no_type_check
@kernel
def _tables(
    db: Database, states: NDArray[np.int32], kept: NDArray[np.int32], slot: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Return first and last event of each kept symbol and user after the match, and the end of the match."""
    # Rows are kept symbols, columns the users (states) that have the root pattern. An absent symbol has first NEVER and
    # last -1, so every comparison below is False for it.
    first = np.full((len(kept), len(states)), NEVER, np.int32)
    last = np.full((len(kept), len(states)), -1, np.int32)
    ends = np.empty((8, len(states)), np.int32)
    for index in range(len(kept)):
        slot[kept[index]] = index
    for row in range(len(states)):
        begin = db.follow[states[row, 0]]
        # ends[level] is the event before the first that may follow, not the event of the match: under strict time the
        # rest of its moment is behind it, and then "after the match" is one comparison in both cases.
        ends[0, row] = begin - 1
        for event in range(begin, db.stop[db.user[states[row, 0]]]):
            index = slot[db.symbol[event]]
            if index >= 0:
                last[index, row] = event
                if first[index, row] == NEVER:
                    first[index, row] = event
    for index in range(len(kept)):
        slot[kept[index]] = -1
    return first, last, ends


@no_type_check
@kernel
def _advance(
    db: Database, first: NDArray[np.int32], last: NDArray[np.int32], ends: NDArray[np.int32], result: NDArray[np.int32]
) -> None:
    """Write where the leftmost match ends once one more symbol is matched; ``NEVER`` where it is not."""
    for row in range(len(ends)):
        # NEVER compares as later than every last event, so users who lost the pattern drop out of all counts below.
        result[row] = NEVER
        if last[row] > ends[row]:
            event = first[row]
            # next_same jumps from event to event of this symbol; last > ends says that the walk stops at one.
            while event <= ends[row]:
                event = db.next_same[event]
            result[row] = db.follow[event] - 1


@no_type_check
@kernel
def _count_later(last: NDArray[np.int32], ends: NDArray[np.int32]) -> int:
    """Return the number of users whose last event of the symbol comes after the match."""
    # No branch, one type: the compiler turns this loop into vector instructions.
    count = np.int32(0)
    for row in range(len(last)):
        count += np.int32(last[row] > ends[row])
    return count


@no_type_check
@kernel
def _pair_counts(
    db: Database,
    first: NDArray[np.int32],
    last: NDArray[np.int32],
    ends: NDArray[np.int32],
    kept: NDArray[np.int32],
    pairs: Pairs,
) -> NDArray[np.int32]:
    """Return the support of the root pattern plus each ordered pair of kept symbols; 0 where it cannot be frequent."""
    counts = np.zeros((len(kept), len(kept)), np.int32)
    child = np.empty_like(ends)
    # counts[a, b]: users of root + a + b. Supports fall with every further symbol, so a pair below the floor here is
    # below it in the whole subtree (CMAP pruning, Fournier-Viger et al., local to the root).
    for before in range(len(kept)):
        is_ready = False
        for after in range(len(kept)):
            if may_follow(pairs, kept[before], kept[after]):
                if not is_ready:
                    _advance(db, first[before], last[before], ends, child)
                    is_ready = True
                counts[before, after] = _count_later(last[after], child)
    return counts


@no_type_check
@kernel
def _any_may_follow(pairs: Pairs, kept: NDArray[np.int32]) -> bool:
    """Return whether two of the kept symbols may follow each other."""
    for first in kept:
        for second in kept:
            if may_follow(pairs, first, second):
                return True
    return False


@no_type_check
@kernel
def mine_dense(
    db: Database,
    states: NDArray[np.int32],
    kept: NDArray[np.int32],
    count: NDArray[np.int32],
    slot: NDArray[np.int32],
    pairs: Pairs,
    depth: int,
    max_length: int,
    ranking: Ranking,
    out: NDArray[np.int32],
    num_out: int,
) -> tuple[NDArray[np.int32], int]:
    """Append every frequent extension of a pattern of ``depth`` symbols to ``out``; return it and its new length."""
    if depth + 1 >= max_length or not _any_may_follow(pairs, kept):
        for index in range(len(kept)):
            if count[index] >= floor_of(ranking):
                out, num_out = emit(out, num_out, ranking, depth + 1, kept[index], count[index])
        return out, num_out
    # The last level, and symbols that never come together, need no tables: the counts of the scan are the answer.
    first, last, ends = _tables(db, states, kept, slot)
    counts = _pair_counts(db, first, last, ends[0], kept, pairs)
    # A stack by levels: options[level, :size] are the symbols that still extend the pattern there, cursor the next one
    # to take. What does not extend a pattern does not extend its extensions, so options only shrink.
    options, supports = np.empty((8, len(kept)), np.int32), np.empty((8, len(kept)), np.int32)
    size, cursor = np.zeros((8, 1), np.int32), np.zeros((8, 1), np.int32)
    size[0, 0] = len(kept)
    for index in range(len(kept)):
        options[0, index], supports[0, index] = index, count[index]
    level = 0
    while level >= 0:
        if cursor[level, 0] == size[level, 0]:
            level -= 1
            continue
        symbol, support = options[level, cursor[level, 0]], supports[level, cursor[level, 0]]
        cursor[level, 0] += 1
        if support < floor_of(ranking):
            continue
        out, num_out = emit(out, num_out, ranking, depth + level + 1, kept[symbol], support)
        if depth + level + 1 >= max_length:
            continue
        below = level + 1
        ends, options, supports = grown(ends, below + 1), grown(options, below + 1), grown(supports, below + 1)
        size, cursor = grown(size, below + 1), grown(cursor, below + 1)
        # No symbol is frequent after this one anywhere below the root, so there is nothing to advance for.
        if counts[symbol].max() < floor_of(ranking):
            continue
        _advance(db, first[symbol], last[symbol], ends[level], ends[below])
        # On the first level the pair counts are the supports themselves, which saves the comparison of rows.
        size[below, 0] = _extensions(
            last, counts[symbol], ends[below], options[level, : size[level, 0]], options[below], supports[below],
            level == 0, floor_of(ranking),
        )  # fmt: skip
        cursor[below, 0] = 0
        level = below
    return out, num_out


@no_type_check
@kernel
def _extensions(
    last: NDArray[np.int32],
    counts: NDArray[np.int32],
    ends: NDArray[np.int32],
    options: NDArray[np.int32],
    kept: NDArray[np.int32],
    supports: NDArray[np.int32],
    is_root: bool,
    floor: int,
) -> int:
    """Fill in the frequent ones among the options and their supports; return how many there are."""
    num_kept = 0
    for symbol in options:
        if counts[symbol] < floor:
            continue
        support = counts[symbol] if is_root else _count_later(last[symbol], ends)
        if support >= floor:
            kept[num_kept] = symbol
            supports[num_kept] = support
            num_kept += 1
    return num_kept
