"""The family of hypotheses of an order test, chosen by what shuffling leaves as it is: unordered content.

Choosing by the support of the ordered pattern and then testing that order on the same users is not valid.
"""

from dataclasses import replace
from itertools import permutations
from math import factorial
from typing import no_type_check

import numpy as np
from numba import njit
from numpy.typing import NDArray

from seqmine.mining.constraints import Constraints
from seqmine.mining.frequent import mine_frequent
from seqmine.mining.matching import count_supports
from seqmine.structs import InteractionLog, PatternTable


@no_type_check
@njit(cache=True, nogil=True)
def _sort_histories(items: NDArray[np.int32], offsets: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return the items of each user in ascending order."""
    result = items.copy()
    for user in range(len(offsets) - 1):
        result[offsets[user] : offsets[user + 1]].sort()
    return result


def frequent_multisets(log: InteractionLog, min_count: int, min_length: int, max_length: int) -> PatternTable:
    """Return the multisets of symbols that enough users have, each as an ascending pattern.

    In a history that is sorted, a subsequence is a multiset: the miner of sequences counts sets as well.

    >>> frequent_multisets(InteractionLog.from_lists([[2, 1], [1, 2], [1, 1]]), 2, 2, 2).patterns()
    [(1, 2)]
    """
    ordered = replace(log, items=_sort_histories(log.items, log.offsets))
    return mine_frequent(ordered, min_count, Constraints(min_length=min_length, max_length=max_length))


def num_orderings(pattern: tuple[int, ...]) -> int:
    """Return in how many different orders the symbols of a pattern can come.

    >>> num_orderings((1, 1, 2))
    3
    """
    ways = factorial(len(pattern))
    for symbol in set(pattern):
        ways //= factorial(pattern.count(symbol))
    return ways


def family_size(multisets: PatternTable, *, with_runs: bool) -> int:
    """Return the number of ordered patterns that the multisets stand for.

    Args:
        multisets: as from ``frequent_multisets``.
        with_runs: also count patterns of one symbol repeated, which have a null only under a limit on gaps.
    """
    ways = [num_orderings(pattern) for pattern in multisets.patterns()]
    return sum(way for way in ways if way > 1 or with_runs)


def order_hypotheses(
    log: InteractionLog, min_count: int, constraints: Constraints, min_length: int, max_length: int
) -> PatternTable:
    """Return every order of every multiset that at least ``min_count`` users have, with the support of that order.

    Args:
        log: histories of symbols.
        min_count: users that need to have the symbols, in any order.
        constraints: where the ordered pattern may occur.
        min_length: fewest symbols, at least 2.
        max_length: most symbols; the family grows with its factorial.
    """
    multisets = frequent_multisets(log, min_count, min_length, max_length)
    orders = [
        order
        for pattern in multisets.patterns()
        if len(set(pattern)) > 1
        for order in sorted(set(permutations(pattern)))
    ]
    table = PatternTable.from_lists(orders, [0] * len(orders), log.num_users)
    return replace(table, support_count=count_supports(log, table, constraints))
