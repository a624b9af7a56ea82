"""The Lightning module of every encoder: embeds histories, encodes them, learns the next item, scores the catalog."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from jaxtyping import Float, Int
from lightning import LightningModule
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from seqmine.models.embeddings.items import ItemEmbedding
from seqmine.models.negatives import prepare_samplers
from seqmine.structs import Catalog, SequenceBatch


class SequenceModule(LightningModule):
    """A sequence encoder with a tied item table.

    Args:
        embedding_dim: size D of the item vectors.
        encoder: turns embedded histories into hidden states.
        loss: compares hidden states with the item table.
        catalog: the items to learn.
        optimizer: builds an optimizer from parameter groups.
        scheduler: builds a learning-rate schedule from the optimizer and the number of steps; called once a step.
    """

    def __init__(
        self,
        *,
        embedding_dim: int,
        encoder: nn.Module,
        loss: nn.Module,
        catalog: Catalog,
        optimizer: Callable[..., Optimizer],
        scheduler: Callable[..., LRScheduler],
    ) -> None:
        super().__init__()
        self.item_embedding = ItemEmbedding(num_items=catalog.num_items, embedding_dim=embedding_dim)
        self.encoder = encoder
        self.loss = loss
        prepare_samplers(loss, catalog.train_counts)
        self.catalog = catalog
        self.build_optimizer, self.build_scheduler = optimizer, scheduler

    def forward(self, batch: SequenceBatch) -> Float[Tensor, "B L D"]:
        """Return the hidden state of each position."""
        return self.encoder(self.item_embedding(batch.items), batch)

    def score(self, batch: SequenceBatch) -> Float[Tensor, "B V"]:
        """Return the score of each row of the item table after the last event of each row."""
        hidden = self(batch)
        last = hidden[torch.arange(len(batch), device=hidden.device), batch.lengths - 1]
        return last.float() @ self.item_embedding.weight.float().T

    def training_step(self, batch: SequenceBatch, batch_index: int) -> Tensor:  # noqa: ARG002
        """Return the loss over the positions that have a target."""
        hidden, targets = select_targets(self(batch), batch)
        loss = self.loss(hidden, targets, self.item_embedding.weight)
        self.log(
            "train/loss", loss, prog_bar=True, on_step=False, on_epoch=True, batch_size=len(targets), sync_dist=True
        )
        return loss * self._share_of_targets(len(targets))

    def validation_step(self, batch: SequenceBatch, batch_index: int) -> Tensor:  # noqa: ARG002
        """Return the scores of the catalog."""
        return self.score(batch)

    def test_step(self, batch: SequenceBatch, batch_index: int) -> Tensor:  # noqa: ARG002
        """Return the scores of the catalog."""
        return self.score(batch)

    def configure_optimizers(self) -> Any:
        """Build the optimizer, with weight decay on matrices alone, and the schedule of its learning rate."""
        optimizer = self.build_optimizer(_decay_groups(self.parameters()))
        scheduler = self.build_scheduler(optimizer, total_steps=int(self.trainer.estimated_stepping_batches))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    def _share_of_targets(self, num_targets: int) -> float | Tensor:
        """Weigh the loss of this device, so that the mean over devices is the mean over all targets."""
        if self.trainer.world_size == 1:
            return 1.0
        counts = torch.tensor(float(num_targets), device=self.device)
        mean = self.trainer.strategy.reduce(counts, reduce_op="mean")
        return num_targets / mean


def select_targets(
    hidden: Float[Tensor, "B L D"], batch: SequenceBatch
) -> tuple[Float[Tensor, "M D"], Int[Tensor, "M"]]:
    """Return the hidden states of the positions that have a target, and the targets."""
    positions = batch.targets.flatten().nonzero().squeeze(1)
    return hidden.flatten(0, 1).index_select(0, positions), batch.targets.flatten().index_select(0, positions)


def _decay_groups(parameters: Iterable[nn.Parameter]) -> list[dict[str, Any]]:
    """Exempt biases and normalizations from weight decay."""
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    return [
        {"params": [parameter for parameter in trained if parameter.ndim >= 2]},
        {"params": [parameter for parameter in trained if parameter.ndim < 2], "weight_decay": 0.0},
    ]
