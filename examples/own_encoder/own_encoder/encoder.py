"""An encoder is a module from embedded histories to hidden states; it knows neither items nor losses."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from seqmine.structs import SequenceBatch, UserError


class DecayingMeanEncoder(nn.Module):
    """A weighted mean of the events so far, older ones counting less, and a projection.

    Args:
        embedding_dim: size D of the vectors.
        decay: weight of an event relative to the next one, above 0 and below 1.

    Raises:
        UserError: a decay outside of these.
    """

    def __init__(self, *, embedding_dim: int, decay: float) -> None:
        super().__init__()
        if not 0 < decay < 1:
            # a parameter between backticks is told by the name of its setting: model.encoder.decay
            raise UserError(f"`decay` is {decay}, allowed are numbers above 0 and below 1; change `decay`")
        self.decay = decay
        self.output = nn.Linear(embedding_dim, embedding_dim)

    def forward(self, embedded: Float[Tensor, "B L D"], batch: SequenceBatch) -> Float[Tensor, "B L D"]:  # noqa: ARG002
        """Return a state after each event, from this event and those before it."""
        ages = torch.arange(embedded.shape[1], device=embedded.device)
        distance = ages.unsqueeze(1) - ages  # of position i to j; histories start at the left, so j <= i is the past
        weights = torch.where(distance >= 0, self.decay ** distance.clamp(min=0), 0.0).to(embedded.dtype)
        return self.output(weights / weights.sum(dim=1, keepdim=True) @ embedded)
