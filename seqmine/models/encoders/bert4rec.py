"""BERT4Rec: a bidirectional Transformer (Sun et al. 2019, arXiv:1904.06690)."""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor, nn

from seqmine.models.layers.dropout import Dropout
from seqmine.models.layers.feed_forward import FeedForward
from seqmine.models.layers.positions import LearnedPositions
from seqmine.models.layers.residual import PostNormResidual
from seqmine.structs import SequenceBatch
from seqmine.structs.bounds import PositiveInt, ShareBelowOne


class BERT4RecEncoder(nn.Module):
    """Attention to both sides, normalized after each part, and a projection before the item table.

    Differs from the paper in three places: positions count from the end of the history, scores have no bias of each
    item, and dropout falls on the result of attention instead of its weights.

    Args:
        embedding_dim: size D of the vectors.
        max_length: longest history; there is room for one hidden event more.
        num_layers: number of blocks.
        num_heads: attention heads H.
        dropout: dropout of the embedded events and inside the blocks.
        attention: builds an attention to both sides from ``embedding_dim``, ``num_heads`` and ``dropout``. One that
            knows distances learns many times faster than the published one, which has to find out for each position
            by itself which others are near.
    """

    def __init__(
        self,
        *,
        embedding_dim: PositiveInt,
        max_length: PositiveInt,
        num_layers: PositiveInt,
        num_heads: PositiveInt,
        dropout: ShareBelowOne,
        attention: Callable[..., nn.Module],
    ) -> None:
        super().__init__()
        # as strong as the vectors of items: its place is all that a hidden event tells
        self.positions = LearnedPositions(
            embedding_dim=embedding_dim, max_length=max_length + 1, std=0.02 * embedding_dim**0.5
        )
        self.input_norm = nn.LayerNorm(embedding_dim)
        self.dropout = Dropout(dropout)
        self.blocks = nn.ModuleList(
            BERT4RecBlock(
                embedding_dim=embedding_dim,
                attention=attention(embedding_dim=embedding_dim, num_heads=num_heads, dropout=dropout),
                dropout=dropout,
            )
            for _ in range(num_layers)
        )
        self.projection = nn.Sequential(nn.Linear(embedding_dim, embedding_dim), nn.GELU(), nn.LayerNorm(embedding_dim))

    def forward(self, embedded: Float[Tensor, "B L D"], batch: SequenceBatch) -> Float[Tensor, "B L D"]:
        """Return hidden states; each position depends on all events of its row."""
        hidden = self.dropout(self.input_norm(self.positions(embedded, batch)))
        for block in self.blocks:
            hidden = block(hidden, batch)
        return self.projection(hidden)


class BERT4RecBlock(nn.Module):
    """Attention to both sides, then a feed-forward network of inner size 4 D.

    Args:
        embedding_dim: size D of the vectors.
        attention: attention to both sides.
        dropout: dropout of the result of the feed-forward network and of its inner layer.
    """

    def __init__(self, *, embedding_dim: int, attention: nn.Module, dropout: float) -> None:
        super().__init__()
        self.attention = attention
        self.attention_norm = nn.LayerNorm(embedding_dim)
        feed_forward = FeedForward(embedding_dim=embedding_dim, dropout=dropout, activation=nn.GELU())
        self.feed_forward = PostNormResidual(nn.LayerNorm(embedding_dim), feed_forward)

    def forward(self, hidden: Float[Tensor, "B L D"], batch: SequenceBatch) -> Float[Tensor, "B L D"]:
        """Return hidden states of the next block."""
        return self.feed_forward(self.attention_norm(hidden + self.attention(hidden, batch.valid_mask)))
