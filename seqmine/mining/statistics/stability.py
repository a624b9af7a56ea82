"""Would the same patterns be found among other users of the same kind? Bootstraps over users."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom, norm

from seqmine.mining.statistics.bursts import judged_parts
from seqmine.mining.statistics.contents import local_contents
from seqmine.mining.statistics.multiplicity import Adjustment, adjust_tested, benjamini_hochberg
from seqmine.mining.statistics.order_chances import order_chances
from seqmine.mining.statistics.poisson_binomial import people_chances
from seqmine.mining.statistics.ties import for_order
from seqmine.probing.matching import weighted_supports
from seqmine.structs import InteractionLog, PatternTable
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import PositiveInt, Seed, Share
from seqmine.structs.constraints import Constraints

_FAR = 4.0
"""Times the limit of the q-value, from which on a pattern cannot become stable."""


def rank_biased_overlap(first: list, second: list, persistence: float = 0.9) -> float:
    """Return how alike two rankings are, the top counting most (Webber, Moffat and Zobel, TOIS 2010; extrapolated).

    Args:
        first: a ranking without repeats.
        second: another one.
        persistence: chance to look one place further down; 0.9 puts 86 % of the weight on the first ten.

    >>> rank_biased_overlap([1, 2, 3], [1, 2, 3]), rank_biased_overlap([1, 2], [3, 4])
    (1.0, 0.0)
    """
    depth = min(len(first), len(second))
    if depth == 0:
        return float(len(first) == len(second))
    total, agreement = 0.0, 0.0
    seen_first, seen_second = set(), set()
    for place in range(1, depth + 1):
        seen_first.add(first[place - 1])
        seen_second.add(second[place - 1])
        agreement = len(seen_first & seen_second) / place
        total += agreement * persistence ** (place - 1)
    return total * (1 - persistence) + agreement * persistence**depth


@bounded
class Stability:
    """Repeat the selection of patterns on resampled users.

    Args:
        num_bootstraps: samples of the users, drawn with replacement.
        max_q_value: a pattern is selected in a sample when its q-value there is below this.
        list_length: length of the rankings that are compared.
        adjustment: how p-values become q-values.
        seed: of the samples.

    Raises:
        UserError: fewer than one sample.
    """

    def __init__(
        self,
        *,
        num_bootstraps: PositiveInt = 100,
        max_q_value: Share = 0.05,
        list_length: PositiveInt = 50,
        adjustment: Adjustment = benjamini_hochberg,
        seed: Seed = 0,
    ) -> None:
        self.num_bootstraps, self.max_q_value, self.list_length = num_bootstraps, max_q_value, list_length
        self.adjustment, self.seed = adjustment, seed

    def test(
        self,
        log: InteractionLog,
        table: PatternTable,
        constraints: Constraints,
        min_count: int,
        weights: NDArray[np.float64],
        num_hypotheses: int,
    ) -> tuple[PatternTable, float]:
        """Add ``stability``, the share of samples in which a pattern is selected again, by support and by q-value.

        A pattern whose p-value comes from permutations is selected by support and by having more than is expected. One
        that is far from selected in the log itself (a q-value of four times the limit or more) is not looked for in
        samples: its stability is NaN, and in samples it counts as not significant.

        Args:
            log: the histories that the table was mined from.
            table: patterns with the columns of the order test, and ``q_value``.
            constraints: limits that it was mined under.
            min_count: users that a pattern needs in a sample, as in the log.
            weights: (P,) share of the error of each pattern.
            num_hypotheses: size of the family that is corrected for.

        Returns:
            The table, and the mean rank-biased overlap of the best patterns (by excess over what is expected) of a
            sample with those of the log.
        """
        rows = np.flatnonzero(table.columns["q_value"] < _FAR * self.max_q_value)
        stability = np.full(len(table), np.nan)
        stability[rows], overlap = self._test(
            log, table.take(rows), constraints, min_count, weights[rows], num_hypotheses
        )
        return table.with_columns(stability=stability), overlap

    def _test(
        self,
        log: InteractionLog,
        table: PatternTable,
        constraints: Constraints,
        min_count: int,
        weights: NDArray[np.float64],
        num_hypotheses: int,
    ) -> tuple[NDArray[np.float64], float]:
        """Return the share of samples that select each pattern, and the overlap of the best."""
        rng = np.random.default_rng(self.seed)
        share = np.full(log.num_people, 1 / max(log.num_people, 1))
        drawn = rng.multinomial(log.num_people, share, size=self.num_bootstraps).T
        is_whole = log.people is None
        shape = len(table), self.num_bootstraps
        supports, p_values, expected = np.zeros(shape, np.int64), np.ones(shape), np.zeros(shape)
        selected = np.zeros(shape, np.bool_)
        for rows, limits in judged_parts(table, for_order(constraints, log)):
            part = table.take(rows)
            supports[rows] = weighted_supports(log, part, limits, drawn, log.owners)
            p_values[rows], expected[rows] = self._resampled_tests(log, part, limits, drawn, supports[rows])
            same = limits == constraints and is_whole
            mined = supports[rows] if same else weighted_supports(log, part, constraints, drawn[log.owners])
            selected[rows] = mined >= min_count
        for sample in range(self.num_bootstraps):
            q_values = adjust_tested(p_values[:, sample], weights, num_hypotheses, self.adjustment)
            selected[:, sample] &= q_values < self.max_q_value
        best = self._best(table.columns["tested_support"] - table.columns["expected_support"])
        overlaps = [
            rank_biased_overlap(best, self._best(supports[:, sample] - expected[:, sample]))
            for sample in range(self.num_bootstraps)
        ]
        return selected.mean(axis=1), float(np.mean(overlaps))

    def _best(self, excess: NDArray[np.float64]) -> list[int]:
        return np.argsort(-excess, kind="stable")[: self.list_length].tolist()

    def _resampled_tests(
        self,
        log: InteractionLog,
        table: PatternTable,
        constraints: Constraints,
        drawn: NDArray[np.int64],
        supports: NDArray[np.int64],
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return (P, B) p-values and expected supports in every sample."""
        p_values = np.ones(supports.shape)
        expected = np.tile(table.columns["expected_support"][:, None], (1, self.num_bootstraps)).astype(np.float64)
        if not len(table):
            return p_values, expected
        contents, flat = local_contents(log, table, constraints.strict_time)
        weights, lengths = drawn.astype(np.float64), table.lengths
        for row, found in order_chances(contents, flat, table, constraints, log.lengths):
            if lengths[row] < 2:
                continue
            if found is not None:
                expected[row], p_values[row] = _sample_tails(people_chances(log, *found), weights, supports[row])
            else:
                p_values[row] = np.where(supports[row] > expected[row], table.columns["p_value"][row], 1.0)
        return p_values, expected


def _sample_tails(
    found: tuple[NDArray[np.int32], NDArray[np.float64]], draws: NDArray[np.float64], supports: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return expected support and p-value of one pattern in every sample: binomial for equal chances, else normal."""
    users, chances = found[0][found[1] > 0], found[1][found[1] > 0]
    drawn = draws[users]
    expected = chances @ drawn
    if len(chances) and np.all(chances == chances[0]):
        return expected, binom.sf(supports - 1, drawn.sum(axis=0), chances[0])
    deviation = np.sqrt(np.maximum((chances * (1 - chances)) @ drawn, 1e-12))
    return expected, np.where(supports <= expected, 1.0, norm.sf((supports - 0.5 - expected) / deviation))
