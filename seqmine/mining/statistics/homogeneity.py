"""Is a share the same in every group? Exact or simulated p-values, and the difference of two shares with its limits."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.stats import chi2, hypergeom

from seqmine.mining.statistics.intervals import wilson_interval

_FEWEST_EXPECTED = 5.0
"""With fewer expected in some cell (Cochran's rule) the chi-squared law is replaced by simulation."""
NUM_SIMULATIONS = 9_999


def homogeneity_p_values(counts: NDArray[np.int64], totals: NDArray[np.int64], seed: int) -> NDArray[np.float64]:
    """Return the p-value, for each row, that the share counts / totals is the same in all groups.

    Two groups are compared by Fisher's exact test, more by Pearson's chi-squared test, or where few are expected in a
    group by the same statistic over random tables with these margins (never 0: Phipson and Smyth, 2010).

    Args:
        counts: (P, G) members of each group that have what the row is about.
        totals: (G,) members of each group, each above 0.
        seed: of the random tables.

    >>> homogeneity_p_values(np.array([[10, 0], [5, 5]]), np.array([10, 10]), 0).round(6).tolist()
    [1.1e-05, 1.0]
    """
    if len(totals) < 2:
        return np.ones(len(counts))
    if len(totals) == 2:
        return np.array([_fisher(int(a), int(b), totals) for a, b in counts])
    rng = np.random.default_rng(seed)
    hits = counts.sum(axis=1)
    statistic = _statistic(counts, totals)
    p_values = chi2.sf(statistic, len(totals) - 1)
    fewest = np.minimum(hits, totals.sum() - hits) * totals.min() / totals.sum()
    for row in np.flatnonzero((fewest < _FEWEST_EXPECTED) & (hits > 0) & (hits < totals.sum())):
        drawn = rng.multivariate_hypergeometric(totals, int(hits[row]), size=NUM_SIMULATIONS, method="marginals")
        reached = int((_statistic(drawn, totals) >= statistic[row] - 1e-9).sum())
        p_values[row] = (1 + reached) / (NUM_SIMULATIONS + 1)
    return np.minimum(p_values, 1.0)


class ClusteredHomogeneity:
    """Tests that a share is the same in all groups where several members are of one owner: months, sessions.

    Pearson's statistic against its law for owners who are independent of each other, their members not (Rao and Scott,
    Annals of Statistics 1987, second order; Satterthwaite's degrees of freedom). Where few are expected in a group, the
    p-value is at least the simulated one of ``homogeneity_p_values``.

    Args:
        owners: (M,) owner of each member that could have what is tested, numbered from 0.
        groups: (M,) its group.
        num_groups: number of groups G.
    """

    def __init__(self, owners: NDArray[np.integer], groups: NDArray[np.integer], num_groups: int) -> None:
        self.shape = int(owners.max(initial=-1)) + 1, num_groups
        self.members = self._table(owners, groups)
        self.totals = np.bincount(groups, minlength=num_groups)
        self.squares = (self.members.T @ self.members).toarray()

    def p_value(self, owners: NDArray[np.integer], groups: NDArray[np.integer], seed: int) -> float:
        """Return the p-value for those members, by owner and group, that have what is tested.

        >>> twice = np.repeat(np.arange(40), 2)
        >>> test = ClusteredHomogeneity(twice, np.repeat([0, 1], 40), 2)
        >>> alone = ClusteredHomogeneity(np.arange(80), np.repeat([0, 1], 40), 2)
        >>> has = np.r_[0:24, 40:52]
        >>> round(alone.p_value(np.arange(80)[has], np.repeat([0, 1], 40)[has], 0), 3)
        0.007
        >>> round(test.p_value(twice[has], np.repeat([0, 1], 40)[has], 0), 3)
        0.057
        """
        there = np.flatnonzero(self.totals)
        totals, counts = self.totals[there], np.bincount(groups, minlength=self.shape[1])[there]
        share = counts.sum() / max(totals.sum(), 1)
        if len(there) < 2 or not 0 < share < 1:
            return 1.0
        hits = self._table(owners, groups)
        crossed = (hits.T @ self.members).toarray()
        spread = (hits.T @ hits).toarray() - share * (crossed + crossed.T) + share**2 * self.squares
        # the share is estimated from the same members, so what all groups have in common is taken off
        centered = np.eye(len(there)) - (totals / totals.sum())[:, None]
        scale = 1 / np.sqrt(totals * share * (1 - share))
        spread = scale[:, None] * (centered @ spread[np.ix_(there, there)] @ centered.T) * scale
        trace, square = float(np.trace(spread)), float((spread**2).sum())
        if square <= 0:
            return 1.0
        statistic = float(_statistic(counts[None], totals)[0])
        p_value = float(chi2.sf(statistic * trace / square, trace**2 / square))
        if min(share, 1 - share) * totals.min() < _FEWEST_EXPECTED:
            return max(p_value, float(homogeneity_p_values(counts[None], totals, seed)[0]))
        return p_value

    def _table(self, owners: NDArray[np.integer], groups: NDArray[np.integer]) -> csr_array:
        return csr_array((np.ones(len(owners)), (owners, groups)), shape=self.shape)


def _fisher(one: int, other: int, totals: NDArray[np.int64]) -> float:
    """Return the two-sided p-value of Fisher's exact test."""
    law = hypergeom(int(totals.sum()), int(totals[0]), one + other)
    chances = law.pmf(np.arange(max(0, one + other - int(totals[1])), min(int(totals[0]), one + other) + 1))
    own = float(law.pmf(one))
    return float(min(chances[chances <= own * (1 + 1e-7)].sum(), 1.0))


def _statistic(counts: NDArray[np.int64], totals: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return Pearson's statistic of each row; 0 where everybody or nobody has it."""
    share = counts.sum(axis=1, keepdims=True) / totals.sum()
    expected = share * totals
    spread = np.maximum(expected * (1 - share), 1e-300)
    return ((counts - expected) ** 2 / spread).sum(axis=1)


def difference_interval(
    hits: ArrayLike, trials: ArrayLike, other_hits: ArrayLike, other_trials: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return 95 % limits of the difference of two independent proportions (Newcombe, 1998, method 10).

    >>> [round(float(limit), 4) for limit in difference_interval(56, 70, 48, 80)]
    [0.0524, 0.3339]
    """
    one, other = np.asarray(hits) / np.maximum(trials, 1), np.asarray(other_hits) / np.maximum(other_trials, 1)
    lower, upper = wilson_interval(hits, trials)
    other_lower, other_upper = wilson_interval(other_hits, other_trials)
    difference = one - other
    below = np.sqrt((one - lower) ** 2 + (other_upper - other) ** 2)
    above = np.sqrt((upper - one) ** 2 + (other - other_lower) ** 2)
    return difference - below, difference + above
