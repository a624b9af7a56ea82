"""The support that a pattern needs: fixed, or rising to that of the k-th best pattern found so far."""

from typing import NamedTuple, no_type_check

import numpy as np
from numpy.typing import NDArray

from seqmine.probing.database import grown
from seqmine.structs.kernels import kernel

MOST_PATTERNS = 50_000_000
"""A search that finds more gives up: its rows alone would fill 600 MB."""


class Ranking(NamedTuple):
    """What one thread knows of the best patterns.

    Args:
        shared: (1,) the highest floor that any thread has proven; a lost update only makes the search longer.
        state: (5,) own floor, k (0 keeps the floor where it is), patterns at or above the floor, min_length, and how
            many patterns are too many.
        histogram: (U + 1,) patterns found with each support.
    """

    shared: NDArray[np.int64]
    state: NDArray[np.int64]
    histogram: NDArray[np.int64]


def fixed_ranking(min_count: int, most_patterns: int = MOST_PATTERNS) -> Ranking:
    """Return a floor that never moves."""
    return Ranking(np.array([min_count]), np.array([min_count, 0, 0, 1, most_patterns]), np.zeros(1, np.int64))


def rising_ranking(shared: NDArray[np.int64], top_k: int, min_length: int, num_users: int) -> Ranking:
    """Return a floor that rises with the k-th best pattern of at least ``min_length`` symbols."""
    return Ranking(
        shared, np.array([shared[0], top_k, 0, min_length, MOST_PATTERNS]), np.zeros(num_users + 2, np.int64)
    )


@no_type_check
@kernel
def floor_of(ranking: Ranking) -> int:
    """Return the support below which nothing can be among the best."""
    return max(ranking.shared[0], ranking.state[0])


@no_type_check
@kernel
def note_support(ranking: Ranking, length: int, support: int) -> None:
    """Count a pattern that was found, and raise the floor where k patterns lie above it."""
    top_k = ranking.state[1]
    if top_k == 0 or length < ranking.state[3] or support < ranking.state[0]:
        return
    ranking.histogram[support] += 1
    ranking.state[2] += 1
    while ranking.state[2] - ranking.histogram[ranking.state[0]] >= top_k:
        ranking.state[2] -= ranking.histogram[ranking.state[0]]
        ranking.state[0] += 1
    ranking.shared[0] = max(ranking.shared[0], ranking.state[0])


@no_type_check
@kernel
def emit(
    out: NDArray[np.int32], num_out: int, ranking: Ranking, length: int, symbol: int, support: int
) -> tuple[NDArray[np.int32], int]:
    """Append a pattern to the rows found; return them and how many they are."""
    if num_out >= ranking.state[4]:
        raise OverflowError("too many patterns")
    out = grown(out, num_out + 1)
    out[num_out, 0], out[num_out, 1], out[num_out, 2] = length, symbol, support
    note_support(ranking, length, support)
    return out, num_out + 1
