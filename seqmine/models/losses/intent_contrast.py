"""Contrast of intents: histories that lead to one item are drawn together (ICSRec, Qin et al. 2024, arXiv:2310.14318).

ICSRec pairs subsequences that end before the same item, drawn from the whole data. With all positions of a history
trained at once, every position is such a subsequence, so the pairs are found inside the batch and cost no second pass.
Its second term, prototypes of intents, is in ``intent_prototypes``.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from seqmine.structs import Loss
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import AtLeastTwo, Penalty, Temperature

_MASKED = -1e30  # finite, so that a row whose targets are all alike has no NaN


@bounded
class IntentContrast(nn.Module):
    """Adds a contrastive term over positions with equal targets to another loss.

    Args:
        loss: the loss that learns the next item.
        weight: weight of the contrastive term.
        temperature: divisor of the cosine between two hidden vectors.
        num_positions: positions compared with each other, drawn when a batch has more; cost grows with its square.
    """

    def __init__(self, *, loss: Loss, weight: Penalty, temperature: Temperature, num_positions: AtLeastTwo) -> None:
        super().__init__()
        self.loss = loss
        self.weight = weight
        self.temperature = temperature
        self.num_positions = num_positions

    def forward(
        self, hidden: Float[Tensor, "M D"], targets: Int[Tensor, "M"], item_embedding: Float[Tensor, "V D"]
    ) -> Float[Tensor, ""]:
        """Return the loss of the next item plus the weighted contrast."""
        prediction = self.loss(hidden, targets, item_embedding)
        drawn = draw_positions(len(targets), self.num_positions, targets.device)
        return prediction + self.weight * intent_contrast(hidden[drawn], targets[drawn], self.temperature)


def draw_positions(count: int, most: int, device: torch.device) -> Int[Tensor, "P"] | slice:
    """Return ``most`` of ``count`` positions at random, all of them where there are no more."""
    return torch.randperm(count, device=device)[:most] if count > most else slice(None)


def intent_contrast(hidden: Float[Tensor, "P D"], targets: Int[Tensor, "P"], temperature: float) -> Float[Tensor, ""]:
    """Return the mean over pairs with equal targets of ``-log`` the pair's share against positions with other targets.

    The mean is taken over the partners of a position first, then over positions that have one; 0 where there is none.

    >>> intent_contrast(torch.eye(3), torch.tensor([4, 4, 7]), 1.0).exp().item()
    2.0
    """
    unit = F.normalize(hidden.float(), dim=1, eps=1e-6)
    with torch.autocast(hidden.device.type, enabled=False):
        scores = unit @ unit.T / temperature
    alike = targets.unsqueeze(1) == targets
    others = scores.masked_fill(alike, _MASKED).logsumexp(1)
    partners = alike.sum(1) - 1
    anchor, partner = alike.nonzero(as_tuple=True)
    anchor, partner = anchor[anchor != partner], partner[anchor != partner]
    losses = F.softplus(others[anchor] - scores[anchor, partner]) / partners[anchor]
    return losses.sum() / (partners > 0).sum().clamp(min=1)
