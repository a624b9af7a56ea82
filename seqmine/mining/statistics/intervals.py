"""Intervals of proportions."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

NORMAL_95 = 1.959963984540054


def wilson_interval(
    hits: ArrayLike, trials: ArrayLike, z: float = NORMAL_95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return lower and upper limit of a proportion (Wilson, JASA 1927); 0 and 1 where nothing was tried.

    Args:
        hits: successes, at most ``trials``.
        trials: attempts.
        z: quantile of the normal distribution; 1.96 gives 95 %.

    >>> [round(float(limit), 4) for limit in wilson_interval(5, 10)]
    [0.2366, 0.7634]
    """
    hits, trials = np.asarray(hits, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    n = np.maximum(trials, 1)
    share = np.where(trials > 0, hits / n, 0.0)
    center = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    lower = np.where(trials > 0, np.maximum(center - half, 0.0), 0.0)
    upper = np.where(trials > 0, np.minimum(center + half, 1.0), 1.0)
    return lower, upper
