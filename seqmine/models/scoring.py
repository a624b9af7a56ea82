"""Inner products of hidden states with the whole catalog."""

import torch
from jaxtyping import Float
from torch import Tensor

_SCORED_ROWS = 32  # queries of one product with the whole catalog on a CPU


def score_catalog(queries: Float[Tensor, "B D"], items: Float[Tensor, "V D"]) -> Float[Tensor, "B V"]:
    """Return all inner products, in single precision also where the model computes in less: equal scores are misses.

    On a CPU by few rows at a time, so that what is written stays in the cache.
    """
    if queries.device.type != "cpu" or torch.is_grad_enabled():
        with torch.autocast(queries.device.type, enabled=False):
            return queries @ items.T
    scores = queries.new_empty(len(queries), len(items))
    for rows, result in zip(queries.split(_SCORED_ROWS), scores.split(_SCORED_ROWS), strict=True):
        torch.mm(rows, items.T, out=result)
    return scores
