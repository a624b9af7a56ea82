"""Generalized binary cross-entropy of gSASRec (Petrov and Macdonald 2023, arXiv:2308.07192).

Each position has its own negatives there; here the whole batch shares them: one matrix product scores them all.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from seqmine.models.losses.shared_negatives import shared_negatives_loss
from seqmine.structs import NegativeSampler, UserError


class GBCE(nn.Module):
    """Binary cross-entropy whose positive probability is raised to a power, against the overconfidence of sampling.

    Args:
        num_negatives: negatives of a batch, shared by its positions.
        sampler: draws the negatives; the calibration holds for a uniform one.
        calibration: t of the paper in [0, 1]; 0 is plain binary cross-entropy, 1 predicts calibrated probabilities.
    """

    def __init__(self, *, num_negatives: int, sampler: NegativeSampler, calibration: float) -> None:
        super().__init__()
        if num_negatives < 1:
            raise UserError(f"num_negatives is {num_negatives}, must be at least 1: set model.loss.num_negatives.")
        if not 0.0 <= calibration <= 1.0:
            raise UserError(f"calibration is {calibration}, must lie in [0, 1]: set model.loss.calibration.")
        self.num_negatives = num_negatives
        self.sampler = sampler
        self.calibration = calibration

    def forward(
        self, hidden: Float[Tensor, "M D"], targets: Int[Tensor, "M"], item_embedding: Float[Tensor, "V D"]
    ) -> Float[Tensor, ""]:
        """Return the mean over the M positions of the mean over the target and its negatives."""
        num_items = len(item_embedding) - 1
        negatives, _ = self.sampler.sample(self.num_negatives, targets, num_items)
        beta = gbce_exponent(self.num_negatives, num_items, self.calibration)

        def score_loss(positive: Tensor, negative: Tensor) -> tuple[Tensor, Tensor]:
            return binary_loss(positive, negative, beta)

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


def binary_loss(positive: Float[Tensor, "T"], negative: Float[Tensor, "T N"], exponent: float) -> tuple[Tensor, Tensor]:
    """Return the mean of ``-exponent * log sigmoid(positive)`` and the ``-log sigmoid(-negative)``, and its gradient.

    The negatives become their gradient.

    >>> loss, gradient = binary_loss(torch.zeros(1), torch.zeros(1, 1), 1.0)
    >>> loss.exp().item(), gradient.item()
    (2.0, -0.25)
    """
    share = 1.0 / (negative.shape[1] + 1)
    loss = (exponent * F.softplus(-positive) + F.softplus(negative).sum(1)) * share
    negative.sigmoid_().mul_(share)
    return loss, -exponent * share * torch.sigmoid(-positive)
