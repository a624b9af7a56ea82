"""eSASRec: a causal Transformer of LiGR layers (Tikhonovich et al. 2025, arXiv:2508.06450)."""

from jaxtyping import Float
from torch import Tensor, nn

from seqmine.models.layers.attention import CausalSelfAttention
from seqmine.models.layers.dropout import Dropout
from seqmine.models.layers.feed_forward import SwiGLU
from seqmine.models.layers.positions import LearnedPositions
from seqmine.models.layers.residual import GatedResidual
from seqmine.structs import SequenceBatch
from seqmine.structs.bounds import PositiveInt, ShareBelowOne


class ESASRecEncoder(nn.Module):
    """Pre-norm attention and SwiGLU, each let through by a gate of the block's input.

    As in the authors' code the last block has no normalization after it.

    Args:
        embedding_dim: size D of the vectors.
        max_length: longest history.
        num_layers: number of blocks.
        num_heads: attention heads H.
        dropout: dropout of the embedded events and inside the blocks.
        expansion: inner size of the feed-forward networks as a multiple of ``embedding_dim``.
    """

    def __init__(
        self,
        *,
        embedding_dim: PositiveInt,
        max_length: PositiveInt,
        num_layers: PositiveInt,
        num_heads: PositiveInt,
        dropout: ShareBelowOne,
        expansion: PositiveInt,
    ) -> None:
        super().__init__()
        self.positions = LearnedPositions(
            embedding_dim=embedding_dim, max_length=max_length, std=0.02 * embedding_dim**0.5
        )
        self.dropout = Dropout(dropout)
        self.blocks = nn.ModuleList(
            GatedResidual(nn.LayerNorm(embedding_dim), part, nn.Linear(embedding_dim, embedding_dim))
            for _ in range(num_layers)
            for part in (
                CausalSelfAttention(embedding_dim=embedding_dim, num_heads=num_heads, dropout=dropout),
                SwiGLU(embedding_dim=embedding_dim, dropout=dropout, expansion=expansion),
            )
        )

    def forward(self, embedded: Float[Tensor, "B L D"], batch: SequenceBatch) -> Float[Tensor, "B L D"]:
        """Return hidden states; position t depends on positions up to t only."""
        hidden = self.dropout(self.positions(embedded, batch))
        for block in self.blocks:
            hidden = block(hidden)
        return hidden
