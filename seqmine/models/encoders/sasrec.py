"""SASRec as published (Kang and McAuley 2018, arXiv:1808.09781)."""

from collections.abc import Callable
from typing import Any

from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from seqmine.models.layers.attention import check_heads, merge_heads, mix_past, split_heads
from seqmine.models.layers.dropout import Dropout
from seqmine.models.layers.feed_forward import FeedForward
from seqmine.models.layers.positions import LearnedPositions
from seqmine.models.layers.residual import take_last
from seqmine.structs import SequenceBatch
from seqmine.structs.bounds import PositiveInt, ShareBelowOne


class SASRecEncoder(nn.Module):
    """Causal self-attention whose residual branch carries the normalized input.

    Differs from the paper in one place: dropout falls on the result of attention instead of its weights, which keeps
    the fused kernel.

    Args:
        embedding_dim: size D of the vectors.
        max_length: longest history.
        num_layers: number of blocks.
        num_heads: attention heads H.
        dropout: dropout of the embedded events and inside the blocks.
        positions: builds what adds positions from ``embedding_dim``, ``max_length`` and ``std``; they start as strong
            as the vectors of items.
    """

    def __init__(
        self,
        *,
        embedding_dim: PositiveInt,
        max_length: PositiveInt,
        num_layers: PositiveInt,
        num_heads: PositiveInt,
        dropout: ShareBelowOne,
        positions: Callable[..., nn.Module] = LearnedPositions,
    ) -> None:
        super().__init__()
        self.positions = positions(embedding_dim=embedding_dim, max_length=max_length, std=0.02 * embedding_dim**0.5)
        self.dropout = Dropout(dropout)
        self.blocks = nn.ModuleList(
            SASRecBlock(embedding_dim=embedding_dim, num_heads=num_heads, dropout=dropout) for _ in range(num_layers)
        )
        self.final_norm = nn.LayerNorm(embedding_dim, eps=1e-8)

    def forward(self, embedded: Float[Tensor, "B L D"], batch: SequenceBatch) -> Float[Tensor, "B L D"]:
        """Return hidden states; position t depends on positions up to t only."""
        hidden = self.dropout(self.positions(embedded, batch))
        for block in self.blocks:
            hidden = block(hidden)
        return self.final_norm(hidden)

    def last_state(self, embedded: Float[Tensor, "B L D"], batch: SequenceBatch) -> Float[Tensor, "B D"]:
        """Return the hidden state of the last event of each row; the last block asks for no other."""
        hidden = self.dropout(self.positions(embedded, batch))
        for block in self.blocks[:-1]:
            hidden = block(hidden)
        final: Any = self.blocks[-1]
        return self.final_norm(final.last(hidden, batch.lengths - 1)).squeeze(1)


class SASRecBlock(nn.Module):
    """Attention from normalized queries to keys and values that are not, then a feed-forward network of width D.

    Args:
        embedding_dim: size D of the vectors.
        num_heads: heads H; must divide ``embedding_dim``.
        dropout: dropout of the results of both parts and of the inner layer of the feed-forward network.
    """

    def __init__(self, *, embedding_dim: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        check_heads(embedding_dim, num_heads)
        self.num_heads = num_heads
        self.attention_norm = nn.LayerNorm(embedding_dim, eps=1e-8)
        self.query = nn.Linear(embedding_dim, embedding_dim)
        self.key_value = nn.Linear(embedding_dim, 2 * embedding_dim)
        self.output = nn.Linear(embedding_dim, embedding_dim)
        self.dropout = Dropout(dropout)
        self.feed_forward_norm = nn.LayerNorm(embedding_dim, eps=1e-8)
        self.feed_forward = FeedForward(embedding_dim=embedding_dim, dropout=dropout, activation=nn.ReLU(), expansion=1)

    def forward(self, hidden: Float[Tensor, "B L D"]) -> Float[Tensor, "B L D"]:
        """Return hidden states of the next block."""
        normalized = self.attention_norm(hidden)
        query, key, value = self._project(normalized, hidden)
        return self._finish(normalized, F.scaled_dot_product_attention(query, key, value, is_causal=True))

    def last(self, hidden: Float[Tensor, "B L D"], last: Int[Tensor, "B"]) -> Float[Tensor, "B 1 D"]:
        """Return the hidden state of the next block at one position of each row."""
        normalized = self.attention_norm(take_last(hidden, last))
        query, key, value = self._project(normalized, hidden)
        return self._finish(normalized, mix_past(query, key, value, last))

    def _project(self, queries: Float[Tensor, "B Q D"], hidden: Float[Tensor, "B L D"]) -> tuple[Tensor, ...]:
        """Return the heads of queries, keys and values."""
        return (
            *split_heads(self.query(queries), 1, self.num_heads),
            *split_heads(self.key_value(hidden), 2, self.num_heads),
        )

    def _finish(self, queries: Float[Tensor, "B Q D"], mixed: Float[Tensor, "B H Q d"]) -> Float[Tensor, "B Q D"]:
        attended = self.feed_forward_norm(queries + self.dropout(self.output(merge_heads(mixed))))
        return attended + self.feed_forward(attended)
