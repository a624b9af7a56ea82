"""Bayesian personalized ranking (Rendle et al. 2009, arXiv:1205.2618) against negatives that the whole batch shares."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from seqmine.models.losses.shared_negatives import shared_negatives_loss
from seqmine.structs import NegativeSampler
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import PositiveInt


@bounded
class BPR(nn.Module):
    """Log-likelihood that the target scores above each negative.

    Args:
        num_negatives: negatives of a batch, shared by its positions.
        sampler: draws the negatives.
    """

    def __init__(self, *, num_negatives: PositiveInt, sampler: NegativeSampler) -> None:
        super().__init__()
        self.num_negatives = num_negatives
        self.sampler = sampler

    def forward(
        self, hidden: Float[Tensor, "M D"], targets: Int[Tensor, "M"], item_embedding: Float[Tensor, "V D"]
    ) -> Float[Tensor, ""]:
        """Return the mean over the M positions of the mean over negatives."""
        negatives, _ = self.sampler.sample(self.num_negatives, targets, len(item_embedding) - 1)
        offset = torch.zeros_like(negatives, dtype=torch.float32)
        return shared_negatives_loss(
            hidden, targets, item_embedding, negatives=negatives, offset=offset, score_loss=pairwise_loss
        )


def pairwise_loss(positive: Float[Tensor, "T"], negative: Float[Tensor, "T N"]) -> tuple[Tensor, Tensor]:
    """Return the mean of ``-log sigmoid(positive - negative)`` and its gradient; the negatives become theirs.

    >>> loss, gradient = pairwise_loss(torch.zeros(1), torch.zeros(1, 3))
    >>> loss.exp().item(), gradient.item()
    (2.0, -0.5)
    """
    negative.sub_(positive.unsqueeze(1))
    loss = F.softplus(negative).mean(1)
    negative.sigmoid_().div_(negative.shape[1])
    return loss, -negative.sum(1)
