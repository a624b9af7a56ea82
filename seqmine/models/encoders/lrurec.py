"""LRURec: linear recurrent units for recommendation (Yue et al. 2024, arXiv:2310.02367)."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from seqmine.models.layers.dropout import Dropout
from seqmine.models.layers.feed_forward import FeedForward
from seqmine.models.layers.linear_recurrence import linear_recurrence
from seqmine.models.layers.residual import PostNormResidual
from seqmine.structs import SequenceBatch
from seqmine.structs.bounds import PositiveInt, ShareBelowOne


class LRURecEncoder(nn.Module):
    """Blocks of a linear recurrence and a feed-forward network; needs no positions, since it reads in order.

    The paper adds a bias to the score of each item; here scores are inner products alone, as for every encoder.

    Args:
        embedding_dim: size D of the vectors.
        num_layers: number of blocks.
        dropout: dropout of the embedded events and of the feed-forward networks.
        recurrence_dropout: dropout of the result of each recurrence.
    """

    def __init__(
        self,
        *,
        embedding_dim: PositiveInt,
        num_layers: PositiveInt,
        dropout: ShareBelowOne,
        recurrence_dropout: ShareBelowOne,
    ) -> None:
        super().__init__()
        self.dropout = Dropout(dropout)
        self.input_norm = nn.LayerNorm(embedding_dim)
        self.blocks = nn.Sequential(
            *(
                PostNormResidual(nn.LayerNorm(embedding_dim), part)
                for _ in range(num_layers)
                for part in (
                    LinearRecurrentUnit(embedding_dim=embedding_dim, dropout=recurrence_dropout),
                    FeedForward(embedding_dim=embedding_dim, dropout=dropout, activation=nn.GELU()),
                )
            )
        )

    def forward(self, embedded: Float[Tensor, "B L D"], batch: SequenceBatch) -> Float[Tensor, "B L D"]:  # noqa: ARG002
        """Return hidden states; position t depends on positions up to t only."""
        return self.blocks(self.input_norm(self.dropout(embedded)))


class LinearRecurrentUnit(nn.Module):
    """A complex diagonal recurrence between two linear maps (Orvieto et al. 2023, arXiv:2303.06349).

    Args:
        embedding_dim: size D of the vectors; the state has 2 D complex numbers.
        dropout: dropout of the result, before the residual sum.
    """

    def __init__(self, *, embedding_dim: int, dropout: float) -> None:
        super().__init__()
        state_dim = 2 * embedding_dim
        radius_squared = torch.empty(state_dim).uniform_(0.8**2, 0.99**2)
        self.log_nu = nn.Parameter((-0.5 * radius_squared.log()).log())
        self.log_theta = nn.Parameter((2 * math.pi * torch.rand(state_dim).clamp(min=1e-6)).log())
        self.log_gamma = nn.Parameter((1 - radius_squared).sqrt().log())
        # complex maps as real ones over (real, imaginary) pairs: the same functions, in real matrix products
        self.in_projection = nn.Linear(embedding_dim, 2 * state_dim)
        self.out_projection = nn.Linear(2 * state_dim, embedding_dim)
        self.dropout = Dropout(dropout)

    def forward(self, hidden: Float[Tensor, "B L D"]) -> Float[Tensor, "B L D"]:
        """Return the projected state at each position."""
        gamma = self.log_gamma.exp().repeat_interleave(2)
        # scaling the map by gamma instead of its result saves a pass over all positions
        pairs = F.linear(
            hidden, self.in_projection.weight * gamma.unsqueeze(1), self.in_projection.bias * gamma
        ).float()
        decay = torch.polar((-self.log_nu.exp()).exp(), self.log_theta.exp())
        states = linear_recurrence(torch.view_as_complex(pairs.unflatten(-1, (-1, 2))), decay)
        return self.dropout(self.out_projection(torch.view_as_real(states).flatten(-2)))
