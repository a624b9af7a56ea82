"""Patterns as a training signal: what they know and the model does not becomes a target of its own."""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from seqmine.models.layers.residual import take_last
from seqmine.models.module import SequenceModule
from seqmine.structs import Baseline, InteractionLog, SequenceBatch
from seqmine.structs.bounds import Penalty


class PatternDefects(nn.Module):
    """Learn the defects of the model, as an auxiliary loss: items that patterns expect more than the model does.

    At one random position of each history the patterns' scores become shares of the catalog. Where the share of an item
    is above the model's probability, the difference is a soft target. What the model already knows adds nothing, so the
    signal fades as it learns. The patterns are counted on the training part when the fit starts; the encoder must be
    causal.

    Args:
        patterns: scores the catalog by patterns.
        weight: weight of the defects in the sum of the losses; 0 learns the next item only.
    """

    num_passes: ClassVar[int] = 1

    def __init__(self, *, patterns: Baseline, weight: Penalty) -> None:
        super().__init__()
        # In a tuple the patterns are no part of the checkpoint: they are counted anew at every fit.
        self._patterns = (patterns,)
        self.weight = weight

    def count(self, model: SequenceModule, log: InteractionLog) -> None:
        """Count the patterns of a log.

        Args:
            model: to be trained, on whose device the counts are kept.
            log: the training part.
        """
        patterns = self._patterns[0]
        patterns.fit(log, model.num_items)
        if isinstance(patterns, nn.Module):
            patterns.to(model.device)

    def forward(
        self, model: SequenceModule, passes: Sequence[Float[Tensor, "B L D"]], batch: SequenceBatch
    ) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
        """Return the loss of the defects and, to be logged, the share of what patterns expect that the model lacks."""
        lengths = 1 + (torch.rand(len(batch), device=batch.lengths.device) * batch.lengths).long()
        last = take_last(passes[0], lengths - 1).squeeze(1)
        queries, items = model.compared(last.float())
        told = self._patterns[0].score(replace(batch, lengths=lengths))
        return defect_loss(queries @ items.float().T, told)


def defect_loss(
    scores: Float[Tensor, "B V"], told: Float[Tensor, "B V"]
) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
    """Return the loss of what patterns expect above the model's probability, and how much that is.

    Args:
        scores: of the model, logits.
        told: of the patterns, not negative; column 0 is padding.

    >>> loss, missing = defect_loss(torch.zeros(1, 3), torch.tensor([[0.0, 3.0, 1.0]]))
    >>> round(missing.item(), 4), round((loss / missing).exp().item(), 4)
    (0.25, 2.0)
    """
    log_probabilities = F.log_softmax(scores[:, 1:], dim=1)
    shares = told[:, 1:] / told[:, 1:].sum(dim=1, keepdim=True).clamp(min=1e-12)
    missing = (shares - log_probabilities.detach().exp()).clamp(min=0)
    return -(missing * log_probabilities).sum(dim=1).mean(), missing.sum(dim=1).mean()
