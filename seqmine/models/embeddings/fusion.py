"""Ways to make one vector of an item out of its own and that of its content."""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class SumFusion(nn.Module):
    """The sum of both.

    Args:
        embedding_dim: size D of the vectors; every way of fusion is given it.
    """

    def __init__(self, *, embedding_dim: int) -> None:  # noqa: ARG002
        super().__init__()

    def forward(self, own: Float[Tensor, "R D"], content: Float[Tensor, "R D"]) -> Float[Tensor, "R D"]:
        """Return one vector a row."""
        return own + content


class GatedFusion(nn.Module):
    """Each element between both, where a gate that sees both puts it (Arevalo et al. 2017, arXiv:1702.01992).

    Args:
        embedding_dim: size D of the vectors.
    """

    def __init__(self, *, embedding_dim: int) -> None:
        super().__init__()
        self.gate = nn.Linear(2 * embedding_dim, embedding_dim)

    def forward(self, own: Float[Tensor, "R D"], content: Float[Tensor, "R D"]) -> Float[Tensor, "R D"]:
        """Return one vector a row."""
        share = self.gate(torch.cat([own, content], dim=1)).sigmoid()
        return share * own + (1 - share) * content


class ConcatenatedFusion(nn.Module):
    """A linear map of both, one behind the other.

    Args:
        embedding_dim: size D of the vectors.
    """

    def __init__(self, *, embedding_dim: int) -> None:
        super().__init__()
        self.joined = nn.Linear(2 * embedding_dim, embedding_dim, bias=False)

    def forward(self, own: Float[Tensor, "R D"], content: Float[Tensor, "R D"]) -> Float[Tensor, "R D"]:
        """Return one vector a row."""
        return self.joined(torch.cat([own, content], dim=1))


class AttentionFusion(nn.Module):
    """A mean of both, weighted for each item by how much each says.

    Args:
        embedding_dim: size D of the vectors.
    """

    def __init__(self, *, embedding_dim: int) -> None:
        super().__init__()
        self.keys = nn.Linear(embedding_dim, embedding_dim)
        self.query = nn.Linear(embedding_dim, 1, bias=False)

    def forward(self, own: Float[Tensor, "R D"], content: Float[Tensor, "R D"]) -> Float[Tensor, "R D"]:
        """Return one vector a row."""
        both = torch.stack([own, content], dim=1)
        weights = self.query(self.keys(both).tanh()).softmax(dim=1)
        return (weights * both).sum(dim=1)
