"""BERT4Rec: a bidirectional Transformer (Sun et al. 2019, arXiv:1904.06690)."""

from typing import ClassVar

from jaxtyping import Float
from torch import Tensor, nn

from seqmine.models.layers.bidirectional_attention import BidirectionalSelfAttention
from seqmine.models.layers.dropout import Dropout
from seqmine.models.layers.feed_forward import FeedForward
from seqmine.models.layers.positions import LearnedPositions
from seqmine.models.layers.residual import PostNormResidual
from seqmine.structs import SequenceBatch


class BERT4RecEncoder(nn.Module):
    """Post-norm blocks of attention over the whole history, for a task that hides the items to predict.

    Args:
        embedding_dim: size D of the vectors.
        max_length: longest history.
        num_layers: number of blocks.
        num_heads: attention heads H.
        dropout: dropout of the embedded events and inside the blocks.
    """

    is_causal: ClassVar[bool] = False
    """Every position sees every other: learning the next item at each position would leak it."""

    def __init__(self, *, embedding_dim: int, max_length: int, num_layers: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.positions = LearnedPositions(embedding_dim=embedding_dim, max_length=max_length)
        self.input_norm = nn.LayerNorm(embedding_dim)
        self.dropout = Dropout(dropout)
        self.attentions = nn.ModuleList(
            BidirectionalSelfAttention(embedding_dim=embedding_dim, num_heads=num_heads, dropout=dropout)
            for _ in range(num_layers)
        )
        self.attention_norms = nn.ModuleList(nn.LayerNorm(embedding_dim) for _ in range(num_layers))
        self.feed_forwards = nn.ModuleList(
            PostNormResidual(
                nn.LayerNorm(embedding_dim),
                FeedForward(embedding_dim=embedding_dim, dropout=dropout, activation=nn.GELU()),
            )
            for _ in range(num_layers)
        )
        self.output = nn.Sequential(nn.Linear(embedding_dim, embedding_dim), nn.GELU(), nn.LayerNorm(embedding_dim))

    def forward(self, embedded: Float[Tensor, "B L D"], batch: SequenceBatch) -> Float[Tensor, "B L D"]:
        """Return hidden states; every position depends on all events of its history."""
        hidden = self.dropout(self.input_norm(self.positions(embedded, batch)))
        valid_mask = batch.valid_mask
        for attention, norm, feed_forward in zip(
            self.attentions, self.attention_norms, self.feed_forwards, strict=True
        ):
            hidden = feed_forward(norm(hidden + attention(hidden, valid_mask)))
        return self.output(hidden)
