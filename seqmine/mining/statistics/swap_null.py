"""Co-occurrence test: supports of unordered sets under the swap null, which keeps user activity and item popularity.

The null is the uniform distribution over all user-item tables with the same row and column sums, walked by Curveball
trades (Strona et al., Nature Communications 2014; uniform by Carstens, 2015).
"""

from typing import no_type_check

import numpy as np
from numba import njit
from numpy.typing import NDArray

from seqmine.structs import InteractionLog, PatternTable
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import PositiveInt, Seed


@no_type_check
@njit(cache=True, nogil=True)
def _different_items(
    items: NDArray[np.int32], offsets: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the histories with every item once."""
    flat, starts = np.empty(len(items), np.int32), np.zeros(len(offsets), np.int64)
    # last[item]: the user that had the item last, so a repeat within a user is seen without a set.
    last = np.full(items.max() + 1 if len(items) else 1, -1, np.int64)
    size = 0
    for user in range(len(offsets) - 1):
        for event in range(offsets[user], offsets[user + 1]):
            if last[items[event]] != user:
                last[items[event]] = user
                flat[size] = items[event]
                size += 1
        starts[user + 1] = size
    return flat[:size].copy(), starts


@no_type_check
@njit(cache=True, nogil=True)
def _trade(flat: NDArray[np.int32], starts: NDArray[np.int64], num_trades: int, seed: int) -> None:
    """Let random pairs of users trade what only one of them has, in place; both keep how many items they have."""
    np.random.seed(seed)  # noqa: NPY002 - numba compiles this generator only
    # A Curveball trade: what both users have stays, what only one of them has is pooled, shuffled and dealt again into
    # the same places. Row sums stay as places stay, column sums as items only change hands.
    num_users = len(starts) - 1
    owner = np.zeros(flat.max() + 1, np.int64)
    # owner[item] against mark: mark is "the first user has it", mark + 1 "both have it", anything lower is an older
    # trade. So nothing is cleared between trades.
    pool, places = np.empty(len(owner), np.int32), np.empty(len(owner), np.int64)
    mark = 0
    for _ in range(num_trades):
        one, two = np.random.randint(0, num_users), np.random.randint(0, num_users)  # noqa: NPY002
        # A draw of one user twice leaves the table as it is; it counts as a trade, which keeps the walk symmetric.
        if one == two:
            continue
        mark += 2
        for place in range(starts[one], starts[one + 1]):
            owner[flat[place]] = mark
        size = 0
        for place in range(starts[two], starts[two + 1]):
            if owner[flat[place]] == mark:
                owner[flat[place]] = mark + 1
            else:
                pool[size], places[size] = flat[place], place
                size += 1
        for place in range(starts[one], starts[one + 1]):
            if owner[flat[place]] == mark:
                pool[size], places[size] = flat[place], place
                size += 1
        # Fisher-Yates: every way to deal the pool is equally likely, which makes the uniform distribution stationary.
        for index in range(size - 1, 0, -1):
            other = np.random.randint(0, index + 1)  # noqa: NPY002
            pool[index], pool[other] = pool[other], pool[index]
        for index in range(size):
            flat[places[index]] = pool[index]


@no_type_check
@njit(cache=True, nogil=True)
def _set_supports(
    flat: NDArray[np.int32],
    starts: NDArray[np.int64],
    slots: NDArray[np.int32],
    num_slots: int,
    sets: NDArray[np.int32],
    set_offsets: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return the number of users that have all symbols of each set, by one bit per user."""
    # A bit per user and symbol, 64 users to a word: ceil(users / 64) words, with len(starts) = users + 1.
    num_words = (len(starts) + 62) // 64
    bits = np.zeros((num_slots, num_words), np.uint64)
    for user in range(len(starts) - 1):
        for place in range(starts[user], starts[user + 1]):
            slot = slots[flat[place]]
            if slot >= 0:
                bits[slot, user >> 6] |= np.uint64(1) << np.uint64(user & 63)
    supports = np.zeros(len(set_offsets) - 1, np.int64)
    for row in range(len(supports)):
        for word in range(num_words):
            # Users with all symbols of the set; each turn of the loop below takes the lowest bit away (Kernighan).
            value = bits[sets[set_offsets[row]], word]
            for place in range(set_offsets[row] + 1, set_offsets[row + 1]):
                value &= bits[sets[place], word]
            while value:
                value &= value - np.uint64(1)
                supports[row] += 1
    return supports


@bounded
class AssociationTest:
    """Test the co-occurrence of the symbols of each pattern against the swap null (activity and popularity fixed).

    Args:
        num_samples: random tables; p-values are at least 1 over this plus 1.
        trades_per_user: trades between two samples, as a multiple of the number of users.
        seed: of the trades.

    Raises:
        UserError: fewer than one sample or trade.
    """

    def __init__(self, *, num_samples: PositiveInt = 199, trades_per_user: PositiveInt = 5, seed: Seed = 0) -> None:
        self.num_samples, self.trades_per_user, self.seed = num_samples, trades_per_user, seed

    def test(self, log: InteractionLog, table: PatternTable) -> PatternTable:
        """Add ``set_support``, ``association_expected`` and ``association_p_value`` (1 for a single symbol).

        Args:
            log: histories of symbols.
            table: patterns; only their different symbols matter here.
        """
        names, sets, offsets = _pattern_sets(table)
        slots = np.full(max(int(log.items.max(initial=0)), int(names.max(initial=0))) + 1, -1, np.int32)
        slots[names] = np.arange(len(names), dtype=np.int32)
        # of the sessions of a person all items count together: neither are they independent
        firsts = np.flatnonzero(np.diff(log.owners, prepend=-1))
        flat, starts = _different_items(log.items, np.append(log.offsets[firsts], log.num_events))
        observed = _set_supports(flat, starts, slots, len(names), sets, offsets)
        # One walk, read every few trades: samples are not independent of each other, but each follows the null once the
        # walk has mixed.
        reached, total = np.zeros(len(table), np.int64), np.zeros(len(table), np.int64)
        for sample in range(self.num_samples):
            _trade(flat, starts, self.trades_per_user * (len(starts) - 1), self.seed + sample)
            supports = _set_supports(flat, starts, slots, len(names), sets, offsets)
            reached += supports >= observed
            total += supports
        return table.with_columns(
            set_support=observed,
            association_expected=total / self.num_samples,
            # The observed table is one more draw under the null, so no p-value is 0 (Phipson and Smyth, 2010).
            association_p_value=(1 + reached) / (self.num_samples + 1),
        )


def _pattern_sets(table: PatternTable) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64]]:
    """Return the symbols of a table, and the set of each pattern by their place among them, flat with offsets."""
    names = np.unique(table.symbols)
    sets = [np.searchsorted(names, sorted(set(pattern))) for pattern in table.patterns()]
    offsets = np.concatenate([[0], np.cumsum([len(members) for members in sets])]).astype(np.int64)
    return names, np.concatenate([np.empty(0, np.int64), *sets]).astype(np.int32), offsets
