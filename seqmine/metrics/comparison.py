"""Is one model better than another? Paired tests on the ranks of the same targets of the same users.

The difference of two means over targets is tested by the paired bootstrap (Efron and Tibshirani, 1993), which draws
users with all their targets, as those of one user are not independent (Field and Welsh, JRSS B 2007), and by Wilcoxon's
signed-rank test on the means of users; over several models the p-values are corrected after Holm (1979).
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import stats

from seqmine.metrics.functional import hit_rate, ndcg, reciprocal_rank
from seqmine.structs import UserError

_GAINS = {"hit_rate": hit_rate, "ndcg": ndcg, "mrr": reciprocal_rank}


@dataclass(frozen=True)
class Comparison:
    """One model against the reference, on the same targets.

    Args:
        name: the model.
        mean: its value, as the mean over targets.
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


def rank_gains(ranks: NDArray[np.float64], metric: str) -> NDArray[np.float64]:
    """Return the value of each rank in a metric, whose mean is the metric.

    Args:
        ranks: from 1.
        metric: such as ``ndcg@10``, ``hit_rate@5`` or ``mrr@20``.

    Raises:
        UserError: the metric is not one of these.

    >>> rank_gains(np.array([1.0, 3.0, 99.0]), "ndcg@10").tolist()
    [1.0, 0.5, 0.0]
    """
    name, _, top_k = metric.partition("@")
    if name not in _GAINS or not top_k.isdecimal() or int(top_k) < 1:
        raise UserError(f"metric is {metric!r}, allowed are {'@k, '.join(_GAINS)}@k with k from 1; change metric")
    return _GAINS[name](torch.tensor(ranks), int(top_k)).numpy()


