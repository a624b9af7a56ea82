"""Exact chances that a pattern occurs when the events of one user are put in random order.

Only what the null leaves fixed enters: how many events there are and how often each symbol comes.
"""

from functools import lru_cache
from math import comb, factorial, perm
from typing import no_type_check

import numpy as np
from numba import njit
from numpy.typing import NDArray

MOST_STATES = 2_000_000
"""A chance that would need more states than this is left to sampling."""


@no_type_check
@njit(cache=True, nogil=True)
def arrangement_chance(masks: NDArray[np.int64], counts: NDArray[np.int64], pattern: NDArray[np.int64]) -> float:
    """Return the chance that a pattern occurs in a random order of blocks, each block used for one symbol at most.

    Follows the leftmost match over what is left of each kind of block.

    Args:
        masks: (D,) the symbols of each kind of block, one bit a symbol; a plain event is a block of one symbol.
        counts: (D,) blocks of each kind.
        pattern: (k,) numbers of the symbols (bits of ``masks``).

    Returns:
        The chance, or -1 where it takes more than ``MOST_STATES`` states.

    >>> arrangement_chance(np.array([1, 2]), np.array([3, 2]), np.array([0, 1]))  # a a a b b, pattern a b
    0.9
    """
    strides = np.empty(len(counts), np.int64)
    size = 1
    for kind in range(len(counts)):
        strides[kind] = size
        size *= counts[kind] + 1
        if size > MOST_STATES:
            return -1.0
    k = len(pattern)
    # reach[state, j]: chance to have used up exactly these blocks with j symbols matched; the last state is "all left".
    reach = np.zeros((size, k))
    reach[size - 1, 0] = 1.0
    found = 0.0
    for state in range(size - 1, 0, -1):
        total = 0
        for kind in range(len(counts)):
            total += state // strides[kind] % (counts[kind] + 1)
        for kind in range(len(counts)):
            left = state // strides[kind] % (counts[kind] + 1)
            if left == 0:
                continue
            chance = left / total
            for matched in range(k):
                flow = reach[state, matched] * chance
                if flow == 0.0:
                    continue
                if (masks[kind] >> pattern[matched]) & 1 == 0:
                    reach[state - strides[kind], matched] += flow
                elif matched + 1 < k:
                    reach[state - strides[kind], matched + 1] += flow
                else:
                    found += flow
    return min(found, 1.0)


@lru_cache(maxsize=100_000)
def distinct_chance(length: int, num_symbols: int, max_gap: int, max_span: int) -> float:
    """Return the chance that different symbols, one event each, come in order within gap and span.

    Args:
        length: events of the user.
        num_symbols: symbols of the pattern.
        max_gap: neighbors are at most this far apart.
        max_span: last position - first position + 1 is at most this.

    >>> distinct_chance(4, 2, 1, 99), distinct_chance(9, 3, 99, 99) * 6
    (0.25, 1.0)
    """
    ways = 0
    for width in range(num_symbols - 1, min(length, max_span)):
        ways += (length - width) * _compositions(width, num_symbols - 1, max_gap)
    return ways / perm(length, num_symbols)


@lru_cache(maxsize=100_000)
def _compositions(total: int, parts: int, largest: int) -> int:
    """Return in how many ways ``parts`` numbers from 1 to ``largest`` have the given sum."""
    if parts == 0:
        return int(total == 0)
    return sum(
        (-1) ** j * comb(parts, j) * comb(total - j * largest - 1, parts - 1)
        for j in range(parts + 1)
        if total - j * largest >= parts
    )


@no_type_check
@njit(cache=True, nogil=True)
def _missing_pair_chance(length: int, num_first: int, num_second: int, max_gap: int) -> float:
    """Return the chance that no event of the first symbol is followed by one of the second within the gap."""
    # state[age, i, j]: i firsts and j seconds used, the last first is age positions back (0: farther than the gap).
    state = np.zeros((max_gap + 1, num_first + 1, num_second + 1))
    state[0, 0, 0] = 1.0
    for position in range(length):
        left = length - position
        after = np.zeros_like(state)
        for i in range(min(num_first, position) + 1):
            for j in range(min(num_second, position - i) + 1):
                first, second = (num_first - i) / left, (num_second - j) / left
                for age in range(max_gap + 1):
                    mass = state[age, i, j]
                    if mass == 0.0:
                        continue
                    older = age + 1 if 0 < age < max_gap else 0
                    after[older, i, j] += mass * max(1.0 - first - second, 0.0)
                    if first > 0.0:
                        after[1, i + 1, j] += mass * first
                    if second > 0.0 and age == 0:
                        after[0, i, j + 1] += mass * second
        state = after
    return state[:, num_first, num_second].sum()


@lru_cache(maxsize=1_000_000)
def pair_chance(length: int, num_first: int, num_second: int, max_gap: int) -> float:
    """Return the chance that some event of one symbol is followed by one of another within the gap; -1 if too large.

    >>> round(pair_chance(4, 1, 1, 1), 12), round(pair_chance(5, 3, 2, 99), 12)
    (0.25, 0.9)
    """
    max_gap = min(max_gap, length)
    if length * (max_gap + 1) * (num_first + 1) * (num_second + 1) > 10 * MOST_STATES:
        return -1.0
    return 1.0 - _missing_pair_chance(length, num_first, num_second, max_gap)


@no_type_check
@njit(cache=True, nogil=True)
def _missing_run_chance(length: int, num_events: int, run: int, max_gap: int) -> float:
    """Return the chance that no ``run`` events of a symbol follow one another with gaps up to the limit."""
    # state[age, c, i]: i events used, the last c of them are an open run, the last is age back (0: out of reach).
    state = np.zeros((max_gap + 1, run, num_events + 1))
    state[0, 0, 0] = 1.0
    for position in range(length):
        left = length - position
        after = np.zeros_like(state)
        for i in range(min(num_events, position) + 1):
            chance = (num_events - i) / left
            for c in range(run):
                for age in range(max_gap + 1):
                    mass = state[age, c, i]
                    if mass == 0.0:
                        continue
                    is_open = 0 < age < max_gap
                    after[age + 1 if is_open else 0, c if is_open else 0, i] += mass * max(1.0 - chance, 0.0)
                    longer = c + 1 if age > 0 else 1
                    if chance > 0.0 and longer < run:
                        after[1, longer, i + 1] += mass * chance
        state = after
    return state[:, :, num_events].sum()


@lru_cache(maxsize=1_000_000)
def run_chance(length: int, num_events: int, run: int, max_gap: int) -> float:
    """Return the chance of ``run`` events of one symbol with gaps up to ``max_gap``; -1 if too large.

    >>> round(run_chance(4, 2, 2, 1), 12)
    0.5
    """
    max_gap = min(max_gap, length)
    if num_events < run:
        return 0.0
    if length * (max_gap + 1) * run * (num_events + 1) > 10 * MOST_STATES:
        return -1.0
    return 1.0 if run == 1 else 1.0 - _missing_run_chance(length, num_events, run, max_gap)


def ordering_chance(num_symbols: int) -> float:
    """Return the chance that different symbols, one event each, come in one given order.

    >>> ordering_chance(2)
    0.5
    """
    return 1.0 / factorial(num_symbols)


@lru_cache(maxsize=1_000_000)
def cached_arrangement_chance(masks: tuple[int, ...], counts: tuple[int, ...], pattern: tuple[int, ...]) -> float:
    """Return ``arrangement_chance`` from plain numbers, remembered."""
    return arrangement_chance(np.array(masks, np.int64), np.array(counts, np.int64), np.array(pattern, np.int64))
