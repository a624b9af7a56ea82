"""FMLP-Rec: learned filters in place of attention (Zhou et al. 2022, arXiv:2202.13556), in a causal form."""

from jaxtyping import Float
from torch import Tensor, nn

from seqmine.models.layers.causal_filter import LearnedFilter
from seqmine.models.layers.dropout import Dropout
from seqmine.models.layers.positions import LearnedPositions
from seqmine.models.layers.residual import PostNormResidual, gelu_feed_forward
from seqmine.structs import SequenceBatch
from seqmine.structs.bounds import PositiveInt, ShareBelowOne


class FMLPEncoder(nn.Module):
    """Blocks of a learned convolution of the past, channel by channel, and a feed-forward network.

    Args:
        embedding_dim: size D of the vectors.
        max_length: longest history, and the reach of the filters.
        num_layers: number of blocks.
        dropout: dropout of the embedded events and of the result of each part.
    """

    def __init__(
        self, *, embedding_dim: PositiveInt, max_length: PositiveInt, num_layers: PositiveInt, dropout: ShareBelowOne
    ) -> None:
        super().__init__()
        self.positions = LearnedPositions(
            embedding_dim=embedding_dim, max_length=max_length, std=0.02 * embedding_dim**0.5
        )
        self.input_norm = nn.LayerNorm(embedding_dim)
        self.dropout = Dropout(dropout)
        self.blocks = nn.Sequential(
            *(
                part
                for _ in range(num_layers)
                for part in (
                    PostNormResidual(
                        nn.LayerNorm(embedding_dim),
                        nn.Sequential(
                            LearnedFilter(embedding_dim=embedding_dim, max_length=max_length), Dropout(dropout)
                        ),
                    ),
                    gelu_feed_forward(embedding_dim, dropout),
                )
            )
        )

    def forward(self, embedded: Float[Tensor, "B L D"], batch: SequenceBatch) -> Float[Tensor, "B L D"]:
        """Return hidden states; position t depends on positions up to t only."""
        return self.blocks(self.dropout(self.input_norm(self.positions(embedded, batch))))
