"""How faithful an explanation is, from what a model says while its events are deleted or brought back.

Pure functions of ranks and probabilities. The names are those of the literature on explained recommendation: PN
(Tan et al. 2021, arXiv:2108.10539), POS-P, NEG-P, DEL, INS and CDCG (Barkan et al., WWW 2024), comprehensiveness and
sufficiency (DeYoung et al. 2020, arXiv:1911.03429). Where papers differ, the definition here is the one stated.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SHARES = (0.01, 0.05, 0.1, 0.2, 0.5)
"""Shares of the events over which comprehensiveness and sufficiency are averaged."""
LOWER_IS_BETTER = frozenset({"POS-P", "DEL", "CDCG", "sufficiency", "size"})
"""Measures whose small values speak for an explanation; large values of all others do."""


@dataclass(frozen=True)
class Trace:
    """What a model says of an item while events of one history go and come, by their importance.

    Index m of each array is about m events; index 0 of ``without_least`` and ``without_most`` is the whole history.

    Args:
        ranks: (n + 1,) from 1, after deleting the m most important events.
        probabilities: (n + 1,) after the same.
        ranks_without_least: (n + 1,) after deleting the m least important events; 0 where it was not asked.
        probabilities_kept: (n + 1,) after keeping the m most important events alone; NaN where it was not asked.
    """

    ranks: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    ranks_without_least: NDArray[np.int64]
    probabilities_kept: NDArray[np.float64]

    @property
    def num_events(self) -> int:
        """Number n of events."""
        return len(self.ranks) - 1


def tenths(num_events: int) -> NDArray[np.int64]:
    """Return (11,) how many events each tenth is, rounded up, from none to all.

    >>> tenths(5).tolist()
    [0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    """
    return -(-np.arange(11) * num_events // 10)


def shares(num_events: int) -> NDArray[np.int64]:
    """Return how many events each of ``SHARES`` is, rounded up.

    >>> shares(50).tolist()
    [1, 3, 5, 10, 25]
    """
    return np.ceil(np.array(SHARES) * num_events - 1e-9).astype(np.int64)


def is_necessary(trace: Trace, top_k: int, size: int) -> float:
    """Return 1 if deleting the most important events takes an item out of the top K, 0 if not; NaN if it was not in.

    Its mean over the items of a list is PN-S, its mean weighted by ``rank_weight`` PN-R.

    Args:
        trace: of the item.
        top_k: length of the list.
        size: how many events are deleted; all where there are fewer.
    """
    if trace.ranks[0] > top_k:
        return float("nan")
    return float(trace.ranks[min(size, trace.num_events)] > top_k)


def rank_weight(rank: int) -> float:
    """Return what an item of this rank weighs in PN-R, its discount in DCG.

    >>> rank_weight(1), rank_weight(3)
    (1.0, 0.5)
    """
    return float(1 / np.log2(1 + rank))


def positive_curve(trace: Trace, top_k: int) -> NDArray[np.float64]:
    """Return (10,) whether an item is still in the top K while the most important events go tenth by tenth."""
    return (trace.ranks[tenths(trace.num_events)[1:]] <= top_k).astype(np.float64)


def negative_curve(trace: Trace, top_k: int) -> NDArray[np.float64]:
    """Return (10,) whether an item is still in the top K while the least important events go tenth by tenth."""
    return (trace.ranks_without_least[tenths(trace.num_events)[1:]] <= top_k).astype(np.float64)


def deletion_area(trace: Trace) -> float:
    """Return DEL, the area under the probability while the most important events go, whole history = 1."""
    return _area(trace.probabilities[tenths(trace.num_events)] / trace.probabilities[0])


def insertion_area(trace: Trace) -> float:
    """Return INS, the area under the probability while the most important events come, whole history = 1."""
    return _area(trace.probabilities_kept[tenths(trace.num_events)] / trace.probabilities[0])


def counterfactual_dcg(trace: Trace) -> float:
    """Return CDCG, the mean discount ``1 / log2(1 + rank)`` of an item while the most important events go."""
    return float((1 / np.log2(1 + trace.ranks[tenths(trace.num_events)[1:]])).mean())


def comprehensiveness(trace: Trace) -> float:
    """Return the mean loss of probability without the most important 1, 5, 10, 20 and 50% of the events."""
    return float((trace.probabilities[0] - trace.probabilities[shares(trace.num_events)]).mean())


def sufficiency(trace: Trace) -> float:
    """Return the mean loss of probability with nothing but the most important 1, 5, 10, 20 and 50% of the events."""
    return float((trace.probabilities[0] - trace.probabilities_kept[shares(trace.num_events)]).mean())


def explanation_size(trace: Trace, top_k: int) -> float:
    """Return how many of the most important events have to go before an item leaves the top K.

    All n where it never does; NaN where it was not in.
    """
    if trace.ranks[0] > top_k:
        return float("nan")
    out = np.flatnonzero(trace.ranks > top_k)
    return float(out[0]) if len(out) else float(trace.num_events)


def gini(values: NDArray[np.float64]) -> float:
    """Return how unevenly importance is spread, of absolute values: 0 when even, near 1 when one event has it all.

    >>> gini(np.array([2.0, -2.0])), gini(np.array([0.0, 0.0, 0.0, 1.0])), gini(np.zeros(3))
    (0.0, 0.75, 0.0)
    """
    sizes = np.sort(np.abs(values))
    total = sizes.sum()
    if total == 0:
        return 0.0
    ranks = np.arange(1, len(sizes) + 1)
    return float((2 * ranks - len(sizes) - 1) @ sizes / (len(sizes) * total))


def measures_of(trace: Trace, values: NDArray[np.float64], top_k: int, size: int) -> dict[str, float]:
    """Return every measure of one explanation, by name.

    Args:
        trace: of the item.
        values: shares of the events.
        top_k: length K of the list.
        size: events of the explanation that PN deletes.
    """
    return {
        "PN-S": is_necessary(trace, top_k, size),
        "POS-P": float(positive_curve(trace, top_k).mean()),
        "NEG-P": float(negative_curve(trace, top_k).mean()),
        "DEL": deletion_area(trace),
        "INS": insertion_area(trace),
        "CDCG": counterfactual_dcg(trace),
        "comprehensiveness": comprehensiveness(trace),
        "sufficiency": sufficiency(trace),
        "size": explanation_size(trace, top_k),
        "Gini": gini(values),
    }


def _area(curve: NDArray[np.float64]) -> float:
    """Return the area under a curve of evenly spaced points from 0 to 1."""
    return float(((curve[1:] + curve[:-1]) / 2).mean())
