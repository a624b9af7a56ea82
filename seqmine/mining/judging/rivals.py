"""Redundancy: patterns compared with other orders of their symbols, and with longer patterns that contain them.

Under a limit on gaps the order test also finds what merely comes close together, in any order. And whoever does a, b
and c in this order does b and c too, so the parts of a true pattern look true themselves. Both are told apart here.
"""

from dataclasses import replace
from itertools import combinations
from typing import no_type_check

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from seqmine.mining.judging.occurrences import next_match
from seqmine.mining.statistics.bursts import judged_parts
from seqmine.mining.statistics.significance import OrderTest, able_users
from seqmine.probing.matching import count_people, find_supporters, people_among
from seqmine.structs import InteractionLog, PatternTable
from seqmine.structs.bounds import NonNegativeFloat
from seqmine.structs.constraints import Constraints
from seqmine.structs.kernels import kernel


def swapped_orders(pattern: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Return the other orders of a pattern that come from letting two of its symbols change places.

    >>> swapped_orders((1, 2, 2))
    [(2, 1, 2), (2, 2, 1)]
    """
    orders = set()
    for one, two in combinations(range(len(pattern)), 2):
        changed = list(pattern)
        changed[one], changed[two] = changed[two], changed[one]
        orders.add(tuple(changed))
    return sorted(orders - {pattern})


def direction_p_values(log: InteractionLog, table: PatternTable, constraints: Constraints) -> NDArray[np.float64]:
    """Return how likely it is that a pattern beats every other order of its symbols by chance.

    McNemar's exact test (1947): when the symbols come together but their order means nothing, a user who has one of two
    orders alone has either with chance 1/2. The worst p-value over the orders in which two symbols change places
    counts, so there is nothing to correct.

    Args:
        log: histories of symbols.
        table: patterns.
        constraints: where a pattern may occur.

    Returns:
        (P,) p-values, 0 for patterns that have no other order.
    """
    patterns = table.patterns()
    orders = [swapped_orders(pattern) for pattern in patterns]
    needed = sorted({*patterns, *(order for others in orders for order in others)})
    lookup = PatternTable.from_lists(needed, [0] * len(needed), log.num_users)
    found = find_supporters(log, lookup, constraints)
    users = {order: people_among(log, members) for order, members in zip(needed, found, strict=True)}
    p_values = np.zeros(len(table))
    for row, (pattern, others) in enumerate(zip(patterns, orders, strict=True)):
        for other in others:
            both = len(np.intersect1d(users[pattern], users[other], assume_unique=True))
            wins, losses = len(users[pattern]) - both, len(users[other]) - both
            p_values[row] = max(p_values[row], float(binom.sf(wins - 1, wins + losses, 0.5)))
    return p_values


@no_type_check
@kernel
def _blank(
    items: NDArray[np.int32],
    offsets: NDArray[np.int64],
    times: NDArray[np.int64],
    users: NDArray[np.int32],
    pattern: NDArray[np.int32],
    limits: NDArray[np.int64],
    strict_time: bool,
    is_greedy: bool,
) -> None:
    """Set to 0 the events of matches of a pattern, in place: the leftmost match, then the next beside it, and so on."""
    places = np.empty(len(pattern), np.int64)
    for user in users:
        begin, stop = offsets[user], offsets[user + 1]
        while next_match(items, times, begin, stop, pattern, limits, strict_time, is_greedy, places):
            for place in places:
                items[place] = 0
            begin = places[0] + 1


def without_matches(log: InteractionLog, patterns: list[tuple[int, ...]], constraints: Constraints) -> InteractionLog:
    """Return the log with the events of all matches of some patterns replaced by a nameless one, symbol 0.

    Positions, times and lengths stay, so that limits on gaps mean what they did.

    >>> log = InteractionLog.from_lists([[1, 2, 1, 3, 2]])
    >>> without_matches(log, [(1, 2)], Constraints()).items.tolist()
    [0, 0, 0, 3, 0]
    """
    items = log.items.copy()
    times = np.zeros(len(items), np.int64) if log.timestamps is None else log.timestamps.astype(np.int64)
    table = PatternTable.from_lists(patterns, [0] * len(patterns), log.num_users)
    limits, strict, greedy = constraints.limits, constraints.strict_time, constraints.is_greedy
    for pattern, users in zip(patterns, find_supporters(log, table, constraints), strict=True):
        _blank(items, log.offsets, times, users, np.array(pattern, np.int32), limits, strict, greedy)
    return replace(log, items=items)


def is_part(pattern: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Tell whether a pattern is a longer one less some symbols.

    >>> is_part((1, 3), (1, 2, 3)), is_part((3, 1), (1, 2, 3)), is_part((1, 3), (1, 3))
    (True, False, False)
    """
    rest = iter(other)
    return len(pattern) < len(other) and all(symbol in rest for symbol in pattern)


class PartTest:
    """Test what is left of a pattern outside of the longer ones that contain it.

    After the independent productivity of Webb (Self-sufficient itemsets, ACM TKDD 2010): the events of all matches of
    the longer patterns become nameless, and the part is counted and its order tested once more.

    Args:
        max_p_value: the p-value of its order there is below this.
        order_test: p-values of order.
    """

    def __init__(self, *, max_p_value: NonNegativeFloat = 0.01, order_test: OrderTest) -> None:
        self.max_p_value, self.order_test = max_p_value, order_test

    def test(
        self,
        log: InteractionLog,
        table: PatternTable,
        constraints: Constraints,
        min_count: int,
        is_candidate: NDArray[np.bool_],
    ) -> PatternTable:
        """Test the candidates, the longest first; one that fails explains no other.

        Args:
            log: the histories that the table was mined from.
            table: patterns, with ``close_gap`` where repeats without limits are judged as close ones.
            constraints: where a pattern may occur.
            min_count: users that a part needs beside the longer patterns.
            is_candidate: (P,) the patterns that are tested, and that explain others.

        Returns:
            The table with ``part_support`` and ``part_p_value`` (beside the longer patterns; NaN for what is part of
            none) and ``is_independent`` (False for what is no candidate).
        """
        support, p_value = np.full(len(table), np.nan), np.full(len(table), np.nan)
        is_independent = np.zeros(len(table), np.bool_)
        patterns = table.patterns()
        limits = {row: part for found, part in judged_parts(table, constraints) for row in found.tolist()}
        holders: list[int] = []
        rows = np.flatnonzero(is_candidate)
        # Whoever lacks a symbol of a part has no part in its count, nor in its test.
        able = (
            dict(zip(rows.tolist(), able_users(log, table.take(rows), constraints), strict=True)) if len(rows) else {}
        )
        for row in rows[np.argsort(-table.lengths[rows], kind="stable")].tolist():
            longer = [other for other in holders if is_part(patterns[row], patterns[other])]
            if longer:
                rest = log.take_users(able[row].astype(np.int64))
                for part in dict.fromkeys(limits[other] for other in longer):
                    rest = without_matches(rest, [patterns[other] for other in longer if limits[other] == part], part)
                own = table.take(np.array([row]))
                own = replace(own, support_count=count_people(rest, own, limits[row]))
                support[row] = own.support_count[0]
                p_value[row] = self.order_test.test(rest, own, limits[row]).columns["p_value"][0]
            is_independent[row] = not longer or (support[row] >= min_count and p_value[row] < self.max_p_value)
            if is_independent[row]:
                holders.append(row)
        return table.with_columns(part_support=support, part_p_value=p_value, is_independent=is_independent)
