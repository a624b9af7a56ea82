"""A causal Transformer encoder made of parts."""

from collections.abc import Callable
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from seqmine.models.layers.dropout import Dropout
from seqmine.models.layers.residual import PostNormResidual, PreNormResidual, take_last
from seqmine.structs import SequenceBatch
from seqmine.structs.bounds import PositiveInt, ShareBelowOne


class TransformerEncoder(nn.Module):
    """Causal Transformer (SASRec, Kang & McAuley 2018, arXiv:1808.09781).

    Args:
        embedding_dim: size D of the vectors.
        num_layers: number of blocks.
        num_heads: attention heads H.
        dropout: dropout of the embedded events and inside the blocks.
        positions: module that adds positions to the embedded events.
        attention: builds a causal attention from ``embedding_dim``, ``num_heads`` and ``dropout``.
        feed_forward: builds a feed-forward network from ``embedding_dim`` and ``dropout``.
        norm: builds a normalization from ``embedding_dim``.
        bias: makes from a batch what the attention adds to its scores; None for an attention that takes nothing.
        norm_first: normalize the input of each part and the result of the last; otherwise the embedded events and, as
            the first Transformer (Vaswani et al. 2017, arXiv:1706.03762), each sum.
    """

    def __init__(
        self,
        *,
        embedding_dim: PositiveInt,
        num_layers: PositiveInt,
        num_heads: PositiveInt,
        dropout: ShareBelowOne,
        norm_first: bool,
        positions: nn.Module,
        attention: Callable[..., nn.Module],
        feed_forward: Callable[..., nn.Module],
        norm: Callable[..., nn.Module],
        bias: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.positions = positions
        self.bias = bias
        self.input_norm = nn.Identity() if norm_first else norm(embedding_dim)
        self.dropout = Dropout(dropout)
        block = PreNormResidual if norm_first else PostNormResidual
        self.blocks = nn.ModuleList(
            block(norm(embedding_dim), part)
            for _ in range(num_layers)
            for part in (
                attention(embedding_dim=embedding_dim, num_heads=num_heads, dropout=dropout),
                feed_forward(embedding_dim=embedding_dim, dropout=dropout),
            )
        )
        self.final_norm = norm(embedding_dim) if norm_first else nn.Identity()

    def forward(self, embedded: Float[Tensor, "B L D"], batch: SequenceBatch) -> Float[Tensor, "B L D"]:
        """Return hidden states; position t depends on positions up to t only."""
        return self.final_norm(self._encode(embedded, batch, self.blocks))

    def last_state(self, embedded: Float[Tensor, "B L D"], batch: SequenceBatch) -> Float[Tensor, "B D"]:
        """Return the hidden state of the last event of each row; the last block asks for no other, if it can."""
        last = batch.lengths - 1
        attention: Any = self.blocks[-2]
        if hasattr(attention.part, "last"):
            hidden = self.blocks[-1](attention.last(self._encode(embedded, batch, self.blocks[:-2]), last))
        else:
            hidden = take_last(self._encode(embedded, batch, self.blocks), last)
        return self.final_norm(hidden).squeeze(1)

    def _encode(
        self, embedded: Float[Tensor, "B L D"], batch: SequenceBatch, blocks: nn.ModuleList
    ) -> Float[Tensor, "B L D"]:
        hidden = self.dropout(self.input_norm(self.positions(embedded, batch)))
        context = () if self.bias is None else (self.bias(batch),)
        for attention, feed_forward in zip(blocks[::2], blocks[1::2], strict=True):
            hidden = feed_forward(attention(hidden, *context))
        return hidden