def totals_by_user(
    users: NDArray[np.int64], values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the sum of the values of each user that has one, by user number, and how many they are.

    >>> sums, counts = totals_by_user(np.array([0, 2, 2]), np.array([1.0, 0.0, 1.0]))
    >>> sums.tolist(), counts.tolist()
    ([1.0, 1.0], [1, 2])
    """
    counts = np.bincount(users)
    sums = np.asarray(np.bincount(users, weights=values), np.float64)
    return sums[counts > 0], counts[counts > 0]


def bootstrap_means(
    values: NDArray[np.float64], users: NDArray[np.int64], num_resamples: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return the mean over the targets of each resample of the users.

    Users are drawn with replacement, each with all targets. As a rank metric has few different values, the counts of
    users with the same values are drawn at once (a multinomial), which is the same draw.

    Args:
        values: one a target, at least one.
        users: number of the user of each target.
        num_resamples: number of resamples.
        rng: source of the draws.
    """
    sums, counts = totals_by_user(users, values)
    kinds, sizes = np.unique(np.stack([sums, counts], axis=1), axis=0, return_counts=True)
    block = max(1, (1 << 22) // len(kinds))
    drawn = [min(block, num_resamples - start) for start in range(0, num_resamples, block)]
    totals = np.concatenate([rng.multinomial(len(sums), sizes / len(sums), size=size) @ kinds for size in drawn])
    return totals[:, 0] / totals[:, 1]


def bootstrap_interval(
    values: NDArray[np.float64],
    users: NDArray[np.int64],
    num_resamples: int,
    confidence: float,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Return the low and high end of the mean of ``values`` over targets, as percentiles of the bootstrap over users.

    Args:
        values: one a target.
        users: number of the user of each target.
        num_resamples: draws.
        confidence: share of the interval, such as 0.95.
        rng: source of the draws.
    """
    return _percentiles(bootstrap_means(values, users, num_resamples, rng), confidence)


def paired_bootstrap(
    differences: NDArray[np.float64],
    users: NDArray[np.int64],
    num_resamples: int,
    confidence: float,
    rng: np.random.Generator,
) -> tuple[float, float, float]:
    """Return the low and high end of the mean difference and its two-sided p-value.

    Args:
        differences: value of the model minus value of the reference, one a target.
        users: number of the user of each target.
        num_resamples: the smallest p-value is ``2 / (num_resamples + 1)``.
        confidence: share of the interval, such as 0.95.
        rng: source of the draws.
    """
    means = bootstrap_means(differences, users, num_resamples, rng)
    # Ties with 0 count on both sides, so that two equal models have p = 1.
    smaller = min((means <= 0).sum(), (means >= 0).sum())
    p_value = float(min(1.0, 2 * (smaller + 1) / (num_resamples + 1)))
    return *_percentiles(means, confidence), p_value


def _percentiles(means: NDArray[np.float64], confidence: float) -> tuple[float, float]:
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def signed_rank_p(differences: NDArray[np.float64], users: NDArray[np.int64]) -> float:
    """Return the two-sided p-value of Wilcoxon's test on the means of users; 1 when no user differs.

    No p-value is 0: one that is too small for a number is the smallest normal one.

    >>> signed_rank_p(np.zeros(5), np.arange(5))
    1.0
    """
    sums, counts = totals_by_user(users, differences)
    if not sums.any():
        return 1.0
    found = float(stats.wilcoxon(sums / counts, zero_method="wilcox", method="approx").pvalue)
    return max(found, sys.float_info.min)


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
    gains: Mapping[str, NDArray[np.float64]],
    users: NDArray[np.int64],
    *,
    reference: str,
    num_resamples: int = 10_000,
    confidence: float = 0.95,
    seed: int,
) -> list[Comparison]:
    """Compare every model with the reference.

    The intervals and p-values are about users: would the difference hold for other users of the same kind? How far the
    seeds of a training differ is another question; average a model's values over its seeds before.

    Args:
        gains: value of the same targets in the same order, one array a model; see ``rank_gains``.
        users: number of the user of each target.
        reference: the name that the others are compared with.
        num_resamples: draws of the bootstrap.
        confidence: share of the interval.
        seed: of the draws.

    Raises:
        UserError: the reference is missing, or two models were ranked on different numbers of targets.
    """
    if reference not in gains:
        raise UserError(f"the reference {reference!r} is not one of {', '.join(gains)}: choose one of them")
    lengths = {name: len(values) for name, values in gains.items()}
    if len(set(lengths.values())) > 1:
        raise UserError(
            f"models were ranked on different targets ({lengths}): evaluate all of them on the same run's split"
        )
    rng = np.random.default_rng(seed)
    others = [name for name in gains if name != reference]
    differences = {name: gains[name] - gains[reference] for name in others}
    boot = {name: paired_bootstrap(differences[name], users, num_resamples, confidence, rng) for name in others}
    boot_p = holm(np.array([boot[name][2] for name in others]))
    rank_p = holm(np.array([signed_rank_p(differences[name], users) for name in others]))
    return [
        Comparison(
            name, float(gains[name].mean()), float(differences[name].mean()), *boot[name][:2], float(p), float(q)
        )
        for name, p, q in zip(others, boot_p, rank_p, strict=True)
    ]


def order_gain(
    users: NDArray[np.int64], ranks: NDArray[np.float64], blind_ranks: NDArray[np.float64]
) -> dict[str, float]:
    """Return by how much NDCG@10 is higher than that of a model that is blind to order, with a 95% interval over users.

    Args:
        users: number of the user of each target.
        ranks: of the model.
        blind_ranks: of the other, on the same targets.

    >>> order_gain(np.array([0, 1]), np.array([1.0, 3.0]), np.array([1.0, 3.0]))
    {'order_gain/ndcg@10': 0.0, 'order_gain/low': 0.0, 'order_gain/high': 0.0}
    """
    gains = rank_gains(ranks, "ndcg@10") - rank_gains(blind_ranks, "ndcg@10")
    low, high = bootstrap_interval(gains, users, 1000, 0.95, np.random.default_rng(0))
    return {"order_gain/ndcg@10": float(gains.mean()), "order_gain/low": low, "order_gain/high": high}
