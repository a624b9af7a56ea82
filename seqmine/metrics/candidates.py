"""Sampled candidates: the target among 100 drawn items, for comparison with papers that rank so.

Sampled ranks are not the ranks of the full catalog and can order models differently (Krichene and Rendle, "On sampled
metrics for item recommendation", KDD 2020). The draw of a user depends on the seed and the user alone, so it is the
same on any number of devices and in any batch.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

SAMPLED = ("uniform_100", "popularity_100")
CANDIDATES = ("full", "available", *SAMPLED)

NUM_SAMPLED = 100

# Rows are drawn in blocks of this many keys, to bound memory on large catalogs.
_BLOCK_KEYS = 1 << 20


def keep_sampled(
    scores: Float[Tensor, "B V"],
    targets: Int[Tensor, "B"],
    user_index: Int[Tensor, "B"],
    *,
    weights: Float[Tensor, "V"],
    seed: int,
    num_sampled: int = NUM_SAMPLED,
) -> Float[Tensor, "B V"]:
    """Take out every candidate but the target and ``num_sampled`` drawn ones, in place.

    Draws are without replacement, among the candidates that are still in (so never a seen item, never padding).

    Args:
        scores: as left by ``mask_candidates``.
        targets: item_index of each row, never drawn, kept where it is still in.
        user_index: the user of each row, which with ``seed`` decides the draw.
        weights: relative chance of each item to be drawn first; an item of weight 0 is never drawn.
        seed: a different seed draws different candidates.
        num_sampled: how many are drawn; all are kept where fewer are left.

    >>> scores = keep_sampled(
    ...     torch.zeros(1, 50), torch.tensor([7]), torch.tensor([0]), weights=torch.ones(50), seed=1, num_sampled=5
    ... )
    >>> int((scores == 0).sum()), float(scores[0, 7])
    (6, 0.0)
    """
    num_rows = scores.shape[1]
    columns = torch.where(targets < num_rows, targets, 0).unsqueeze(1)
    blocks = [part.split(max(1, _BLOCK_KEYS // num_rows)) for part in (scores, columns, user_index)]
    for rows, own, users in zip(*blocks, strict=True):
        # The smallest of exponential clocks with these rates is a weighted draw without replacement.
        clocks = -torch.log(_uniform(users, num_rows, seed)) / weights.double()
        clocks[rows == -torch.inf] = torch.inf
        clocks.scatter_(1, own, torch.inf)
        drawn = clocks.topk(min(num_sampled, num_rows), dim=1, largest=False)
        out = torch.ones_like(rows, dtype=torch.bool)
        out.scatter_(1, drawn.indices, drawn.values.isinf()).scatter_(1, own, value=False)
        rows[out] = -torch.inf
    return scores


def _uniform(users: Int[Tensor, "B"], num_columns: int, seed: int) -> Float[Tensor, "B V"]:
    """Return numbers of (0, 1) that are a pure function of seed, user and column (SplitMix64)."""
    columns = torch.arange(num_columns, device=users.device)
    key = _mix(_mix(users.long() + _mix(torch.tensor(seed, device=users.device))).unsqueeze(1) + columns)
    return ((key >> 11) & ((1 << 53) - 1)).double().add_(0.5) / 2**53


def _mix(key: Tensor) -> Tensor:
    # Constants of SplitMix64 as signed 64-bit numbers; the shift of a signed number needs its sign bits cut off.
    key = key - 7046029254386353131
    key = (key ^ ((key >> 30) & ((1 << 34) - 1))) * -4658895280553007687
    key = (key ^ ((key >> 27) & ((1 << 37) - 1))) * -7723592293110705685
    return key ^ ((key >> 31) & ((1 << 33) - 1))
