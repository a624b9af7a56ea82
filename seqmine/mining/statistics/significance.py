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

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from seqmine.mining.statistics.arrangements import (
    arrangement_chance,
    distinct_chance,
    gap_chance,
    ordering_chance,
    pair_chances,
    run_chance,
)
from seqmine.mining.statistics.contents import Contents, block_counts, local_contents, plain_counts
from seqmine.mining.statistics.permutation import shuffled_logs
from seqmine.mining.statistics.poisson_binomial import people_chances, poisson_binomial_tail
from seqmine.probing.matching import add_people, people_among
from seqmine.structs import InteractionLog, PatternTable
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import PositiveInt, Seed
from seqmine.structs.constraints import UNLIMITED, Constraints

FEWEST = 4.0
"""Variance of a support from which on the estimated chances of the users are good for a tail."""
_MOST_HITS = 2**27
"""Numbers of patterns times people that are counted at a time."""
MOST_BITS = 6
"""Patterns of more different symbols are judged by permutations where events of one moment are moved together."""


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
            lengths = log.lengths
            for row in range(size):
                pattern = flat[table.offsets[row] : table.offsets[row + 1]]
                found = pattern_chances(contents, pattern, constraints, lengths)
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
        part = table.take(rows)
        at_once = max(_MOST_HITS // max(log.num_people, 1), 1)
        for begin in range(0, len(rows), at_once):
            chunk = rows[begin : begin + at_once]
            hits, reached = self._hits(log, table.take(chunk), constraints)
            p_value[chunk] = sampled_p_value(table.support_count[chunk], hits, reached, self.num_permutations)
            expected[chunk] = hits.sum(axis=1) / self.num_permutations
        contents, flat = local_contents(log, part, constraints.strict_time)
        for place, row in enumerate(rows):
            pattern = flat[part.offsets[place] : part.offsets[place + 1]]
            symbols, needed = np.unique(pattern, return_counts=True)
            users, counts = plain_counts(contents, symbols.astype(np.int64))
            count[row] = len(people_among(log, users[np.all(counts >= needed, axis=1)]))


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
    likely = chances[chances > 0]
    if len(likely) and likely[0] < 1 and np.all(likely == likely[0]):
        return float(binom.sf(at_least - 1, len(likely), likely[0]))
    return poisson_binomial_tail(likely, at_least)


def pattern_chances(
    contents: Contents, pattern: NDArray[np.int32], constraints: Constraints, lengths: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.float64]] | None:
    """Return the users that have the symbols of a pattern, and for each the chance to have it when order is random.

    Args:
        contents: of the log, as from ``contents.local_contents``.
        pattern: local numbers of the symbols.
        constraints: where the pattern may occur.
        lengths: events of each user.

    Returns:
        Users and their chances (0 where a symbol comes too seldom), or None where there is no exact chance.
    """
    # Symbols are numbered as they appear, so that patterns of one form share what is remembered.
    symbols = list(dict.fromkeys(pattern.tolist()))
    form = tuple(symbols.index(symbol) for symbol in pattern.tolist())
    strict = constraints.strict_time
    if (
        constraints.speaks_of_time
        or (constraints.min_gap or 1) > 1
        or (strict and (len(symbols) > MOST_BITS or not constraints.is_greedy))
    ):
        return None
    users, kinds = (block_counts if strict else plain_counts)(contents, np.array(symbols, np.int64))
    if not len(users):
        return users, np.zeros(0)
    if constraints.is_greedy and not strict and form == (0, 1):
        return users, pair_chances(kinds[:, 0], kinds[:, 1])
    if constraints.is_greedy and not strict and len(symbols) <= _MOST_TABLED:
        tabled = _tabled_chances(kinds, form)
        return None if tabled.min() < 0 else (users, tabled)
    rows, kind = _different_rows(kinds if constraints.is_greedy else np.column_stack([lengths[users], kinds]))
    counts = map(tuple, rows.tolist())
    if constraints.is_greedy:
        chances = [_free_chance(row, form, strict) for row in counts]
    else:
        max_gap, max_span = constraints.max_gap or UNLIMITED, constraints.max_span or UNLIMITED
        chances = [_limited_chance(row, form, max_gap, max_span) for row in counts]
    return None if min(chances) < 0 else (users, np.array(chances)[kind])


