"""Order test: exact p-values of sequential patterns under the permutation null, which shuffles each user's events.

The null keeps the content, the length and the activity of each user (Pinxteren and Calders, SDM 2021). Under it the
users that have a pattern are independent coin flips with known chances, so its support has a Poisson-binomial
distribution. The chances are exact where there are no limits on place, and under ``max_gap``; under ``max_span`` they
are exact for pairs and for different symbols that a user has once each. The rest, and whatever lies under limits on
time or ``min_gap``, is judged by seeded permutations of all users. B permutations can show no p-value below
1 / (B + 1), and nothing of that size survives a correction for thousands of patterns. So they estimate the chance of
each user, by the user's own times, and the tail is that of the Poisson-binomial law with these chances, all raised by
two standard errors of their sum: a bound, and a close one. Where the chances add up to a variance below ``FEWEST`` the
p-value is twice the smaller one of the plain estimate, (1 + exceedances) / (B + 1), and of the conditional test that
the observed support and those of the permutations are draws of one Poisson law, which has the longer tail.
"""

from typing import no_type_check

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from seqmine.mining.statistics.contents import local_contents, plain_counts
from seqmine.mining.statistics.order_chances import order_chances
from seqmine.mining.statistics.permutation import shuffled_logs
from seqmine.mining.statistics.poisson_binomial import people_chances, poisson_binomial_tail
from seqmine.probing.matching import add_people, people_among
from seqmine.structs import InteractionLog, PatternTable
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import PositiveInt, Seed
from seqmine.structs.constraints import Constraints
from seqmine.structs.kernels import kernel

FEWEST = 4.0
"""Variance of a support from which on the estimated chances of the users are good for a tail."""
_MOST_HITS = 2**27
"""Numbers of patterns times people that are counted at a time."""


