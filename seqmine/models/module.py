"""The Lightning module of every encoder: embeds histories, encodes them, learns the next item, scores the catalog."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from lightning import LightningModule
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from seqmine.models.embeddings.context import Context
from seqmine.models.embeddings.items import ItemEmbedding
from seqmine.models.layers.residual import take_last
from seqmine.models.negatives import prepare_samplers
from seqmine.models.optimizers import LazyAdamW, clip_norm
from seqmine.models.scoring import score_catalog
from seqmine.structs import (
    AttributeTable,
    Catalog,
    ContentTable,
    InteractionLog,
    ItemTable,
    LastStateEncoder,
    SequenceBatch,
    UserError,
)
from seqmine.structs.bounds import PositiveInt, Temperature


@runtime_checkable
class AuxiliaryLoss(Protocol):
    """A loss that a model learns in addition to that of the next item; a ``torch.nn.Module``.

    Any number of them can be combined in ``auxiliary``. A part draws from torch's default generator, which is seeded
    before each step, and may ask the encoder for more than the hidden states, such as the parameters of a posterior.
    """

    weight: float
    """Weight of the loss in the sum that is minimized, from 0."""
    num_passes: int
    """Passes of a batch through the encoder that the loss compares, which differ by dropout; 1: the only one."""

    def __call__(
        self, model: "SequenceModule", passes: Sequence[Float[Tensor, "B L D"]], batch: SequenceBatch
    ) -> tuple[Float[Tensor, ""], Float[Tensor, ""]]:
        """Return the loss of a batch, not weighted, and the number that is logged as ``train/<name>``.

        Args:
            model: encodes histories and compares hidden states with items.
            passes: hidden states of the batch, at least ``num_passes`` times; the loss of the next item is that of the
                first, and all auxiliary losses share the others.
            batch: histories and what comes next in them.
        """
        ...


@runtime_checkable
class CountedLoss(AuxiliaryLoss, Protocol):
    """An auxiliary loss that rests on counts of the training part."""

    def count(self, model: "SequenceModule", log: InteractionLog) -> None:
        """Count when a fit starts; every device counts the same.

        Args:
            model: to be trained.
            log: the training part.
        """
        ...


class SequenceModule(LightningModule):
    """A sequence encoder with a tied item table.

    Args:
        embedding_dim: size D of the item vectors.
        encoder: turns embedded histories into hidden states.
        loss: compares hidden states with the item table.
        catalog: the items to learn.
        optimizer: builds an optimizer from parameter groups.
        scheduler: builds a learning-rate schedule from the optimizer and the number of steps; called once a step.
        item_table: builds the vectors of items from ``catalog`` and ``embedding_dim``.
        cosine_temperature: score items by the cosine with the hidden state, divided by this number, so that frequent
            items do not win by the length of their vectors; null scores by the inner product.
        context: builds by name, from the catalog, the side information of events; see ``Context``.
        auxiliary: losses that are learned in addition to that of the next item, by the name that they are logged with.

    Raises:
        UserError: a temperature that is not above 0, or an auxiliary loss that has none or a negative weight, or a
            name that is taken.
    """

    def __init__(
        self,
        *,
        embedding_dim: PositiveInt,
        encoder: nn.Module,
        loss: nn.Module,
        catalog: Catalog,
        optimizer: Callable[..., Optimizer],
        scheduler: Callable[..., LRScheduler],
        item_table: Callable[..., ItemTable] = ItemEmbedding,
        cosine_temperature: Temperature | None = None,
        context: dict[str, Callable[..., nn.Module] | None] | None = None,
        auxiliary: dict[str, nn.Module] | None = None,
    ) -> None:
        super().__init__()
        if cosine_temperature is not None and cosine_temperature <= 0:
            raise UserError(f"cosine_temperature is {cosine_temperature}, allowed are null and numbers above 0")
        self.item_embedding: ItemTable = item_table(catalog=catalog, embedding_dim=embedding_dim)
        self.context = Context(parts=context or {}, catalog=catalog)
        self.encoder = encoder
        self.loss = loss
        self.auxiliary = _checked(auxiliary or {})
        self.num_passes: int = max([1, *(int(part.num_passes) for part in self.auxiliary.values())])  # type: ignore[arg-type]
        prepare_samplers(loss, catalog)
        self.num_items = catalog.num_items
        self.cosine_temperature = cosine_temperature
        self.build_optimizer, self.build_scheduler = optimizer, scheduler
        self._unseen: AttributeTable | None = None

    def forward(self, batch: SequenceBatch) -> Float[Tensor, "B L D"]:
        """Return the hidden state of each position.

        On a CPU rows of similar length are encoded together, which saves the padding between a short and a long one.
        """
        groups = batch.in_groups() if batch.items.device.type == "cpu" else [batch]
        states = [self.encoder(self.context(self.embed_items(group), group), group) for group in groups]
        if len(states) == 1:
            return states[0]
        width = batch.items.shape[1]
        return torch.cat([F.pad(state, (0, 0, 0, width - state.shape[1])) for state in states])

    def embed_items(self, batch: SequenceBatch) -> Float[Tensor, "B L D"]:
        """Return the vector of the item of each event."""
        return self.item_embedding(batch.items)

    def score(self, batch: SequenceBatch) -> Float[Tensor, "B V"]:
        """Return the score of each row of the item table after the last event of each row."""
        embedded = self.context(self.embed_items(batch), batch)
        if isinstance(self.encoder, LastStateEncoder):
            last = self.encoder.last_state(embedded, batch)
        else:
            last = take_last(self.encoder(embedded, batch), batch.lengths - 1).squeeze(1)
        queries, items = self.compared(last.float(), self._unseen)
        return score_catalog(queries, items.float())

    def score_unseen(self, attributes: AttributeTable | None) -> None:
        """Let scores have columns of items that training never saw behind those of the catalog, by their content.

        Without effect where the item table knows nothing but its own vectors.

        Args:
            attributes: of these items; None scores the catalog alone again.
        """
        self._unseen = attributes if isinstance(self.item_embedding, ContentTable) else None

    def compared(
        self, hidden: Float[Tensor, "M D"], unseen: AttributeTable | None = None
    ) -> tuple[Float[Tensor, "M D"], Float[Tensor, "V D"]]:
        """Return the vectors of hidden states and of items, unseen ones behind, whose inner products are the scores."""
        items = self.item_embedding.vectors()
        if unseen is not None and isinstance(self.item_embedding, ContentTable):
            items = torch.cat([items, self.item_embedding.vectors_of(unseen)])
        if self.cosine_temperature is None:
            return hidden, items
        return F.normalize(hidden, dim=-1) / self.cosine_temperature, F.normalize(items, dim=-1)

    def next_item_loss(self, hidden: Float[Tensor, "M D"], targets: Int[Tensor, "M"]) -> Float[Tensor, ""]:
        """Return the loss of hidden states against their next items."""
        queries, items = self.compared(hidden)
        return self.loss(queries, targets, items)

    @property
    def loss_names(self) -> tuple[str, ...]:
        """The names of what ``training_losses`` returns in addition to the loss itself."""
        return ("loss", *self.auxiliary)

    def training_losses(self, batch: SequenceBatch) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the sum of all losses, and its parts by the name that they are logged with.

        Args:
            batch: histories and what comes next in them.
        """
        passes = [self(batch) for _ in range(self.num_passes)]
        loss = self.next_item_loss(*select_targets(passes[0], batch))
        parts = {"loss": loss}
        for name, part in self.auxiliary.items():
            term, parts[name] = part(self, passes, batch)
            loss = loss + part.weight * term
        return loss, parts

    def on_fit_start(self) -> None:
        """Let auxiliary losses count the training part, where they rest on counts."""
        for part in self.auxiliary.values():
            if isinstance(part, CountedLoss):
                part.count(self, self.trainer.datamodule.prepared.training_log())  # type: ignore[attr-defined]

    def training_step(self, batch: SequenceBatch, batch_index: int) -> Tensor:  # noqa: ARG002
        """Log the losses of a batch and return what is to be made small on this device."""
        loss, parts = self.training_losses(batch)
        num_targets = int(batch.num_targets)
        self.log_dict(
            {f"train/{name}": value for name, value in parts.items()},
            prog_bar=True, on_step=False, on_epoch=True, batch_size=num_targets, sync_dist=True,
        )  # fmt: skip
        return loss * self._share_of_targets(num_targets)

    def validation_step(self, batch: SequenceBatch, batch_index: int) -> Tensor | None:  # noqa: ARG002
        """Return the scores of the catalog."""
        return self.score(batch)

    def test_step(self, batch: SequenceBatch, batch_index: int) -> Tensor | None:  # noqa: ARG002
        """Return the scores of the catalog."""
        return self.score(batch)

    def configure_optimizers(self) -> Any:
        """Build the optimizer, with weight decay only on matrices, and the schedule of its learning rate."""
        optimizer = self.build_optimizer(_decay_groups(self.parameters()))
        if isinstance(optimizer, LazyAdamW) and not isinstance(self.item_embedding, ItemEmbedding):
            raise UserError(
                f"`optimizer` is lazy_adamw with an item table of {type(self.item_embedding).__name__}, whose gradient "
                "reaches all items; set `item_table`=own or `optimizer`=adamw"
            )
        if isinstance(optimizer, LazyAdamW) and self.trainer.world_size > 1:
            raise UserError(
                f"`optimizer` is lazy_adamw on {self.trainer.world_size} devices, allowed is one; "
                "set `trainer.devices`=1 or `optimizer`=adamw"
            )
        scheduler = self.build_scheduler(optimizer, total_steps=int(self.trainer.estimated_stepping_batches))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "interval": "step"}}

    def configure_gradient_clipping(
        self,
        optimizer: Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip as the trainer says; in bf16 too, where Lightning refuses it with a fused optimizer for no reason.

        Raises:
            UserError: a fused optimizer in 16-mixed, which would clip gradients that are still scaled.
        """
        precision = self.trainer.precision
        if gradient_clip_val and precision == "16-mixed" and optimizer.defaults.get("fused"):
            raise UserError(
                "`trainer.precision` is 16-mixed, which cannot clip gradients with a fused optimizer; "
                "set `trainer.precision`=bf16-mixed or `optimizer.fused`=false"
            )
        own = precision == "bf16-mixed" or isinstance(optimizer, LazyAdamW)
        if gradient_clip_val and own and gradient_clip_algorithm in (None, "norm"):
            clip_norm(self.parameters(), gradient_clip_val)
        else:
            self.clip_gradients(optimizer, gradient_clip_val, gradient_clip_algorithm)

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
    """Return the hidden states of the positions that have a target, once for each of its targets, and the targets."""
    positions, targets = batch.target_pairs()
    return hidden.flatten(0, 1).index_select(0, positions), targets


def item_vectors(model: nn.Module) -> Float[Tensor, "V D"] | None:
    """Return on the host what a trained model takes for its items; None for a model without vectors."""
    return model.item_embedding.vectors().detach().cpu() if isinstance(model, SequenceModule) else None


def _checked(auxiliary: dict[str, nn.Module]) -> nn.ModuleDict:
    for name, part in auxiliary.items():
        if name == "loss" or hasattr(nn.ModuleDict, name):
            raise UserError(f"auxiliary.{name} has a name that is taken; give that part of auxiliary another name")
        if not isinstance(part, AuxiliaryLoss):
            raise UserError(f"auxiliary.{name} is a {type(part).__name__}, allowed are auxiliary losses with a weight")
        if part.weight < 0:
            raise UserError(f"auxiliary.{name}.weight is {part.weight}, allowed are numbers from 0")
    return nn.ModuleDict(auxiliary)


def _decay_groups(parameters: Iterable[nn.Parameter]) -> list[dict[str, Any]]:
    """Exempt biases and normalizations from weight decay."""
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    return [
        {"params": [parameter for parameter in trained if parameter.ndim >= 2]},
        {"params": [parameter for parameter in trained if parameter.ndim < 2], "weight_decay": 0.0},
    ]
