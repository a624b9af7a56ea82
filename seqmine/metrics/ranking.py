"""Ranking metrics with state: a sum and a count, exact on any number of devices."""

from jaxtyping import Float
from torch import Tensor
from torchmetrics import Metric

from seqmine.metrics.functional import hit_rate, ndcg, reciprocal_rank
from seqmine.metrics.mean_state import accumulate, add_mean_state, mean_of


class HitRate(Metric):
    """Share of users whose target is among the first ``top_k``.

    Args:
        top_k: list cut-off, at least 1.
    """

    higher_is_better = True
    full_state_update = False

    def __init__(self, *, top_k: int) -> None:
        super().__init__()
        self.top_k = top_k
        add_mean_state(self)

    def update(self, ranks: Tensor) -> None:
        """Add the ranks (from 1) of a batch of targets."""
        accumulate(self, hit_rate(ranks, self.top_k))

    def compute(self) -> Float[Tensor, ""]:
        """Return the mean over the users of all devices, NaN when there is none."""
        return mean_of(self)


class NDCG(Metric):
    """Normalized discounted cumulative gain of the one target (Jarvelin and Kekalainen, TOIS 2002).

    Args:
        top_k: list cut-off, at least 1.
    """

    higher_is_better = True
    full_state_update = False

    def __init__(self, *, top_k: int) -> None:
        super().__init__()
        self.top_k = top_k
        add_mean_state(self)

    def update(self, ranks: Tensor) -> None:
        """Add the ranks (from 1) of a batch of targets."""
        accumulate(self, ndcg(ranks, self.top_k))

    def compute(self) -> Float[Tensor, ""]:
        """Return the mean over the users of all devices, NaN when there is none."""
        return mean_of(self)


class MRR(Metric):
    """Mean reciprocal rank, 0 for a target beyond ``top_k``.

    Args:
        top_k: list cut-off, at least 1.
    """

    higher_is_better = True
    full_state_update = False

    def __init__(self, *, top_k: int) -> None:
        super().__init__()
        self.top_k = top_k
        add_mean_state(self)

    def update(self, ranks: Tensor) -> None:
        """Add the ranks (from 1) of a batch of targets."""
        accumulate(self, reciprocal_rank(ranks, self.top_k))

    def compute(self) -> Float[Tensor, ""]:
        """Return the mean over the users of all devices, NaN when there is none."""
        return mean_of(self)
