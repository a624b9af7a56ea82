"""Two-view contrastive training of any encoder, as DuoRec (Qiu et al. 2022, arXiv:2110.05730)."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from seqmine.models.losses.intent_contrast import intent_contrast
from seqmine.models.module import SequenceModule, select_targets
from seqmine.structs import Catalog, SequenceBatch


class TwoViewModule(SequenceModule):
    """Learns the next item and, beside it, that two views of a history belong together.

    The views differ by dropout alone. Histories of a batch that end before the same item count as one, so that the
    supervised and the unsupervised term of DuoRec are one term here, over pairs of the batch instead of pairs drawn
    from the whole data. A training step costs two passes through the encoder.

    Args:
        embedding_dim: size D of the item vectors.
        encoder: turns embedded histories into hidden states; its dropout must not be 0.
        loss: compares hidden states with the item table.
        contrast_weight: weight of the contrast between views.
        temperature: divisor of the cosine between two views.
        catalog: the items to learn.
        optimizer: builds an optimizer from parameter groups.
        scheduler: builds a learning-rate schedule from the optimizer and the number of steps; called once a step.
        context: builds by name, from the catalog, what is known of events beside their items.
    """

    def __init__(
        self,
        *,
        embedding_dim: int,
        encoder: nn.Module,
        loss: nn.Module,
        contrast_weight: float,
        temperature: float,
        catalog: Catalog,
        optimizer: Callable[..., Optimizer],
        scheduler: Callable[..., LRScheduler],
        context: dict[str, Callable[..., nn.Module]] | None = None,
    ) -> None:
        super().__init__(
            embedding_dim=embedding_dim,
            encoder=encoder,
            loss=loss,
            catalog=catalog,
            optimizer=optimizer,
            scheduler=scheduler,
            context=context,
        )
        self.contrast_weight = contrast_weight
        self.temperature = temperature

    def training_step(self, batch: SequenceBatch, batch_index: int) -> Tensor:  # noqa: ARG002
        """Return the loss of the next item in the first view plus the weighted contrast of both views."""
        first, second = self(batch), self(batch)
        hidden, targets = select_targets(first, batch)
        loss = self.next_item_loss(hidden, targets)
        contrast = view_contrast(first, second, batch, self.temperature)
        for name, value in (("train/loss", loss), ("train/contrast", contrast)):
            self.log(name, value, on_step=False, on_epoch=True, batch_size=len(targets), sync_dist=True)
        return (loss + self.contrast_weight * contrast) * self._share_of_targets(len(targets))


def view_contrast(
    first: Float[Tensor, "B L D"], second: Float[Tensor, "B L D"], batch: SequenceBatch, temperature: float
) -> Float[Tensor, ""]:
    """Return the contrast between two views of the last state of each history."""
    rows, last = torch.arange(len(batch), device=first.device), batch.lengths - 1
    views = torch.cat([first[rows, last], second[rows, last]])
    return intent_contrast(views, batch.last_targets.repeat(2), temperature)
