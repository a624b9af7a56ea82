"""Patterns as a training signal: what they know and the model does not becomes a target of its own."""

from dataclasses import replace
from typing import Any, ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from seqmine.models.layers.residual import take_last
from seqmine.models.module import SequenceModule, select_targets
from seqmine.structs import Baseline, SequenceBatch


class PatternTaughtModule(SequenceModule):
    """Learn the next item and also the defects: items that patterns expect more than the model does.

    At one random position of each history the patterns' scores become shares of the catalog. Where the share of an item
    is above the model's probability, the difference is a soft target. What the model already knows adds nothing, so the
    signal fades as it learns. The patterns are counted on the training part when the fit starts.

    Args:
        patterns: scores the catalog by patterns.
        pattern_weight: weight of the defects beside the loss; 0 learns the next item alone.
        parts: those of ``SequenceModule``; the encoder must be causal.
    """

    loss_names: ClassVar[tuple[str, ...]] = ("loss", "defect")

    def __init__(self, *, patterns: Baseline, pattern_weight: float, **parts: Any) -> None:
        super().__init__(**parts)
        # In a tuple the patterns are no part of the checkpoint: they are counted anew at every fit.
        self._patterns = (patterns,)
        self.pattern_weight = pattern_weight

    def on_fit_start(self) -> None:
        """Count the patterns of the training part; every device counts the same."""
        patterns = self._patterns[0]
        patterns.fit(self.trainer.datamodule.prepared.training_log(), self.num_items)  # type: ignore[attr-defined]
        if isinstance(patterns, nn.Module):
            patterns.to(self.device)

    def training_losses(self, batch: SequenceBatch) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss of the next item plus the weighted loss of the defects, and its parts.

        Args:
            batch: histories and what comes next in them.
        """
        states = self(batch)
        loss = self.next_item_loss(*select_targets(states, batch))
        defect, missing = self._defect_loss(states, batch)
        return loss + self.pattern_weight * defect, {"loss": loss, "defect": missing}

    def _defect_loss(self, states: Float[Tensor, "B L D"], batch: SequenceBatch) -> tuple[Tensor, Tensor]:
        """Return the loss of the defects, and the share of the patterns' expectation that the model lacks."""
        lengths = 1 + (torch.rand(len(batch), device=states.device) * batch.lengths).long()
        last = take_last(states, lengths - 1).squeeze(1)
        queries, items = self.compared(last.float())
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
