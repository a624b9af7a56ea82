"""Softmax cross-entropy against a sample of the catalog, corrected for how the sample was drawn."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from seqmine.models.losses.shared_negatives import shared_negatives_loss
from seqmine.structs import NegativeSampler
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import PositiveInt, Temperature


@bounded
class SampledSoftmax(nn.Module):
    """Softmax of the target against negatives that the whole batch shares.

    The score of a negative is lowered by the log of its expected count, so that the sum over negatives estimates the
    sum over the rest of the catalog without bias (Bengio and Senecal 2008, doi:10.1109/TNN.2007.912312). The target is
    always there, so its own score stays as it is. With the whole catalog as negatives this is the full cross-entropy.

    Args:
        num_negatives: negatives of a batch; thousands cost little, hundreds lose accuracy.
        sampler: draws the negatives.
        temperature: divisor of the scores; below 1 sharpens the distribution.
    """

    def __init__(self, *, num_negatives: PositiveInt, sampler: NegativeSampler, temperature: Temperature = 1.0) -> None:
        super().__init__()
        self.num_negatives = num_negatives
        self.sampler = sampler
        self.temperature = temperature

    def forward(
        self, hidden: Float[Tensor, "M D"], targets: Int[Tensor, "M"], item_embedding: Float[Tensor, "V D"]
    ) -> Float[Tensor, ""]:
        """Return the mean over the M positions."""
        negatives, log_counts = self.sampler.sample(self.num_negatives, targets, len(item_embedding) - 1)
        scaled = hidden / self.temperature if self.temperature != 1.0 else hidden
        return shared_negatives_loss(
            scaled, targets, item_embedding, negatives=negatives, offset=-log_counts, score_loss=softmax_loss
        )


def softmax_loss(positive: Float[Tensor, "T"], negative: Float[Tensor, "T N"]) -> tuple[Tensor, Tensor]:
    """Return ``-log softmax`` of the positive and its gradient; the negatives become theirs.

    >>> loss, gradient = softmax_loss(torch.zeros(1), torch.zeros(1, 3))
    >>> loss.exp().item(), round(gradient.item(), 4)
    (4.0, -0.75)
    """
    top = negative.amax(1)
    torch.softmax(negative, 1, out=negative)
    # log-sum-exp from the largest probability, which cannot underflow: it is at least 1 / N
    rest = top - negative.amax(1).log()
    miss = torch.sigmoid(rest - positive)
    negative.mul_(miss.unsqueeze(1))
    return F.softplus(rest - positive), -miss
