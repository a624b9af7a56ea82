"""Is one model better than another? Paired tests on the ranks of the same users.

The difference of two means over users is tested by the paired bootstrap (Efron and Tibshirani, 1993) and by Wilcoxon's
signed-rank test; over several models the p-values are corrected after Holm (1979).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from seqmine.structs import UserError

Gain = Callable[[NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True)
class Comparison:
    """One model against the reference, on the same users.

    Args:
        name: the model.
        mean: its value.
        difference: its value minus that of the reference; positive is better.
        low: lower end of the confidence interval of the difference.
        high: upper end.
        bootstrap_p: two-sided p-value of the paired bootstrap, corrected after Holm.
        wilcoxon_p: two-sided p-value of the signed-rank test, corrected after Holm.
    """

    name: str
    mean: float
    difference: float
    low: float
    high: float
    bootstrap_p: float
    wilcoxon_p: float


def ndcg_gain(ranks: NDArray[np.float64], top_k: int = 10) -> NDArray[np.float64]:
    """Return ``1 / log2(rank + 1)`` within the list, else 0.

    >>> ndcg_gain(np.array([1.0, 3.0, 99.0])).tolist()
    [1.0, 0.5, 0.0]
    """
    return np.where(ranks <= top_k, 1.0 / np.log2(ranks + 1.0), 0.0)


def paired_bootstrap(
    differences: NDArray[np.float64], num_resamples: int, confidence: float, rng: np.random.Generator
) -> tuple[float, float, float]:
    """Return the low and high end of the mean difference and its two-sided p-value.

    Users are drawn with replacement. As a rank metric has few different values, whole counts of each value are drawn at
    once (a multinomial), which is the same draw.

    Args:
        differences: value of the model minus value of the reference, one a user.
        num_resamples: the smallest p-value is ``1 / (num_resamples + 1)``.
        confidence: share of the interval, such as 0.95.
        rng: source of the draws.
    """
    values, counts = np.unique(differences, return_counts=True)
    num_users = len(differences)
    block = max(1, (1 << 22) // len(values))
    sizes = [min(block, num_resamples - start) for start in range(0, num_resamples, block)]
    means = (
        np.concatenate([rng.multinomial(num_users, counts / num_users, size=size) @ values for size in sizes])
        / num_users
    )
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    # Ties with 0 count on both sides, so that two equal models have p = 1.
    smaller = min((means <= 0).sum(), (means >= 0).sum())
    return float(low), float(high), float(min(1.0, 2 * (smaller + 1) / (num_resamples + 1)))


def signed_rank_p(differences: NDArray[np.float64]) -> float:
    """Return the two-sided p-value of Wilcoxon's test; 1 when no user differs.

    >>> signed_rank_p(np.zeros(5))
    1.0
    """
    if not differences.any():
        return 1.0
    return float(stats.wilcoxon(differences, zero_method="wilcox", method="approx").pvalue)


def holm(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return p-values corrected for the number of tests.

    >>> holm(np.array([0.01, 0.04, 0.03])).tolist()
    [0.03, 0.06, 0.06]
    """
    order = np.argsort(p_values, kind="stable")
    factors = len(p_values) - np.arange(len(p_values))
    corrected = np.empty(len(p_values))
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(p_values[order] * factors))
    return corrected


def compare(
    ranks: Mapping[str, NDArray],
    *,
    reference: str,
    gain: Gain = ndcg_gain,
    num_resamples: int = 10_000,
    confidence: float = 0.95,
    seed: int = 0,
) -> list[Comparison]:
    """Compare every model with the reference.

    Args:
        ranks: ranks of the same users in the same order, one array a model.
        reference: the name that the others are compared with.
        gain: value of each rank; NDCG@10 when not given.
        num_resamples: draws of the bootstrap.
        confidence: share of the interval.
        seed: of the draws.

    Raises:
        UserError: the reference is missing, or two models were ranked on different numbers of users.
    """
    if reference not in ranks:
        raise UserError(f"the reference {reference!r} is not one of {', '.join(ranks)}: choose one of them")
    lengths = {name: len(values) for name, values in ranks.items()}
    if len(set(lengths.values())) > 1:
        raise UserError(
            f"models were ranked on different users ({lengths}): evaluate all of them on the same run's split"
        )
    values = {name: gain(np.asarray(column, dtype=np.float64)) for name, column in ranks.items()}
    rng = np.random.default_rng(seed)
    others = [name for name in ranks if name != reference]
    differences = {name: values[name] - values[reference] for name in others}
    boot = {name: paired_bootstrap(differences[name], num_resamples, confidence, rng) for name in others}
    boot_p = holm(np.array([boot[name][2] for name in others]))
    rank_p = holm(np.array([signed_rank_p(differences[name]) for name in others]))
    return [
        Comparison(
            name, float(values[name].mean()), float(differences[name].mean()), *boot[name][:2], float(p), float(q)
        )
        for name, p, q in zip(others, boot_p, rank_p, strict=True)
    ]
