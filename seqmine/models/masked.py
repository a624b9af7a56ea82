"""Masked-item training of an encoder that sees both sides, as BERT4Rec (Sun et al. 2019, arXiv:1904.06690)."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from seqmine.models.module import SequenceModule
from seqmine.structs import SequenceBatch, UserError
from seqmine.structs.bounds import PositiveInt


class MaskedItemModule(SequenceModule):
    """Learns hidden items from the events on both sides, and predicts a hidden event after the last one.

    The vector of a hidden event is no row of the item table, so it can never be recommended, and losses see the items
    alone. An encoder must have room for one event more than the longest history.

    Args:
        embedding_dim: size D of the item vectors.
        parts: the others of ``SequenceModule``; the encoder may see both sides of a position.
    """

    def __init__(self, *, embedding_dim: PositiveInt, **parts: Any) -> None:
        super().__init__(embedding_dim=embedding_dim, **parts)
        self.mask_embedding = nn.Parameter(torch.randn(embedding_dim) * 0.02 * embedding_dim**0.5)

    def embed_items(self, batch: SequenceBatch) -> Float[Tensor, "B L D"]:
        """Return the vector of each event; a valid position without an item is a hidden event."""
        hidden = (batch.valid_mask & (batch.items == 0)).unsqueeze(2)
        return torch.where(hidden, self.mask_embedding, super().embed_items(batch))

    def score(self, batch: SequenceBatch) -> Float[Tensor, "B V"]:
        """Return the score of each row of the item table for a hidden event after the last event of each row."""
        return super().score(with_hidden_event(batch))

    def training_losses(self, batch: SequenceBatch) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the loss over the hidden events, also by its name.

        Args:
            batch: histories with hidden events.

        Raises:
            UserError: a batch that shows what is to be predicted, which a model that sees both sides would copy.
        """
        if batch.items[batch.targets > 0].any():
            raise UserError(
                "the batches show the items to be predicted to a model that sees them on both sides; "
                "set `module.task`=masked_item"
            )
        return super().training_losses(batch)


def with_hidden_event(batch: SequenceBatch) -> SequenceBatch:
    """Return histories with one hidden event after the last real one; an empty history becomes that event.

    >>> items, one = torch.tensor([[5, 6], [7, 0], [0, 0]]), torch.ones(3, dtype=torch.int64)
    >>> asked = with_hidden_event(SequenceBatch(items, items, torch.tensor([2, 1, 1]), one))
    >>> asked.items.tolist(), asked.lengths.tolist()
    ([[5, 6, 0], [7, 0, 0], [0, 0, 0]], [3, 2, 1])
    """
    return batch.with_room((batch.items > 0).sum(1) + 1)