@bounded
class OrderTest:
    """Test the support of each pattern against the permutation null, under which order means nothing.

    Args:
        num_permutations: shuffled logs for the patterns without an exact p-value; theirs is at least 1 over this plus
        1. seed: of those permutations.

    Raises:
        UserError: fewer than one permutation.
    """

    def __init__(self, *, num_permutations: PositiveInt = 999, seed: Seed = 0) -> None:
        self.num_permutations, self.seed = num_permutations, seed

    def test(self, log: InteractionLog, table: PatternTable, constraints: Constraints) -> PatternTable:
        """Add what the order test says of each pattern.

        Args:
            log: the histories in which the supports of the table were counted.
            table: patterns with their supports: people who have them.
            constraints: where a pattern may occur; must be those of the supports.

        Returns:
            The table with ``itemset_count`` (users that could have the pattern in some order), ``expected_support``,
            ``p_value`` (1 for a single symbol), and ``p_is_exact`` (False where it comes from permutations).
        """
        constraints.check(log)
        size = len(table)
        count, expected, p_value = np.zeros(size, np.int64), np.zeros(size), np.ones(size)
        is_exact = np.ones(size, np.bool_)
        if size:
            contents, flat = local_contents(log, table, constraints.strict_time)
            for row, found in order_chances(contents, flat, table, constraints, log.lengths):
                if found is None:
                    is_exact[row] = False
                    continue
                chances = people_chances(log, *found)[1]
                count[row] = np.count_nonzero(chances)
                expected[row] = float(chances.sum())
                p_value[row] = support_tail(chances, int(table.support_count[row]))
            self._sample(log, table, constraints, np.flatnonzero(~is_exact), (count, expected, p_value))
        return table.with_columns(itemset_count=count, expected_support=expected, p_value=p_value, p_is_exact=is_exact)

    def _hits(
        self, log: InteractionLog, table: PatternTable, constraints: Constraints
    ) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Return (P, U) in how many permutations each person has each pattern, and how often its support is reached."""
        hits = np.zeros((len(table), log.num_people), np.int32)
        reached = np.zeros(len(table), np.int64)
        for shuffled in shuffled_logs(log, self.num_permutations, self.seed, keep_ties=constraints.strict_time):
            reached += add_people(shuffled, table, constraints, hits) >= table.support_count
        return hits, reached

    def _sample(
        self,
        log: InteractionLog,
        table: PatternTable,
        constraints: Constraints,
        rows: NDArray[np.int64],
        results: tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]],
    ) -> None:
        """Fill in the results of the patterns that need permutations."""
        if not len(rows):
            return
        count, expected, p_value = results
        able = able_users(log, table.take(rows), constraints)
        count[rows] = [len(people_among(log, users)) for users in able]
        # whoever lacks a symbol of every pattern has none of them in any order, and need not be shuffled
        some = log.take_users(np.unique(np.concatenate(able)).astype(np.int64))
        at_once = max(_MOST_HITS // max(some.num_people, 1), 1)
        for begin in range(0, len(rows), at_once):
            chunk = rows[begin : begin + at_once]
            hits, reached = self._hits(some, table.take(chunk), constraints)
            p_value[chunk] = sampled_p_value(table.support_count[chunk], hits, reached, self.num_permutations)
            expected[chunk] = hits.sum(axis=1) / self.num_permutations


def able_users(log: InteractionLog, table: PatternTable, constraints: Constraints) -> list[NDArray[np.int32]]:
    """Return for each pattern the users that have its symbols often enough, in any order."""
    contents, flat = local_contents(log, table, constraints.strict_time)
    able = []
    for begin, end in zip(table.offsets, table.offsets[1:], strict=False):
        symbols, needed = np.unique(flat[begin:end], return_counts=True)
        users, counts = plain_counts(contents, symbols.astype(np.int64))
        able.append(users[np.all(counts >= needed, axis=1)])
    return able


def sampled_p_value(
    support: NDArray[np.int64], hits: NDArray[np.int32], reached: NDArray[np.int64], num_permutations: int
) -> NDArray[np.float64]:
    """Return bounds of the p-values of supports, from the people that had each pattern in permutations.

    Args:
        support: of each pattern.
        hits: (P, U) permutations in which each person had it.
        reached: permutations in which it had at least the observed support.
        num_permutations: how many there were.

    >>> sampled_p_value(np.array([3]), np.array([[33, 33, 33]]), np.array([9]), 99).round(2).tolist()
    [0.17]
    """
    estimate = (1 + reached) / (num_permutations + 1)
    poisson = binom.sf(support - 1, support + hits.sum(axis=1), 1 / (num_permutations + 1))
    p_value = np.minimum(2 * np.minimum(estimate, poisson), 1.0)
    for row in range(len(support)):
        chances = hits[row][hits[row] > 0] / num_permutations
        variance = float((chances * (1 - chances)).sum())
        if variance >= FEWEST:
            mean = float(chances.sum())
            # what the chances may be off, and in far tails what the deviation from their sum inherits of it
            more = 2 * np.sqrt(variance / num_permutations) + max(support[row] - mean, 0.0) / num_permutations
            p_value[row] = support_tail(np.minimum(chances * (1 + more / mean), 1.0), int(support[row]))
    return p_value


def support_tail(chances: NDArray[np.float64], at_least: int) -> float:
    """Return P(support >= at_least) for users with these chances.

    >>> support_tail(np.array([0.5, 0.5, 0.0]), 2)
    0.25
    """
    if at_least <= 0:
        return 1.0
    num_likely, chance = _common_chance(chances)
    if 0 < chance < 1:
        return float(binom.sf(at_least - 1, num_likely, chance))
    return poisson_binomial_tail(chances, at_least)


@no_type_check
@kernel
def _common_chance(chances: NDArray[np.float64]) -> tuple[int, float]:
    """Return how many chances are above 0, and their value; 0 where they differ."""
    num_likely, common = 0, 0.0
    for chance in chances:
        if chance > 0.0:
            if num_likely > 0 and chance != common:
                return 0, 0.0
            num_likely, common = num_likely + 1, chance
    return num_likely, common
