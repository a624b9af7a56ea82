"""Measures of a list against several targets: all items that come within the horizon of a history.

The ranks of the targets of a history stand in a row of a table (Q, T), infinite where a row has fewer targets. A target
that is no candidate, or that training never saw, has a rank behind the catalog: it is a miss, and counts as a target.
With one target a row every measure is that of ``seqmine.metrics.functional``; recall is then the hit rate.
"""

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor
from torchmetrics import Metric

from seqmine.metrics.functional import target_ranks
from seqmine.metrics.mean_state import accumulate, add_mean_state, mean_of
from seqmine.structs import SequenceBatch, UserError


def horizon_hit_rate(ranks: Float[Tensor, "Q T"], top_k: int) -> Float[Tensor, "Q"]:
    """Return 1 where any target is among the first ``top_k``, else 0.

    >>> horizon_hit_rate(torch.tensor([[1.0, 20.0], [20.0, torch.inf]]), 10).tolist()
    [1.0, 0.0]
    """
    return (ranks <= top_k).any(dim=1).double()


def horizon_recall(ranks: Float[Tensor, "Q T"], top_k: int) -> Float[Tensor, "Q"]:
    """Return the share of the targets that are among the first ``top_k``.

    >>> horizon_recall(torch.tensor([[1.0, 20.0], [3.0, torch.inf]]), 10).tolist()
    [0.5, 1.0]
    """
    return (ranks <= top_k).sum(dim=1).double() / ranks.isfinite().sum(dim=1)


def horizon_ndcg(ranks: Float[Tensor, "Q T"], top_k: int) -> Float[Tensor, "Q"]:
    """Return the discounted gain of the targets among the first ``top_k``, divided by that of the best list.

    Each target gains ``1 / log2(rank + 1)``; the best list begins with all targets, or ``top_k`` of them.

    >>> horizon_ndcg(torch.tensor([[1.0, 2.0], [1.0, 20.0]]), 10).tolist()
    [1.0, 0.6131471927654584]
    """
    gains = torch.where(ranks <= top_k, 1.0 / torch.log2(ranks.double() + 1.0), 0.0).sum(dim=1)
    best = (1.0 / torch.log2(torch.arange(2, top_k + 2, device=ranks.device).double())).cumsum(0)
    return gains / best[ranks.isfinite().sum(dim=1).clamp(1, top_k) - 1]


def horizon_mrr(ranks: Float[Tensor, "Q T"], top_k: int) -> Float[Tensor, "Q"]:
    """Return ``1 / rank`` of the target that comes first in the list, 0 beyond ``top_k``.

    >>> horizon_mrr(torch.tensor([[20.0, 2.0], [20.0, torch.inf]]), 10).tolist()
    [0.5, 0.0]
    """
    best = ranks.amin(dim=1).double()
    return torch.where(best <= top_k, 1.0 / best, 0.0)


MEASURES: dict[str, Callable[[Tensor, int], Tensor]] = {
    "hit_rate": horizon_hit_rate,
    "recall": horizon_recall,
    "ndcg": horizon_ndcg,
    "mrr": horizon_mrr,
}


def horizon_gains(ranks: NDArray[np.float64], users: NDArray[np.int64], metric: str) -> NDArray[np.float64]:
    """Return the value of each user in a metric over all targets, whose mean is the metric.

    Args:
        ranks: of the targets, those of a user together.
        users: the user of each target, ascending.
        metric: such as ``recall@10``.

    Raises:
        UserError: the metric is not one of ``MEASURES``.

    >>> horizon_gains(np.array([1.0, 20.0, 3.0]), np.array([4, 4, 5]), "recall@10").tolist()
    [0.5, 1.0]
    """
    name, _, top_k = metric.partition("@")
    if name not in MEASURES or not top_k.isdecimal() or int(top_k) < 1:
        raise UserError(f"metric is {metric!r}, allowed are {'@k, '.join(MEASURES)}@k with k from 1; change metric")
    _, starts, rows, counts = np.unique(users, return_index=True, return_inverse=True, return_counts=True)
    table = np.full((len(starts), int(counts.max(initial=1))), np.inf)
    table[rows, np.arange(len(users)) - starts[rows]] = ranks
    return MEASURES[name](torch.from_numpy(table), int(top_k)).numpy()


class HorizonMetric(Metric):
    """The mean of a measure over the histories of all devices.

    Args:
        measure: returns the value of each row of a table of ranks.
        top_k: list cut-off, at least 1.
    """

    higher_is_better = True
    full_state_update = False

    def __init__(self, *, measure: Callable[[Tensor, int], Tensor], top_k: int) -> None:
        super().__init__()
        self.measure, self.top_k = measure, top_k
        add_mean_state(self)

    def update(self, ranks: Float[Tensor, "Q T"]) -> None:
        """Add the ranks of the targets of a batch of histories, of which each has one at least."""
        accumulate(self, self.measure(ranks, self.top_k))

    def compute(self) -> Float[Tensor, ""]:
        """Return the mean, NaN when there is no history."""
        return mean_of(self)


def target_table(batch: SequenceBatch) -> tuple[Int[Tensor, "Q T"], Int[Tensor, "Q T"]]:
    """Return the targets of each row of an evaluation batch, 0 where it has fewer, and their positions."""
    first = batch.last_targets
    place = torch.zeros_like(first) if batch.target_positions is None else batch.target_positions
    if batch.later_targets is None or batch.later_positions is None or not len(batch.later_targets):
        return first.unsqueeze(1), place.unsqueeze(1)
    rows, _, items = batch.later_targets.T.contiguous()
    slots = 1 + torch.arange(len(rows), device=rows.device) - torch.searchsorted(rows, rows)
    table = first.new_zeros(len(first), int(slots.max()) + 1)
    places = torch.zeros_like(table)
    table[:, 0], places[:, 0] = first, place
    table[rows, slots], places[rows, slots] = items, batch.later_positions
    return table, places


def rank_table(scores: Float[Tensor, "Q V"], table: Int[Tensor, "Q T"], ties: str) -> Float[Tensor, "Q T"]:
    """Return the rank of each target among all candidates, other targets included; infinite where the table has 0."""
    ranks = torch.full(table.shape, torch.inf, dtype=torch.float64, device=scores.device)
    for slot in range(table.shape[1]):
        rows = table[:, slot].nonzero().squeeze(1)
        if len(rows):
            ranks[rows, slot] = target_ranks(scores[rows], table[rows, slot], ties).double()
    return ranks
