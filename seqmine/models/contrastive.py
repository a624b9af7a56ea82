"""Two-view contrastive training of any encoder.

DuoRec (Qiu et al. 2022, arXiv:2110.05730) takes views by dropout, CL4SRec (Xie et al. 2022, arXiv:2010.14395) by
augmentation.
"""

from typing import Any, ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from seqmine.models.layers.residual import take_last
from seqmine.models.losses.intent_contrast import intent_contrast
from seqmine.models.module import SequenceModule, select_targets
from seqmine.structs import SequenceBatch, UserError


class TwoViewModule(SequenceModule):
    """Learns the next item and, beside it, that two views of a history belong together (DuoRec).

    The views differ by dropout alone. Histories of a batch that end before the same item count as one, so that the
    supervised and the unsupervised term of DuoRec are one term here, over pairs of the batch instead of pairs drawn
    from the whole data. A training step costs two passes through the encoder.

    Args:
        contrast_weight: weight of the contrast between views.
        temperature: divisor of the cosine between two views.
        parts: those of ``SequenceModule``; the dropout of the encoder must not be 0.
    """

    loss_names: ClassVar[tuple[str, ...]] = ("loss", "contrast")

    def __init__(self, *, contrast_weight: float, temperature: float, **parts: Any) -> None:
        super().__init__(**parts)
        self.contrast_weight = contrast_weight
        self.temperature = temperature

    def training_losses(self, batch: SequenceBatch) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss of the next item in the first view plus the weighted contrast of both views, and its parts.

        Args:
            batch: histories and what comes next in them.
        """
        first, second = self(batch), self(batch)
        loss = self.next_item_loss(*select_targets(first, batch))
        contrast = view_contrast(first, second, batch, self.temperature)
        return loss + self.contrast_weight * contrast, {"loss": loss, "contrast": contrast}


class AugmentedViewModule(TwoViewModule):
    """Learns the next item and, beside it, that two augmented views of a history belong together (CL4SRec).

    The views come with the batch (``data/task=two_views``); those of the other histories are what they are told from.
    """

    def training_losses(self, batch: SequenceBatch) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss of the next item plus the weighted contrast of the views, and its parts.

        Args:
            batch: histories, what comes next in them, and their views.

        Raises:
            UserError: a batch without views.
        """
        if batch.views is None:
            raise UserError("the batches have no views to contrast; set data/task=two_views")
        loss = self.next_item_loss(*select_targets(self(batch), batch))
        owners = torch.arange(len(batch), device=loss.device).repeat(2)
        contrast = intent_contrast(last_states(self(batch.views), batch.views), owners, self.temperature)
        return loss + self.contrast_weight * contrast, {"loss": loss, "contrast": contrast}


def view_contrast(
    first: Float[Tensor, "B L D"], second: Float[Tensor, "B L D"], batch: SequenceBatch, temperature: float
) -> Float[Tensor, ""]:
    """Return the contrast between two views of the last state of each history."""
    views = torch.cat([last_states(first, batch), last_states(second, batch)])
    alone = -1 - torch.arange(len(batch), device=views.device)  # a history without a target is like no other
    owners = torch.where(batch.last_targets > 0, batch.last_targets, alone)
    return intent_contrast(views, owners.repeat(2), temperature)


def last_states(hidden: Float[Tensor, "B L D"], batch: SequenceBatch) -> Float[Tensor, "B D"]:
    """Return the hidden state of the last event of each row."""
    return take_last(hidden, batch.lengths - 1).squeeze(1)
