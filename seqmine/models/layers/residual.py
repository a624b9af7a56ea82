"""Ways to join a part with what goes around it."""

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from seqmine.models.layers.dropout import Dropout


class PreNormResidual(nn.Module):
    """Add a part of the normalized input to the input (Xiong et al. 2020, arXiv:2002.04745).

    Args:
        norm: normalization of the input of ``part``.
        part: attention or feed-forward network.
    """

    def __init__(self, norm: nn.Module, part: nn.Module) -> None:
        super().__init__()
        self.norm = norm
        self.part = part

    def forward(self, hidden: Float[Tensor, "B L D"], *context: Tensor) -> Float[Tensor, "B L D"]:
        """Return ``hidden + part(norm(hidden))``; the part is given the context as well."""
        return hidden + self.part(self.norm(hidden), *context)

    def last(self, hidden: Float[Tensor, "B L D"], last: Int[Tensor, "B"]) -> Float[Tensor, "B 1 D"]:
        """Return the result at one position of each row, for a part that can answer so."""
        part: Any = self.part
        return take_last(hidden, last) + part.last(self.norm(hidden), last)


class PostNormResidual(nn.Module):
    """Normalize after the sum, as the first Transformer did (Vaswani et al. 2017, arXiv:1706.03762).

    Args:
        norm: normalization of the sum.
        part: attention, filter or feed-forward network.
    """

    def __init__(self, norm: nn.Module, part: nn.Module) -> None:
        super().__init__()
        self.norm = norm
        self.part = part

    def forward(self, hidden: Float[Tensor, "B L D"], *context: Tensor) -> Float[Tensor, "B L D"]:
        """Return ``norm(hidden + part(hidden))``; the part is given the context as well."""
        return self.norm(hidden + self.part(hidden, *context))

    def last(self, hidden: Float[Tensor, "B L D"], last: Int[Tensor, "B"]) -> Float[Tensor, "B 1 D"]:
        """Return the result at one position of each row, for a part that can answer so."""
        part: Any = self.part
        return self.norm(take_last(hidden, last) + part.last(hidden, last))


class GatedResidual(nn.Module):
    """Let the input decide how much of a part comes through (LiGR, Borisyuk et al. 2025, arXiv:2502.03417).

    Args:
        norm: normalization of the input of ``part``.
        part: attention or feed-forward network.
        gate: linear map of the input to one number an element of the part's result.
    """

    def __init__(self, norm: nn.Module, part: nn.Module, gate: nn.Module) -> None:
        super().__init__()
        self.norm = norm
        self.part = part
        self.gate = gate

    def forward(self, hidden: Float[Tensor, "B L D"]) -> Float[Tensor, "B L D"]:
        """Return ``hidden + sigmoid(gate(hidden)) * part(norm(hidden))``."""
        return hidden + torch.sigmoid(self.gate(hidden)) * self.part(self.norm(hidden))


def take_last(hidden: Float[Tensor, "B L D"], last: Int[Tensor, "B"]) -> Float[Tensor, "B 1 D"]:
    """Return the vector at one position of each row."""
    return hidden[torch.arange(len(last), device=last.device), last].unsqueeze(1)


def gelu_feed_forward(embedding_dim: int, dropout: float) -> PostNormResidual:
    """Build a post-norm feed-forward network of inner size 4 D whose inner layer has no dropout (FMLP-Rec, BSARec)."""
    part = nn.Sequential(
        nn.Linear(embedding_dim, 4 * embedding_dim),
        nn.GELU(),
        nn.Linear(4 * embedding_dim, embedding_dim),
        Dropout(dropout),
    )
    return PostNormResidual(nn.LayerNorm(embedding_dim), part)
