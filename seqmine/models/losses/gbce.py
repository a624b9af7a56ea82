"""Generalized binary cross-entropy of gSASRec (Petrov and Macdonald 2023, arXiv:2308.07192).

Each position has negatives of its own there. Here the batch draws more of them, up to the whole catalog, which all
positions share and which count less each: one matrix product scores them all, and their sum has the same mean and less
variance.
"""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from seqmine.models.losses.shared_negatives import shared_negatives_loss
from seqmine.structs import NegativeSampler
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import PositiveInt, Share


@bounded
class GBCE(nn.Module):
    """Binary cross-entropy whose positive probability is raised to a power, against the overconfidence of sampling.

    In the loss ``log(beta / num_negatives)`` is added to the scores, which says how much rarer the target is than its
    negatives, so that a model begins where the best constant is. Ranks do not change; but a table of small vectors that
    is input and output at once reaches that constant by making all of them alike, and a SASRec does not come back.

    Args:
        num_negatives: negatives that count for each position; their share of the catalog sets the exponent beta.
        num_drawn: negatives that a batch draws and shares, at most the catalog; together they count as
            ``num_negatives``.
        sampler: draws the negatives; the calibration holds for a uniform one.
        calibration: t of the paper in [0, 1]; 0 is plain binary cross-entropy, 1 predicts calibrated probabilities of
            the shifted scores.
    """

    def __init__(
        self, *, num_negatives: PositiveInt, num_drawn: PositiveInt, sampler: NegativeSampler, calibration: Share
    ) -> None:
        super().__init__()
        self.num_negatives, self.num_drawn = num_negatives, num_drawn
        self.sampler = sampler
        self.calibration = calibration

    def forward(
        self, hidden: Float[Tensor, "M D"], targets: Int[Tensor, "M"], item_embedding: Float[Tensor, "V D"]
    ) -> Float[Tensor, ""]:
        """Return the mean over the M positions of the mean over the target and its negatives."""
        num_items = len(item_embedding) - 1
        negatives, _ = self.sampler.sample(min(self.num_drawn, num_items), targets, num_items)
        beta = gbce_exponent(self.num_negatives, num_items, self.calibration)
        shift = math.log(beta / self.num_negatives)

        def score_loss(positive: Tensor, negative: Tensor) -> tuple[Tensor, Tensor]:
            return binary_loss(positive + shift, negative.add_(shift), beta, self.num_negatives)

        offset = torch.zeros_like(negatives, dtype=torch.float32)
        return shared_negatives_loss(
            hidden, targets, item_embedding, negatives=negatives, offset=offset, score_loss=score_loss
        )


def gbce_exponent(num_negatives: int, num_items: int, calibration: float) -> float:
    """Return beta for a rate ``alpha`` of negatives: ``alpha * (t * (1 - 1 / alpha) + 1 / alpha)``, at most alpha = 1.

    >>> gbce_exponent(256, 1025, 0.0), gbce_exponent(256, 1025, 1.0)
    (1.0, 0.25)
    """
    alpha = min(1.0, num_negatives / max(1, num_items - 1))
    return calibration * (alpha - 1.0) + 1.0


def binary_loss(
    positive: Float[Tensor, "T"], negative: Float[Tensor, "T N"], exponent: float, num_negatives: int
) -> tuple[Tensor, Tensor]:
    """Return the mean of ``-exponent * log sigmoid(positive)`` and the ``-log sigmoid(-negative)``, and its gradient.

    The negatives, which together count as ``num_negatives``, become their gradient.

    >>> loss, gradient = binary_loss(torch.zeros(1), torch.zeros(1, 2), 1.0, 1)
    >>> loss.exp().item(), gradient.item()
    (2.0, -0.25)
    """
    share = 1.0 / (num_negatives + 1)
    weight = share * num_negatives / negative.shape[1]
    loss = exponent * share * F.softplus(-positive) + weight * F.softplus(negative).sum(1)
    negative.sigmoid_().mul_(weight)
    return loss, -exponent * share * torch.sigmoid(-positive)
