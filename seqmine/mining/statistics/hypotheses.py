"""The hypothesis family of an order test, chosen by what the permutation null keeps: unordered content.

Choosing by the support of the ordered pattern and then testing that order on the same users is not valid.
"""

from dataclasses import dataclass, replace
from typing import no_type_check

import numpy as np
from numpy.typing import NDArray

from seqmine.mining.engine.frequent import TooManyPatternsError, mine_frequent
from seqmine.structs import InteractionLog, PatternTable
from seqmine.structs.constraints import Constraints
from seqmine.structs.kernels import kernel
from seqmine.structs.log import segment_positions
from seqmine.structs.places import told

MOST_MULTISETS = 2_000_000
"""More multisets than this are not counted one by one: a bound on their number takes its place."""
MOST_STEPS = 50_000_000_000
"""Events that the search for multisets may look at, about; where histories are long there may be fewer multisets."""
_MOST_ORDERS = 1e300


@dataclass(frozen=True)
class Family:
    """A hypothesis family: how many orders there are of the multisets of symbols that enough users have.

    Args:
        sizes: by length from 0 on; no length below 2 has any.
        exact_length: the sizes of longer patterns are upper bounds.
        note: what a person should know of the family; None where all sizes are exact.
    """

    sizes: NDArray[np.float64]
    exact_length: int
    note: str | None

    @property
    def total(self) -> int:
        """Number of hypotheses of all lengths."""
        return int(self.sizes.sum())

    def weights(self, lengths: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the weight of a hypothesis of each of these lengths: every length gets an equal share of the error.

        The mean over the whole family is 1, and what is no hypothesis has the weight 0.

        >>> Family(np.array([0.0, 0.0, 6.0, 2.0]), 3, None).weights(np.array([1, 2, 3])).round(3).tolist()
        [0.0, 0.667, 2.0]
        """
        shares = np.zeros(len(self.sizes))
        is_asked = self.sizes > 0
        shares[is_asked] = self.sizes.sum() / (np.count_nonzero(is_asked) * self.sizes[is_asked])
        return shares[lengths]


def order_family(log: InteractionLog, min_count: int, longest: int, most_multisets: int | None = None) -> Family:
    """Count the orders of every multiset of 2 to ``longest`` symbols that enough users have.

    Where there are too many multisets, a length is bounded by the one before times the number of frequent symbols:
    whatever is frequent is also without its last symbol. A family that is taken for larger costs power only.

    Args:
        log: the histories that patterns were mined from.
        min_count: users that need to have the symbols in any order.
        longest: length of the longest pattern that was mined.
        most_multisets: as many are counted one by one; unset, as many as take a minute or so.
    """
    if most_multisets is None:
        most_multisets = _affordable(log, min_count)
    sizes = np.zeros(max(longest, 1) + 1)
    if longest < 2:
        return Family(sizes, longest, None)
    multisets, exact_length = _counted(log, min_count, longest, most_multisets)
    counted = np.bincount(multisets.lengths, weights=num_orderings(multisets))
    sizes[: len(counted)] = counted
    for length in range(exact_length + 1, longest + 1):
        sizes[length] = min(sizes[length - 1] * sizes[1], _MOST_ORDERS)
    sizes[1] = 0
    if exact_length == longest:
        return Family(sizes, longest, None)
    note = told(
        f"More than {most_multisets:,} sets of up to {longest} symbols are had by {min_count:,} users in any order, so "
        f"patterns of more than {exact_length} symbols are corrected for an upper bound on the number of hypotheses: "
        "lower `miner.max_length` or raise `miner.min_count` (or `miner.min_support`) for the exact number."
    )
    return Family(sizes, exact_length, note)


def _affordable(log: InteractionLog, min_count: int) -> int:
    """Return how many multisets can be counted one by one: each takes a look at the histories of its users."""
    events_of_a_user = float(np.square(log.lengths, dtype=np.float64).sum()) / max(log.num_events, 1)
    return int(min(MOST_MULTISETS, MOST_STEPS / max(min_count * events_of_a_user, 1.0)))


def _counted(log: InteractionLog, min_count: int, longest: int, most_multisets: int) -> tuple[PatternTable, int]:
    """Return the frequent multisets of all lengths up to one that there are few enough of, and that length."""
    try:
        return frequent_multisets(log, min_count, longest, most_multisets), longest
    except TooManyPatternsError:
        found, length = frequent_multisets(log, min_count, 1), 1
    # All tries together find no more than is allowed, so that many lengths cost no more than few.
    left = most_multisets - len(found)
    while length < longest - 1:
        try:
            found = frequent_multisets(log, min_count, length + 1, left)
        except TooManyPatternsError:
            break
        length, left = length + 1, left - len(found)
    return found, length


@no_type_check
@kernel
def _sort_histories(items: NDArray[np.int32], offsets: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return the items of each user in ascending order."""
    result = items.copy()
    for user in range(len(offsets) - 1):
        result[offsets[user] : offsets[user + 1]].sort()
    return result


def frequent_multisets(
    log: InteractionLog, min_count: int, max_length: int, most_multisets: int = MOST_MULTISETS
) -> PatternTable:
    """Return the multisets of symbols that enough users have, each as an ascending pattern.

    In a history that is sorted, a subsequence is a multiset: the miner of sequences counts sets as well.

    Args:
        log: histories of symbols.
        min_count: users that need to have the symbols in any order.
        max_length: most symbols.
        most_multisets: give up where there are more.

    Raises:
        TooManyPatternsError: there are more.

    >>> frequent_multisets(InteractionLog.from_lists([[2, 1], [1, 2], [1, 1]]), 2, 2).patterns()
    [(1,), (1, 2), (2,)]
    """
    ordered = replace(log, items=_sort_histories(log.items, log.offsets))
    return mine_frequent(ordered, min_count, Constraints(max_length=max_length), most_patterns=most_multisets)


def num_orderings(multisets: PatternTable) -> NDArray[np.float64]:
    """Return in how many different orders the symbols of each pattern can come; a huge number where it is larger.

    Args:
        multisets: ascending patterns, as from ``frequent_multisets``.

    >>> num_orderings(PatternTable.from_lists([(1, 1, 2), (1, 1)], [0, 0], 1)).tolist()
    [3.0, 1.0]
    """
    if not len(multisets):
        return np.zeros(0)
    places = np.arange(len(multisets.symbols))
    firsts = np.zeros(len(places), np.bool_)
    firsts[multisets.offsets[:-1]] = True
    place = segment_positions(np.ones_like(multisets.lengths), multisets.lengths)
    firsts[1:] |= multisets.symbols[1:] != multisets.symbols[:-1]
    repeat = places - np.maximum.accumulate(np.where(firsts, places, 0)) + 1
    # k! over the factorials of the repeats, place by place.
    with np.errstate(over="ignore"):
        ways = np.multiply.reduceat(place / repeat, multisets.offsets[:-1])
    return np.minimum(np.rint(ways), _MOST_ORDERS)
