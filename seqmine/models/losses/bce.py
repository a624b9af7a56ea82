"""Binary cross-entropy with negatives of each position's own, as in SASRec (Kang and McAuley 2018, arXiv:1808.09781).

SASRec draws again when a negative is in the user's history; here only a negative that equals the target is left out.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from seqmine.models.embeddings.items import take_rows
from seqmine.structs import NegativeSampler
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import PositiveInt


@bounded
class BCE(nn.Module):
    """Tells the target of each position from a few items that are drawn per position.

    The scores of negatives cost a gather of (M, num_negatives, D), so this is for one or a few; ``GBCE`` is for many.

    Args:
        num_negatives: negatives of each position; SASRec has 1.
        sampler: draws the negatives.
    """

    def __init__(self, *, num_negatives: PositiveInt, sampler: NegativeSampler) -> None:
        super().__init__()
        self.num_negatives = num_negatives
        self.sampler = sampler

    def forward(
        self, hidden: Float[Tensor, "M D"], targets: Int[Tensor, "M"], item_embedding: Float[Tensor, "V D"]
    ) -> Float[Tensor, ""]:
        """Return the mean over the M positions of the sum over the target and its negatives."""
        drawn, _ = self.sampler.sample(len(targets) * self.num_negatives, targets, len(item_embedding) - 1)
        order = torch.randperm(len(drawn), device=drawn.device)  # samplers may return their draw sorted
        items = torch.cat([targets.unsqueeze(1), drawn[order].view(len(targets), -1)], 1)
        scores = (take_rows(item_embedding, items).float() * hidden.float().unsqueeze(1)).sum(2)
        hits = items[:, 1:] == items[:, :1]
        negative_loss = F.softplus(scores[:, 1:]).masked_fill(hits, 0.0).sum(1)
        return (F.softplus(-scores[:, 0]) + negative_loss).mean()
