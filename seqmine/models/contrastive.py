"""Contrast of two views of each history, as an auxiliary loss of any encoder.

DuoRec (Qiu et al. 2022, arXiv:2110.05730) takes views by dropout, CL4SRec (Xie et al. 2022, arXiv:2010.14395) by
augmentation.
"""

from collections.abc import Sequence
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from seqmine.models.layers.residual import take_last
from seqmine.models.losses.intent_contrast import intent_contrast
from seqmine.models.module import SequenceModule
from seqmine.structs import SequenceBatch, UserError
from seqmine.structs.bounds import Penalty, Temperature


class TwoViewContrast(nn.Module):
    """Learns that two views of a history belong together (DuoRec).

    The views differ by dropout only, so that the dropout of the encoder must not be 0. Histories of a batch that end
    before the same item count as one: the supervised and the unsupervised term of DuoRec are one term here, over pairs
    of the batch instead of pairs drawn from the whole data. A training step costs one more pass through the encoder.

    Args:
        weight: weight of the contrast between views.
        temperature: divisor of the cosine between two views.

    Raises:
        UserError: a temperature that is not above 0.
    """

    num_passes: ClassVar[int] = 2

    def __init__(self, *, weight: Penalty, temperature: Temperature) -> None:
        super().__init__()
        _check_temperature(temperature)
        self.weight, self.temperature = weight, temperature

    def forward(
        self,
        model: SequenceModule,  # noqa: ARG002
        passes: Sequence[Float[Tensor, "B L D"]],
        batch: SequenceBatch,
    ) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
        """Return the contrast of the hidden states of two passes, also to be logged."""
        contrast = view_contrast(passes[0], passes[1], batch, self.temperature)
        return contrast, contrast


class AugmentedViewContrast(nn.Module):
    """Learns that two augmented views of a history belong together (CL4SRec).

    The views come with the batch (``data/task=two_views``); those of the other histories are what they are told from.

    Args:
        weight: weight of the contrast between views.
        temperature: divisor of the cosine between two views.

    Raises:
        UserError: a temperature that is not above 0.
    """

    num_passes: ClassVar[int] = 1

    def __init__(self, *, weight: Penalty, temperature: Temperature) -> None:
        super().__init__()
        _check_temperature(temperature)
        self.weight, self.temperature = weight, temperature

    def forward(
        self,
        model: SequenceModule,
        passes: Sequence[Float[Tensor, "B L D"]],  # noqa: ARG002
        batch: SequenceBatch,
    ) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
        """Return the contrast of the views, also to be logged.

        Raises:
            UserError: a batch without views.
        """
        if batch.views is None:
            raise UserError("the batches have no views to contrast; set `module.task`=two_views")
        owners = torch.arange(len(batch), device=batch.items.device).repeat(2)
        contrast = intent_contrast(last_states(model(batch.views), batch.views), owners, self.temperature)
        return contrast, contrast


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


def _check_temperature(temperature: float) -> None:
    if temperature <= 0:
        raise UserError(f"temperature is {temperature}, allowed are numbers above 0")
