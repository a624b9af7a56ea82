"""Losses against negatives that all positions share, in tiles whose scores never leave the cache.

One matrix product scores a tile of positions against the negatives. The gradient by the scores replaces them in place
and is multiplied out at once, so only gradients as large as the inputs outlive a tile.
"""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from seqmine.models.embeddings.items import take_rows

_TILE_BYTES = {"cpu": 2 * 2**20, "cuda": 256 * 2**20}  # CPU: in the second-level cache; GPU: enough to fill the device
_MASKED = -1e30  # finite, so that a row whose negatives are all masked has no NaN

ScoreLoss = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""From the target's scores (T,) and the negatives' (T, N): the loss and its gradient by the former, each (T,).

The negatives' scores are overwritten by the gradient of the loss.
"""


def shared_negatives_loss(
    hidden: Float[Tensor, "M D"],
    targets: Int[Tensor, "M"],
    item_embedding: Float[Tensor, "V D"],
    *,
    negatives: Int[Tensor, "N"],
    offset: Float[Tensor, "N"],
    score_loss: ScoreLoss,
) -> Float[Tensor, ""]:
    """Return the mean of ``score_loss`` over positions; a negative that is a row's target counts nothing there.

    Args:
        hidden: vector of each position.
        targets: item of each position.
        item_embedding: vector of each row of the item table.
        negatives: items that stand for the rest of the catalog.
        offset: added to the score of each negative.
        score_loss: loss of a tile and its gradients.
    """
    vectors = take_rows(item_embedding, torch.cat([targets, negatives]))  # one gather: one gradient of the table
    target_vectors, negative_vectors = vectors.split([len(targets), len(negatives)])
    positive = (hidden.float() * target_vectors.float()).sum(1)
    device = hidden.device.type
    dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else hidden.dtype
    return _TiledLoss.apply(hidden, positive, negative_vectors, targets, negatives, offset.float(), score_loss, dtype)


class _TiledLoss(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        positive: Tensor,
        vectors: Tensor,
        targets: Tensor,
        negatives: Tensor,
        offset: Tensor,
        score_loss: ScoreLoss,
        dtype: torch.dtype,
    ) -> Tensor:
        """Average the loss over tiles and store the gradients of the three first inputs."""
        num_rows = len(hidden)
        low_hidden, low_vectors = hidden.detach().to(dtype), vectors.detach().to(dtype)
        losses, grad_positive = torch.empty_like(positive), torch.empty_like(positive)
        grad_hidden = torch.empty_like(low_hidden)
        grad_vectors = torch.zeros_like(vectors, dtype=torch.float32)
        sorted_negatives, order = negatives.sort()
        tile = _rows_per_tile(len(negatives), hidden)
        buffer = torch.empty(min(tile, num_rows), len(negatives), dtype=dtype, device=hidden.device)
        for start in range(0, num_rows, tile):
            rows = slice(start, min(start + tile, num_rows))
            scores = buffer[: rows.stop - start]
            torch.mm(low_hidden[rows], low_vectors.T, out=scores)
            scores32 = scores.float().add_(offset)  # the buffer itself in single precision
            scores32[accidental_hits(targets[rows], sorted_negatives, order)] = _MASKED
            losses[rows], grad_positive[rows] = score_loss(positive.detach()[rows], scores32)
            scores.copy_(scores32)
            torch.mm(scores, low_vectors, out=grad_hidden[rows])
            grad_vectors.add_(torch.mm(scores.T, low_hidden[rows]))
        ctx.save_for_backward(grad_hidden, grad_positive, grad_vectors)
        ctx.num_rows, ctx.dtypes = num_rows, (hidden.dtype, vectors.dtype)
        return losses.mean()

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> tuple[Tensor | None, ...]:
        """Scale the stored gradients."""
        grad_hidden, grad_positive, grad_vectors = ctx.saved_tensors
        scale = grad_output / ctx.num_rows
        hidden_dtype, vectors_dtype = ctx.dtypes
        grads = (grad_hidden.to(hidden_dtype) * scale, grad_positive * scale, grad_vectors.to(vectors_dtype) * scale)
        return (*grads, None, None, None, None, None)


def accidental_hits(
    targets: Int[Tensor, "T"], sorted_negatives: Int[Tensor, "N"], order: Int[Tensor, "N"]
) -> tuple[Int[Tensor, "X"], Int[Tensor, "X"]]:
    """Return rows and columns where a negative is the target, without comparing all pairs.

    >>> rows, columns = accidental_hits(torch.tensor([7, 5]), *torch.tensor([5, 6, 5]).sort())
    >>> rows.tolist(), sorted(columns.tolist())
    ([1, 1], [0, 2])
    """
    first = torch.searchsorted(sorted_negatives, targets)
    counts = torch.searchsorted(sorted_negatives, targets, right=True) - first
    rows = torch.repeat_interleave(torch.arange(len(targets), device=targets.device), counts)
    within = torch.arange(len(rows), device=targets.device) - (counts.cumsum(0) - counts)[rows]
    return rows, order[first[rows] + within]


def _rows_per_tile(num_negatives: int, hidden: Tensor) -> int:
    budget = _TILE_BYTES.get(hidden.device.type, _TILE_BYTES["cuda"])
    return max(16, budget // (4 * num_negatives))
