"""Position-wise feed-forward networks."""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from seqmine.models.layers.dropout import Dropout
from seqmine.structs.bounds import PositiveInt, ShareBelowOne


class FeedForward(nn.Module):
    """Two linear maps with a nonlinearity between them.

    Args:
        embedding_dim: size D of the vectors.
        dropout: dropout after the nonlinearity and of the result.
        activation: a module without parameters, such as ``torch.nn.GELU()``.
        expansion: inner size as a multiple of ``embedding_dim``.
    """

    def __init__(
        self, *, embedding_dim: PositiveInt, dropout: ShareBelowOne, activation: nn.Module, expansion: PositiveInt = 4
    ) -> None:
        super().__init__()
        self.inner = nn.Linear(embedding_dim, expansion * embedding_dim)
        self.activation = activation
        self.inner_dropout = Dropout(dropout)
        self.outer = nn.Linear(expansion * embedding_dim, embedding_dim)
        self.dropout = Dropout(dropout)

    def forward(self, hidden: Float[Tensor, "*B D"]) -> Float[Tensor, "*B D"]:
        """Return the transformed vectors, each by itself."""
        return self.dropout(self.outer(self.inner_dropout(self.activation(self.inner(hidden)))))


class SwiGLU(nn.Module):
    """A gated feed-forward network (Shazeer 2020, arXiv:2002.05202).

    Args:
        embedding_dim: size D of the vectors.
        dropout: dropout of the gated values and of the result.
        expansion: inner size as a multiple of ``embedding_dim``.
    """

    def __init__(self, *, embedding_dim: PositiveInt, dropout: ShareBelowOne, expansion: PositiveInt = 2) -> None:
        super().__init__()
        self.inner = nn.Linear(embedding_dim, 2 * expansion * embedding_dim, bias=False)
        self.inner_dropout = Dropout(dropout)
        self.outer = nn.Linear(expansion * embedding_dim, embedding_dim, bias=False)
        self.dropout = Dropout(dropout)

    def forward(self, hidden: Float[Tensor, "*B D"]) -> Float[Tensor, "*B D"]:
        """Return the transformed vectors, each by itself."""
        gate, value = self.inner(hidden).chunk(2, dim=-1)
        return self.dropout(self.outer(self.inner_dropout(F.silu(gate) * value)))
