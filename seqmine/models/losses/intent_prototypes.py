"""Contrast of histories with prototypes of intents, the second term of ICSRec (Qin et al. 2024, arXiv:2310.14318).

ICSRec finds the prototypes by k-means over all subsequences before each epoch, and tells a history's own from those
of the other histories of its batch. Here they move with every batch, as the clusters of an exponential moving average
do (van den Oord et al. 2017, arXiv:1711.00937), which costs no pass over the data; a history is told from all of them.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from seqmine.models.losses.intent_contrast import draw_positions
from seqmine.structs import Loss
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import AtLeastTwo, Penalty, PositiveInt, ShareBelowOne, Temperature

_DEAD_SHARE = 0.02  # of the mean size: a smaller prototype stands for nobody and begins anew at a position of the batch


@bounded
class IntentPrototypes(nn.Module):
    """Adds to another loss that each position is told by the prototype nearest to it.

    The prototypes move in training alone and are part of the state of the model; on many devices those of the first
    one count, which Lightning's strategy sends to the others.

    Args:
        loss: the loss that learns the next item.
        embedding_dim: size D of hidden states.
        weight: weight of the contrast with prototypes.
        temperature: divisor of the cosine between a hidden state and a prototype.
        num_intents: number of prototypes, at least 2.
        num_positions: positions compared, drawn when a batch has more.
        decay: share of what prototypes were that stays in each step, in [0, 1).

    Raises:
        UserError: a setting out of range.
    """

    sums: Float[Tensor, "I D"]
    sizes: Float[Tensor, "I"]

    def __init__(
        self,
        *,
        loss: Loss,
        embedding_dim: PositiveInt,
        weight: Penalty,
        temperature: Temperature,
        num_intents: AtLeastTwo,
        num_positions: AtLeastTwo,
        decay: ShareBelowOne,
    ) -> None:
        super().__init__()
        self.loss = loss
        self.weight, self.temperature = weight, temperature
        self.num_positions, self.decay = num_positions, decay
        self.register_buffer("sums", torch.zeros(num_intents, embedding_dim))
        self.register_buffer("sizes", torch.zeros(num_intents))

    def forward(
        self, hidden: Float[Tensor, "M D"], targets: Int[Tensor, "M"], item_embedding: Float[Tensor, "V D"]
    ) -> Float[Tensor, ""]:
        """Return the loss of the next item plus the weighted contrast with prototypes."""
        prediction = self.loss(hidden, targets, item_embedding)
        drawn = draw_positions(len(targets), self.num_positions, targets.device)
        unit = F.normalize(hidden[drawn].float(), dim=1, eps=1e-6)
        with torch.autocast(hidden.device.type, enabled=False):
            if self.training:
                self._revive(unit.detach())
            scores = unit @ F.normalize(self.sums.float(), dim=1).T
            nearest = scores.argmax(1)
            if self.training:
                self._move(unit.detach(), nearest)
        return prediction + self.weight * F.cross_entropy(scores / self.temperature, nearest)

    def _revive(self, unit: Float[Tensor, "P D"]) -> None:
        """Let prototypes that stand for nobody, at first all, begin anew at random positions of the batch."""
        mean_size = len(unit) / len(self.sizes)
        dead = (self.sizes < _DEAD_SHARE * mean_size).unsqueeze(1)
        drawn = torch.randint(len(unit), (len(self.sizes),), device=unit.device)
        self.sums = torch.where(dead, unit[drawn] * mean_size, self.sums)
        self.sizes = torch.where(dead.squeeze(1), mean_size, self.sizes)

    def _move(self, unit: Float[Tensor, "P D"], nearest: Int[Tensor, "P"]) -> None:
        """Move each prototype towards the mean of the positions that are nearest to it."""
        self.sums = (self.decay * self.sums).index_add(0, nearest, unit, alpha=1 - self.decay)
        counted = torch.bincount(nearest, minlength=len(self.sizes))
        self.sizes = self.decay * self.sizes + (1 - self.decay) * counted
