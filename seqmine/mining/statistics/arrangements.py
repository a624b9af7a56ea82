"""Exact chances that a pattern occurs when the events of one user are put in random order.

Only what the null leaves fixed enters: how many events there are and how often each symbol comes.
"""

from functools import lru_cache
from math import comb, factorial, perm
from typing import no_type_check

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from seqmine.structs.kernels import kernel

MOST_STATES = 2_000_000
"""A chance that would need more states than this is left to sampling."""


@no_type_check
@kernel
def arrangement_chance(masks: NDArray[np.int64], counts: NDArray[np.int64], pattern: NDArray[np.int64]) -> float:
    """Return the chance that a pattern occurs in a random order of blocks, each block used for one symbol at most.

    Follows the leftmost match over what is left of each kind of block.

    Args:
        masks: (D,) the symbols of each kind of block, one bit per symbol; a plain event is a block of one symbol.
        counts: (D,) blocks of each kind.
        pattern: (k,) numbers of the symbols (bits of ``masks``).

    Returns:
        The chance, or -1 where it takes more than ``MOST_STATES`` states.

    >>> round(arrangement_chance(np.array([1, 2]), np.array([3, 2]), np.array([0, 1])), 12)  # a a a b b, pattern a b
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
    left, total = counts.copy(), np.sum(counts)
    for state in range(size - 1, 0, -1):
        for kind in range(len(counts)):
            if left[kind] == 0:
                continue
            chance = left[kind] / total
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
        # what is left of each kind are the digits of the state, which is counted down
        kind = 0
        while left[kind] == 0:
            left[kind] = counts[kind]
            total += counts[kind]
            kind += 1
        left[kind] -= 1
        total -= 1
    return min(found, 1.0)


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
@kernel
def _age_steps(pattern: NDArray[np.int64], num_symbols: int, max_gap: int) -> NDArray[np.int64]:
    """Return what an event makes of the open matches: one row per symbol, the last for any other symbol; -1 is a match.

    How long ago the first j symbols were last matched (1: one position back, 0: out of reach) is digit j - 1.
    """
    base, k = max_gap + 1, len(pattern)
    size = base ** (k - 1)
    steps = np.zeros((num_symbols + 1, size), np.int64)
    for symbol in range(num_symbols + 1):
        for state in range(size):
            result, weight, rest, before = 0, 1, state, 1
            for place in range(k):
                age = rest % base if place < k - 1 else 0
                rest //= base
                if pattern[place] == symbol and before > 0:
                    result = result + weight if place < k - 1 else -1
                elif place < k - 1 and 0 < age < max_gap:
                    result += weight * (age + 1)
                before = age
                weight *= base
            steps[symbol, state] = result
    return steps


@no_type_check
@kernel
def _missing_gap_chance(length: int, counts: NDArray[np.int64], steps: NDArray[np.int64]) -> float:
    """Return the chance that a pattern does not occur within the gap, going through the history event by event."""
    num_symbols, size = len(counts), 1
    strides = np.empty(num_symbols, np.int64)
    for symbol in range(num_symbols):
        strides[symbol] = size
        size *= counts[symbol] + 1
    total = counts.sum()
    # mass[used, ages]: these events used up, these matches open, no match complete.
    mass, after = np.zeros((size, steps.shape[1])), np.zeros((size, steps.shape[1]))
    mass[0, 0] = 1.0
    for position in range(length):
        after[:] = 0.0
        left = length - position
        for used in range(size):
            num_used = 0
            for symbol in range(num_symbols):
                num_used += used // strides[symbol] % (counts[symbol] + 1)
            if num_used > position:
                continue
            others = max(left - (total - num_used), 0) / left
            for ages in range(steps.shape[1]):
                here = mass[used, ages]
                if here == 0.0:
                    continue
                after[used, steps[num_symbols, ages]] += here * others
                for symbol in range(num_symbols):
                    open_events = counts[symbol] - used // strides[symbol] % (counts[symbol] + 1)
                    step = steps[symbol, ages]
                    if open_events > 0 and step >= 0:
                        after[used + strides[symbol], step] += here * open_events / left
        mass, after = after, mass
    return mass[size - 1].sum()


def gap_chance(length: int, counts: tuple[int, ...], pattern: tuple[int, ...], max_gap: int) -> float:
    """Return the chance that a pattern occurs with gaps up to the limit in a random order; -1 if too large.

    The latest match of each beginning of the pattern is all that its continuation depends on.

    Args:
        length: events of the user.
        counts: events of each symbol of the pattern.
        pattern: the symbols, numbered as ``counts``.
        max_gap: neighbors are at most this far apart.

    >>> round(gap_chance(4, (1, 1), (0, 1), 1), 12), round(gap_chance(5, (3, 2), (0, 1, 0), 5), 12)
    (0.25, 0.7)
    """
    max_gap = min(max_gap, length)
    states = (max_gap + 1.0) ** (len(pattern) - 1) * float(np.prod([count + 1.0 for count in counts]))
    if states * length > 10 * MOST_STATES:
        return -1.0
    steps = _age_steps(np.array(pattern, np.int64), len(counts), max_gap)
    return max(0.0, 1.0 - float(_missing_gap_chance(length, np.array(counts, np.int64), steps)))


@no_type_check
@kernel
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
    return 1.0 if run == 1 else max(0.0, 1.0 - _missing_run_chance(length, num_events, run, max_gap))


def ordering_chance(num_symbols: int) -> float:
    """Return the chance that different symbols, one event each, come in one given order.

    >>> ordering_chance(2)
    0.5
    """
    return 1.0 / factorial(num_symbols)


def pair_chances(first: NDArray[np.int32], second: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return the chances that some event of one symbol comes before some event of another, without limits on place.

    It does not only where all events of the second come first, which is one of all the ways to choose their places.

    Args:
        first: events of the first symbol, of each user, at least one.
        second: events of the second.

    >>> pair_chances(np.array([1, 3]), np.array([1, 2])).round(12).tolist()
    [0.5, 0.9]
    """
    one, two = first.astype(np.int64), second.astype(np.int64)
    known = _PAIRS[np.minimum(one, len(_PAIRS) - 1), np.minimum(two, len(_PAIRS) - 1)]
    if max(one.max(initial=0), two.max(initial=0)) < len(_PAIRS):
        return known
    missing = np.exp(gammaln(one + 1.0) + gammaln(two + 1.0) - gammaln(one + two + 1.0))
    return np.where(np.maximum(one, two) < len(_PAIRS), known, 1 - missing)


_PAIRS = np.array([[1 - 1 / comb(one + two, one) for two in range(20)] for one in range(20)])
"""What ``pair_chances`` returns for few events, exactly."""
