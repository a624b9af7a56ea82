"""Co-occurrence test: supports of unordered sets under the swap null, which keeps user activity and item popularity.

The null is the uniform distribution over all user-item tables with the same row and column sums, walked by Curveball
trades (Strona et al., Nature Communications 2014; uniform by Carstens, 2015).
"""

from typing import no_type_check

import numpy as np
from numpy.typing import NDArray

from seqmine.structs import InteractionLog, PatternTable
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import PositiveInt, Seed
from seqmine.structs.kernels import kernel
from seqmine.structs.log import segment_positions


@no_type_check
@kernel
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
@kernel
def _below(state: NDArray[np.uint64], limit: int) -> int:
    """Return a random number from 0 to ``limit - 1`` (xorshift64*: Vigna, ACM TOMS 2016) and step the state on."""
    value = state[0]
    value ^= value >> np.uint64(12)
    value ^= value << np.uint64(25)
    value ^= value >> np.uint64(27)
    state[0] = value
    return np.int64(((value * np.uint64(0x2545F4914F6CDD1D)) >> np.uint64(32)) * np.uint64(limit) >> np.uint64(32))


@no_type_check
@kernel
def _deal(pool: NDArray[np.int32], part: int, size: int, state: NDArray[np.uint64]) -> None:
    """Deal a pool in two parts at random: every way is equally likely, which makes the uniform law stationary."""
    # Fisher and Yates, up to where the smaller part has its items: what is left is the other's, in whatever order.
    if 2 * part <= size:
        for index in range(part):
            other = index + _below(state, size - index)
            pool[index], pool[other] = pool[other], pool[index]
    else:
        for index in range(size - 1, part - 1, -1):
            other = _below(state, index + 1)
            pool[index], pool[other] = pool[other], pool[index]


@no_type_check
@kernel
def _trade(flat: NDArray[np.int32], starts: NDArray[np.int64], num_trades: int, seed: int) -> None:
    """Let random pairs of users trade what only one of them has, in place; both keep how many items they have."""
    state = np.full(1, np.uint64(seed) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0xD1B54A32D192ED03))
    # A Curveball trade: what both users have stays, what only one of them has is pooled, shuffled and dealt again into
    # the same places. Row sums stay as places stay, column sums as items only change hands.
    num_users = len(starts) - 1
    owner = np.zeros(flat.max() + 1, np.int64)
    # owner[item] against mark: mark is "the first user has it", mark + 1 "both have it", anything lower is an older
    # trade. So nothing is cleared between trades.
    pool, places = np.empty(len(owner), np.int32), np.empty(len(owner), np.int64)
    mark = 0
    for _ in range(num_trades):
        one, two = _below(state, num_users), _below(state, num_users)
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
        of_two = size
        for place in range(starts[one], starts[one + 1]):
            if owner[flat[place]] == mark:
                pool[size], places[size] = flat[place], place
                size += 1
        _deal(pool, of_two, size, state)
        for index in range(size):
            flat[places[index]] = pool[index]


@no_type_check
@kernel
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
        count = np.int64(0)
        for word in range(num_words):
            # Users with all symbols of the set, counted in parallel within the word (Warren, Hacker's Delight, 5-1).
            value = bits[sets[set_offsets[row]], word]
            for place in range(set_offsets[row] + 1, set_offsets[row + 1]):
                value &= bits[sets[place], word]
            value -= (value >> np.uint64(1)) & np.uint64(0x5555555555555555)
            value = (value & np.uint64(0x3333333333333333)) + ((value >> np.uint64(2)) & np.uint64(0x3333333333333333))
            value = (value + (value >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
            count += np.int64((value * np.uint64(0x0101010101010101)) >> np.uint64(56))
        supports[row] = count
    return supports


@bounded
class AssociationTest:
    """Test the co-occurrence of the symbols of each pattern against the swap null (activity and popularity fixed).

    Args:
        num_samples: random tables; p-values are at least 1 over this plus 1.
        trades_per_user: trades between two samples, as a multiple of the number of users.
        most_users: users in the random tables; of larger logs so many are drawn, and what is expected of them is scaled
            to all. Nothing that releases a pattern reads this test, so the draw changes no verdict.
        seed: of the trades, and of that draw.

    Raises:
        UserError: fewer than one sample, trade or user.
    """

    def __init__(
        self,
        *,
        num_samples: PositiveInt = 199,
        trades_per_user: PositiveInt = 5,
        most_users: PositiveInt = 50_000,
        seed: Seed = 0,
    ) -> None:
        self.num_samples, self.trades_per_user, self.most_users = num_samples, trades_per_user, most_users
        self.seed = seed

    def test(self, log: InteractionLog, table: PatternTable) -> PatternTable:
        """Add ``set_support``, ``association_expected`` and ``association_p_value`` (1 for a single symbol).

        Args:
            log: histories of symbols.
            table: patterns; only their different symbols matter here.
        """
        names, sets, offsets, rows = _pattern_sets(table)
        slots = np.full(max(int(log.items.max(initial=0)), int(names.max(initial=0))) + 1, -1, np.int32)
        slots[names] = np.arange(len(names), dtype=np.int32)
        # of the sessions of a person all items count together: neither are they independent
        firsts = np.flatnonzero(np.diff(log.owners, prepend=-1))
        flat, starts = _different_items(log.items, np.append(log.offsets[firsts], log.num_events))
        observed = _set_supports(flat, starts, slots, len(names), sets, offsets)
        num_users, drawn_support = len(starts) - 1, observed
        if num_users > self.most_users:
            drawn = np.random.default_rng(self.seed).choice(num_users, self.most_users, replace=False)
            lengths = np.diff(starts)[drawn]
            flat, starts = flat[segment_positions(starts[drawn], lengths)], np.concatenate([[0], np.cumsum(lengths)])
            drawn_support = _set_supports(flat, starts, slots, len(names), sets, offsets)
        share = (len(starts) - 1) / max(num_users, 1)
        # One walk, read every few trades: samples are not independent of each other, but each follows the null once the
        # walk has mixed.
        reached, total = np.zeros(len(observed), np.int64), np.zeros(len(observed), np.int64)
        for sample in range(self.num_samples):
            _trade(flat, starts, self.trades_per_user * (len(starts) - 1), self.seed + sample)
            supports = _set_supports(flat, starts, slots, len(names), sets, offsets)
            reached += supports >= drawn_support
            total += supports
        return table.with_columns(
            set_support=observed[rows],
            association_expected=total[rows] / self.num_samples / share,
            # The observed table is one more draw under the null, so no p-value is 0 (Phipson and Smyth, 2010).
            association_p_value=(1 + reached[rows]) / (self.num_samples + 1),
        )


def _pattern_sets(
    table: PatternTable,
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """Return the symbols of a table, its different sets by their place among them (flat, offsets), each row's set."""
    names = np.unique(table.symbols)
    numbers: dict[tuple[int, ...], int] = {}
    rows = [numbers.setdefault(tuple(sorted(set(pattern))), len(numbers)) for pattern in table.patterns()]
    offsets = np.concatenate([[0], np.cumsum([len(members) for members in numbers])]).astype(np.int64)
    flat = np.array([symbol for members in numbers for symbol in members], np.int32)
    return names, np.searchsorted(names, flat).astype(np.int32), offsets, np.array(rows, np.int64)