def _different_rows(rows: NDArray) -> tuple[NDArray, NDArray[np.int64]]:
    """Return the different rows and which of them each row is; by one number a row where that fits, which is fast.

    >>> _different_rows(np.array([[1, 2], [0, 1], [1, 2]]))[1].tolist()
    [1, 0, 1]
    """
    widths = rows.max(axis=0).astype(np.float64) + 1
    if np.all(widths == 2) and rows.all():
        return rows[:1], np.zeros(len(rows), np.int64)
    if np.prod(widths) >= 2.0**62:
        different, kind = np.unique(rows, axis=0, return_inverse=True)
        return different, kind
    radix = np.concatenate([np.cumprod(widths[:0:-1])[::-1], [1.0]]).astype(np.int64)
    _, index, kind = np.unique(rows @ radix, return_index=True, return_inverse=True)
    return rows[index], kind


_MOST_TABLED, _FEW = 5, 8
"""Patterns of so many different symbols, less than so often each, have their chances in a table."""


@lru_cache(maxsize=256)
def _chance_table(form: tuple[int, ...]) -> NDArray[np.float64]:
    """Return the table of the chances of one form of pattern, NaN where none is known yet."""
    return np.full(_FEW ** (max(form) + 1) + 1, np.nan)


def _tabled_chances(counts: NDArray[np.int32], form: tuple[int, ...]) -> NDArray[np.float64]:
    """Return the chance of a pattern without limits on place for each row of counts of its symbols."""
    table = _chance_table(form)
    # where a symbol comes too often for the table, the last place of it stays unknown
    places = np.where(counts.max(axis=1) < _FEW, counts @ _FEW ** np.arange(counts.shape[1], dtype=np.int32), -1)
    chances = table[places]
    unknown = np.flatnonzero(np.isnan(chances))
    if len(unknown):
        for row, counted in zip(unknown.tolist(), map(tuple, counts[unknown].tolist()), strict=True):
            chances[row] = _free_chance(counted, form, False)
        known = unknown[places[unknown] >= 0]
        table[places[known]] = chances[known]
    return chances


@lru_cache(maxsize=1_000_000)
def _free_chance(row: tuple[int, ...], form: tuple[int, ...], strict: bool) -> float:
    """Return the chance of a pattern without limits on place, for the blocks of one kind of user."""
    if not strict and max(row) == 1:
        return ordering_chance(len(form)) if len(row) == len(form) else 0.0
    masks = [mask for mask, count in enumerate(row) if count] if strict else [1 << index for index in range(len(row))]
    counts = [count for count in row if count]
    return float(arrangement_chance(np.array(masks, np.int64), np.array(counts, np.int64), np.array(form, np.int64)))


@lru_cache(maxsize=2_000_000)
def _limited_chance(row: tuple[int, ...], form: tuple[int, ...], max_gap: int, max_span: int) -> float:
    """Return the chance of a pattern under limits on gap and span, for a history length and counts; -1 if unknown."""
    length, *counts = row
    k = len(form)
    max_gap = min(max_gap, length)
    if k == 2:  # the gap and the span of a pair are one thing
        max_gap, max_span = min(max_gap, max_span - 1), UNLIMITED
    if k == 1 or max_gap < 1:
        return float(k == 1)
    if len(counts) == k and max(counts) == 1:
        return distinct_chance(length, k, max_gap, max_span)
    if max_span < (k - 1) * max_gap + 1:
        return -1.0
    if len(counts) == 1:
        return run_chance(length, counts[0], k, max_gap)
    return gap_chance(length, tuple(counts), form, max_gap)
