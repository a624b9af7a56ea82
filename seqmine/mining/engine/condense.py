"""Closed and maximal patterns under any limits: those of a complete table that no longer pattern of it makes redundant.

A pattern is closed when no longer pattern of the table contains it as a subsequence with equal support, and maximal
when none contains it at all. The table must hold every frequent pattern under its constraints; patterns beyond the
constraints (longer than ``max_length``, wider than ``max_span``) are not considered, as they are not patterns there.

Where supports never grow with the pattern, it is enough to look at patterns with one symbol more. Under ``max_gap``
they do grow (a c with gap 1 is rarer than a b c), so there every longer pattern that has the rarest symbol is looked
at.
"""

from typing import no_type_check

import numpy as np
from numpy.typing import NDArray

from seqmine.structs import PatternTable
from seqmine.structs.kernels import kernel

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_INVERSE = np.uint64(pow(0x9E3779B97F4A7C15, -1, 2**64))


@no_type_check
@kernel
def _sums(flat: NDArray[np.int32], start: int, stop: int, sums: NDArray[np.uint64]) -> None:
    """Write a polynomial of each beginning of a pattern: one more symbol adds it times a power of the multiplier."""
    power = np.uint64(1)
    sums[0] = np.uint64(0)
    for place in range(start, stop):
        mixed = np.uint64(flat[place] + 1) * _MULTIPLIER
        sums[place - start + 1] = sums[place - start] + (mixed ^ mixed >> np.uint64(31)) * power
        power *= _MULTIPLIER


@no_type_check
@kernel
def _hash(sums: NDArray[np.uint64], size: int, skip: int) -> np.uint64:
    """Return a hash of a pattern of ``size`` symbols without the one at ``skip`` (with ``skip`` = size, of all)."""
    value = sums[skip]
    if skip < size:
        value += (sums[size] - sums[skip + 1]) * _INVERSE
    return value ^ value >> np.uint64(32)


@no_type_check
@kernel
def _same(flat: NDArray[np.int32], start: int, stop: int, skip: int, other: int, other_stop: int) -> bool:
    """Return whether a pattern without its symbol at ``skip`` is another pattern."""
    if other_stop - other != stop - start - (1 if skip >= 0 else 0):
        return False
    for place in range(start, stop):
        if place != skip:
            if flat[place] != flat[other]:
                return False
            other += 1
    return True


@no_type_check
@kernel
def _mark_by_deletion(
    flat: NDArray[np.int32],
    offsets: NDArray[np.int64],
    support: NDArray[np.int64],
    equal: bool,
    slots: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """Return which patterns are another one less a symbol (with ``equal``, one of the same support)."""
    mask = np.uint64(len(slots) - 1)
    sums = np.empty(np.max(np.diff(offsets)) + 1 if len(support) else 1, np.uint64)
    for row in range(len(support)):
        _sums(flat, offsets[row], offsets[row + 1], sums)
        size = offsets[row + 1] - offsets[row]
        slot = _hash(sums, size, size) & mask
        while slots[slot] >= 0:
            slot = (slot + np.uint64(1)) & mask
        slots[slot] = row
    redundant = np.zeros(len(support), np.bool_)
    for row in range(len(support)):
        start, stop = offsets[row], offsets[row + 1]
        _sums(flat, start, stop, sums)
        for skip in range(start, stop):
            if skip > start and flat[skip] == flat[skip - 1]:
                continue  # leaving out any symbol of a run leaves the same
            slot = _hash(sums, stop - start, skip - start) & mask
            while slots[slot] >= 0:
                other = slots[slot]
                if _same(flat, start, stop, skip, offsets[other], offsets[other + 1]):
                    redundant[other] |= not equal or support[other] == support[row]
                    break
                slot = (slot + np.uint64(1)) & mask
    return redundant


@no_type_check
@kernel
def _contains(flat: NDArray[np.int32], start: int, stop: int, other: int, other_stop: int) -> bool:
    """Return whether ``flat[start:stop]`` is a subsequence of ``flat[other:other_stop]``."""
    while start < stop and stop - start <= other_stop - other:
        if flat[start] == flat[other]:
            start += 1
        other += 1
    return start == stop


@no_type_check
@kernel
def _mark_by_search(
    flat: NDArray[np.int32],
    offsets: NDArray[np.int64],
    support: NDArray[np.int64],
    equal: bool,
    redundant: NDArray[np.bool_],
    holders: NDArray[np.int64],
    holder_offsets: NDArray[np.int64],
) -> None:
    """Mark the patterns that any longer one contains; ``holders`` lists the patterns of each symbol."""
    for row in range(len(support)):
        if redundant[row]:
            continue
        start, stop = offsets[row], offsets[row + 1]
        rarest = flat[start]
        for place in range(start, stop):
            symbol = flat[place]
            size = holder_offsets[symbol + 1] - holder_offsets[symbol]
            if size < holder_offsets[rarest + 1] - holder_offsets[rarest]:
                rarest = symbol
        for other in holders[holder_offsets[rarest] : holder_offsets[rarest + 1]]:
            is_longer = offsets[other + 1] - offsets[other] > stop - start
            is_rival = is_longer and (not equal or support[other] == support[row])
            if is_rival and _contains(flat, start, stop, offsets[other], offsets[other + 1]):
                redundant[row] = True
                break


def _condense(table: PatternTable, equal: bool, search: bool) -> PatternTable:
    """Drop what a longer pattern (with ``equal``, of the same support) contains."""
    _, flat = np.unique(table.symbols, return_inverse=True)
    flat = flat.astype(np.int32)
    slots = np.full(2 ** int(np.ceil(np.log2(2 * len(table) + 2))), -1, np.int64)
    redundant = _mark_by_deletion(flat, table.offsets, table.support_count, equal, slots)
    if search and len(table):
        rows = np.repeat(np.arange(len(table)), table.lengths)
        symbols, holders = np.divmod(np.unique(flat * np.int64(len(table)) + rows), len(table))
        holder_offsets = np.concatenate([[0], np.cumsum(np.bincount(symbols))]).astype(np.int64)
        _mark_by_search(flat, table.offsets, table.support_count, equal, redundant, holders, holder_offsets)
    return table.take(np.flatnonzero(~redundant))


def closed_patterns(table: PatternTable, *, support_may_grow: bool = False) -> PatternTable:
    """Return the patterns that no longer one of the table contains with equal support, in the order of the table.

    Args:
        table: every frequent pattern.
        support_may_grow: a longer pattern may have more support than what it contains, as under ``max_gap``.

    >>> table = PatternTable.from_lists([(1,), (2,), (1, 2)], [3, 2, 2], 3)
    >>> closed_patterns(table).patterns()
    [(1,), (1, 2)]
    """
    return _condense(table, equal=True, search=support_may_grow)


def maximal_patterns(table: PatternTable, *, support_may_grow: bool = False) -> PatternTable:
    """Return the patterns that no longer one of the table contains, in the order of the table.

    Args:
        table: every frequent pattern.
        support_may_grow: a longer pattern may have more support than what it contains, as under ``max_gap``.

    >>> table = PatternTable.from_lists([(1,), (2,), (1, 2)], [3, 2, 2], 3)
    >>> maximal_patterns(table).patterns()
    [(1, 2)]
    """
    return _condense(table, equal=False, search=support_may_grow)
