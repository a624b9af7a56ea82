"""Is a share the same in every group? Exact or simulated p-values, and the difference of two shares with its limits."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
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
