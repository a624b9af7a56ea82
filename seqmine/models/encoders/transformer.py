"""A causal Transformer encoder made of parts."""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor, nn

from seqmine.models.layers.dropout import Dropout
from seqmine.structs import SequenceBatch


class TransformerEncoder(nn.Module):
    """Pre-norm causal Transformer (SASRec, Kang & McAuley 2018, arXiv:1808.09781, with pre-norm residual blocks).

    Args:
        embedding_dim: size D of the vectors.
        num_layers: number of blocks.
        num_heads: attention heads H.
        dropout: dropout of the embedded events and inside the blocks.
        positions: module that adds positions to the embedded events.
        attention: builds a causal attention from ``embedding_dim``, ``num_heads`` and ``dropout``.
        feed_forward: builds a feed-forward network from ``embedding_dim`` and ``dropout``.
        norm: builds a normalization from ``embedding_dim``.
    """

    def __init__(
        self,
        *,
        embedding_dim: int,
        num_layers: int,
        num_heads: int,
        dropout: float,
        positions: nn.Module,
        attention: Callable[..., nn.Module],
        feed_forward: Callable[..., nn.Module],
        norm: Callable[..., nn.Module],
    ) -> None:
        super().__init__()
        self.positions = positions
        self.dropout = Dropout(dropout)
        self.blocks = nn.ModuleList(
            ResidualBlock(norm(embedding_dim), part)
            for _ in range(num_layers)
            for part in (
                attention(embedding_dim=embedding_dim, num_heads=num_heads, dropout=dropout),
                feed_forward(embedding_dim=embedding_dim, dropout=dropout),
            )
        )
        self.final_norm = norm(embedding_dim)

    def forward(self, embedded: Float[Tensor, "B L D"], batch: SequenceBatch) -> Float[Tensor, "B L D"]:
        """Return hidden states; position t depends on positions up to t only."""
        hidden = self.dropout(self.positions(embedded, batch))
        for block in self.blocks:
            hidden = block(hidden)
        return self.final_norm(hidden)


class ResidualBlock(nn.Module):
    """A part applied to the normalized input and added to it.

    Args:
        norm: normalization of the input of ``part``.
        part: attention or feed-forward network.
    """

    def __init__(self, norm: nn.Module, part: nn.Module) -> None:
        super().__init__()
        self.norm = norm
        self.part = part

    def forward(self, hidden: Float[Tensor, "B L D"]) -> Float[Tensor, "B L D"]:
        """Return ``hidden + part(norm(hidden))``."""
        return hidden + self.part(self.norm(hidden))
