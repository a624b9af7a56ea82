"""Where an event stands in its history."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from seqmine.structs import SequenceBatch
from seqmine.structs.bounds import NonNegativeFloat, PositiveInt


class LearnedPositions(nn.Module):
    """Add a learned vector for the position counted from the end of the history.

    Counted from the end, the newest event has the same vector in every history, whatever its length. Where all
    positions of a history are trained at once, that vector learns from one target a history: see ``StartPositions``.

    Args:
        embedding_dim: size D of the vectors.
        max_length: positions further from the end share the last vector.
        std: of the numbers at the start; ``0.02 * D ** 0.5`` makes them as strong as the vectors of items.
    """

    def __init__(self, *, embedding_dim: PositiveInt, max_length: PositiveInt, std: NonNegativeFloat = 0.02) -> None:
        super().__init__()
        self.table = _position_table(max_length, embedding_dim, std)

    def forward(self, embedded: Float[Tensor, "B L D"], batch: SequenceBatch) -> Float[Tensor, "B L D"]:
        """Return the embedded events with their positions added."""
        positions = torch.arange(embedded.shape[1], device=embedded.device)
        from_end = (batch.lengths.unsqueeze(1) - 1 - positions).clamp(0, self.table.num_embeddings - 1)
        return embedded + self.table(from_end)


class StartPositions(nn.Module):
    """Add a learned vector for the position counted from the start of what the model is given of a history.

    A model that is trained at all positions of a history at once learns from every position what to expect next there.

    Args:
        embedding_dim: size D of the vectors.
        max_length: positions further from the start share the last vector.
        std: of the numbers at the start; ``0.02 * D ** 0.5`` makes them as strong as the vectors of items.
    """

    def __init__(self, *, embedding_dim: PositiveInt, max_length: PositiveInt, std: NonNegativeFloat = 0.02) -> None:
        super().__init__()
        self.table = _position_table(max_length, embedding_dim, std)

    def forward(self, embedded: Float[Tensor, "B L D"], batch: SequenceBatch) -> Float[Tensor, "B L D"]:  # noqa: ARG002
        """Return the embedded events with their positions added."""
        positions = torch.arange(embedded.shape[1], device=embedded.device)
        return embedded + self.table(positions.clamp(max=self.table.num_embeddings - 1))


class NoPositions(nn.Module):
    """Leave the embedded events as they are: for encoders whose layers know distances themselves."""

    def forward(self, embedded: Float[Tensor, "B L D"], batch: SequenceBatch) -> Float[Tensor, "B L D"]:  # noqa: ARG002
        """Return the embedded events unchanged."""
        return embedded


def _position_table(max_length: int, embedding_dim: int, std: float) -> nn.Embedding:
    table = nn.Embedding(max_length, embedding_dim)
    nn.init.normal_(table.weight, std=std)
    return table
