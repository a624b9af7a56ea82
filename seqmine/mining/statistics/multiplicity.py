"""Corrections for having looked at many hypotheses.

``num_hypotheses`` is the size of the family that was chosen without looking at what is tested; it may be larger than
the number of p-values given, and those not given count as 1.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma


class Adjustment(Protocol):
    """A correction: ``holm``, ``benjamini_hochberg`` and the others."""

    def __call__(
        self, p_values: NDArray[np.float64], num_hypotheses: int, weights: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64]:
        """Return adjusted p-values.

        Args:
            p_values: of the hypotheses that were looked at.
            num_hypotheses: size of the family.
            weights: share of the error of each of them, above 0, mean 1 over the whole family (Genovese, Roeder and
                Wasserman, 2006); unset, all have the same.
        """
        ...


def _weighted(p_values: NDArray[np.float64], weights: NDArray[np.float64] | None) -> NDArray[np.float64]:
    return p_values if weights is None else p_values / weights


def bonferroni(
    p_values: NDArray[np.float64], num_hypotheses: int, weights: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Return p-values adjusted for the chance of any false one, under any dependence.

    >>> bonferroni(np.array([0.01, 0.4]), 5).tolist()
    [0.05, 1.0]
    """
    return np.minimum(_weighted(p_values, weights) * num_hypotheses, 1.0)


def holm(
    p_values: NDArray[np.float64], num_hypotheses: int, weights: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Return p-values adjusted for the chance of any false one, never larger than Bonferroni's (Holm, 1979).

    With weights each step pays for the weight that is left, not for the number of hypotheses.

    >>> holm(np.array([0.01, 0.02]), 2).tolist()
    [0.02, 0.02]
    """
    weighted = _weighted(p_values, weights)
    order = np.argsort(weighted, kind="stable")
    given = np.ones(len(p_values)) if weights is None else weights[order]
    left = np.maximum(num_hypotheses - np.cumsum(given) + given, given)
    return _in_place(np.minimum(np.maximum.accumulate(weighted[order] * left), 1.0), order)


def benjamini_hochberg(
    p_values: NDArray[np.float64], num_hypotheses: int, weights: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Return q-values: the share of false ones among all at least as good (Benjamini and Hochberg, 1995).

    >>> benjamini_hochberg(np.array([0.01, 0.04, 0.03]), 3).round(3).tolist()
    [0.03, 0.04, 0.04]
    """
    weighted = _weighted(p_values, weights)
    order = np.argsort(weighted, kind="stable")
    stepped = weighted[order] * num_hypotheses / np.arange(1, len(p_values) + 1)
    return _in_place(np.minimum(np.minimum.accumulate(stepped[::-1])[::-1], 1.0), order)


def benjamini_yekutieli(
    p_values: NDArray[np.float64], num_hypotheses: int, weights: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Return q-values that hold under any dependence (Benjamini and Yekutieli, 2001).

    >>> benjamini_yekutieli(np.array([0.01]), 2).round(12).tolist()
    [0.03]
    """
    harmonic = float(digamma(num_hypotheses + 1.0) + np.euler_gamma)
    return benjamini_hochberg(p_values * harmonic, num_hypotheses, weights)


def adjust_tested(
    p_values: NDArray[np.float64], weights: NDArray[np.float64], num_hypotheses: int, adjustment: Adjustment
) -> NDArray[np.float64]:
    """Return adjusted p-values of a weighted family; 1 for what has the weight 0, as it is no hypothesis at all.

    Args:
        p_values: of every pattern.
        weights: share of the error of each; mean 1 over the whole family.
        num_hypotheses: size of the family.
        adjustment: the correction.

    >>> adjust_tested(np.array([0.01, 1.0]), np.array([1.0, 0.0]), 4, benjamini_hochberg).tolist()
    [0.04, 1.0]
    """
    is_tested = weights > 0
    result = np.ones(len(p_values))
    result[is_tested] = adjustment(p_values[is_tested], num_hypotheses, weights[is_tested])
    return result


def _in_place(values: NDArray[np.float64], order: NDArray[np.int64]) -> NDArray[np.float64]:
    result = np.empty_like(values)
    result[order] = values
    return result
