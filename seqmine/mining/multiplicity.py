"""Corrections for having looked at many hypotheses.

``num_hypotheses`` is the size of the family that was chosen without looking at what is tested; it may be larger than
the number of p-values given, and those not given count as 1.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Adjustment = Callable[[NDArray[np.float64], int], NDArray[np.float64]]
"""From p-values and the size of their family to adjusted p-values: ``holm``, ``benjamini_hochberg`` and the others."""


def bonferroni(p_values: NDArray[np.float64], num_hypotheses: int) -> NDArray[np.float64]:
    """Return p-values adjusted for the chance of any false one, under any dependence.

    >>> bonferroni(np.array([0.01, 0.4]), 5).tolist()
    [0.05, 1.0]
    """
    return np.minimum(p_values * num_hypotheses, 1.0)


def holm(p_values: NDArray[np.float64], num_hypotheses: int) -> NDArray[np.float64]:
    """Return p-values adjusted for the chance of any false one, never larger than Bonferroni's (Holm, 1979).

    >>> holm(np.array([0.01, 0.02]), 2).tolist()
    [0.02, 0.02]
    """
    order = np.argsort(p_values, kind="stable")
    stepped = p_values[order] * (num_hypotheses - np.arange(len(p_values)))
    return _in_place(np.minimum(np.maximum.accumulate(stepped), 1.0), order)


def benjamini_hochberg(p_values: NDArray[np.float64], num_hypotheses: int) -> NDArray[np.float64]:
    """Return q-values: the share of false ones among all at least as good (Benjamini and Hochberg, 1995).

    >>> benjamini_hochberg(np.array([0.01, 0.04, 0.03]), 3).round(3).tolist()
    [0.03, 0.04, 0.04]
    """
    order = np.argsort(p_values, kind="stable")
    stepped = p_values[order] * num_hypotheses / np.arange(1, len(p_values) + 1)
    return _in_place(np.minimum(np.minimum.accumulate(stepped[::-1])[::-1], 1.0), order)


def benjamini_yekutieli(p_values: NDArray[np.float64], num_hypotheses: int) -> NDArray[np.float64]:
    """Return q-values that hold under any dependence (Benjamini and Yekutieli, 2001).

    >>> benjamini_yekutieli(np.array([0.01]), 2).tolist()
    [0.03]
    """
    harmonic = float(np.sum(1.0 / np.arange(1, num_hypotheses + 1)))
    return benjamini_hochberg(p_values * harmonic, num_hypotheses)


def adjust_tested(
    p_values: NDArray[np.float64], weight: NDArray[np.float64], num_hypotheses: int, adjustment: Adjustment
) -> NDArray[np.float64]:
    """Return adjusted p-values of a weighted family; 1 for what has an infinite weight, as it is no hypothesis at all.

    Args:
        p_values: of every pattern.
        weight: what each p-value is multiplied with first; mean 1 over the whole family.
        num_hypotheses: size of the family.
        adjustment: the correction.

    >>> adjust_tested(np.array([0.01, 1.0]), np.array([1.0, np.inf]), 4, benjamini_hochberg).tolist()
    [0.04, 1.0]
    """
    is_tested = np.isfinite(weight)
    result = np.ones(len(p_values))
    result[is_tested] = adjustment(np.minimum(p_values[is_tested] * weight[is_tested], 1.0), num_hypotheses)
    return result


def tarone_family(smallest_p_values: NDArray[np.float64], alpha: float) -> int:
    """Return how many hypotheses can be significant at all once the others are left out (Tarone, 1990).

    The size of the family may then be used in place of the number of hypotheses by ``bonferroni``.

    Args:
        smallest_p_values: the p-value that each hypothesis would have at its best.
        alpha: chance of any false one.

    >>> tarone_family(np.array([0.3, 0.02, 0.001, 0.001]), 0.05)
    3
    """
    sizes = np.arange(1, len(smallest_p_values) + 1)
    testable = np.searchsorted(np.sort(smallest_p_values), alpha / sizes, side="right")
    fits = np.flatnonzero(testable <= sizes)
    return int(sizes[fits[0]]) if len(fits) else 0


def _in_place(values: NDArray[np.float64], order: NDArray[np.int64]) -> NDArray[np.float64]:
    result = np.empty_like(values)
    result[order] = values
    return result
