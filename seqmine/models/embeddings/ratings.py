"""The rating of an event as a vector."""

from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn

from seqmine.models.embeddings.context import require_column
from seqmine.structs import Catalog, SequenceBatch
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import PositiveFloat, PositiveInt


@bounded
class RatingEmbedding(nn.Module):
    """A direction along which ratings lie, and a vector that tells rated events from others.

    Args:
        embedding_dim: size D of the vectors.
        midpoint: rating that is neither good nor bad.
        spread: a rating this far above the midpoint moves by the whole direction, above 0.
        catalog: without effect.

    Raises:
        UserError: a spread that is not above 0.
    """

    columns: ClassVar[tuple[str, ...]] = ("ratings",)

    def __init__(self, *, embedding_dim: PositiveInt, midpoint: float, spread: PositiveFloat, catalog: Catalog) -> None:  # noqa: ARG002
        super().__init__()
        self.midpoint, self.spread = midpoint, spread
        self.direction = nn.Linear(1, embedding_dim)
        nn.init.normal_(self.direction.weight, std=0.02 * embedding_dim**0.5)
        nn.init.zeros_(self.direction.bias)

    def forward(self, batch: SequenceBatch) -> Float[Tensor, "B L D"]:
        """Return the vector of each rating; zero where the event has none."""
        ratings = require_column(batch.ratings, "rating", "`source.rating`")
        rated = ~ratings.isnan()
        away = torch.where(rated, (ratings - self.midpoint) / self.spread, 0.0)
        return self.direction(away.unsqueeze(2)) * rated.unsqueeze(2)
