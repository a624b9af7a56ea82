"""Exact cross-entropy over the whole catalog that never holds the (M, V) scores.

Rows are taken in tiles that fit the processor's cache. As in Liger-Kernel (Hsu et al. 2024, arXiv:2410.10989) the
gradient of a tile is computed while its scores are still there: three matrix products a tile, nothing is recomputed,
and only the two gradients are kept.
"""

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import ShareBelowOne, Temperature

_CPU_TILE_BYTES = 4 * 2**20  # a tile of scores and its softmax stay in the second-level caches
_GPU_TILE_BYTES = 256 * 2**20  # large enough to fill the device


@bounded
class CrossEntropy(nn.Module):
    """Softmax cross-entropy against every item of the catalog.

    Args:
        temperature: divisor of the scores; below 1 sharpens the distribution.
        label_smoothing: probability mass spread evenly over the whole catalog, in [0, 1).

    Raises:
        UserError: a setting out of range.
    """

    def __init__(self, *, temperature: Temperature = 1.0, label_smoothing: ShareBelowOne = 0.0) -> None:
        super().__init__()
        self.temperature = temperature
        self.label_smoothing = label_smoothing

    def forward(
        self, hidden: Float[Tensor, "M D"], targets: Int[Tensor, "M"], item_embedding: Float[Tensor, "V D"]
    ) -> Float[Tensor, ""]:
        """Return the mean of ``-log softmax(score)[target]`` over the M positions."""
        device = hidden.device.type
        dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else hidden.dtype
        scaled = hidden / self.temperature if self.temperature != 1.0 else hidden
        return _TiledCrossEntropy.apply(scaled, targets, item_embedding, self.label_smoothing, dtype)


class _TiledCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        targets: Tensor,
        item_embedding: Tensor,
        label_smoothing: float,
        dtype: torch.dtype,
    ) -> Tensor:
        """Sum the loss over tiles and store the gradients of ``hidden`` and ``item_embedding``."""
        num_rows, num_items = len(hidden), len(item_embedding) - 1
        items = item_embedding.detach()[1:].to(dtype)
        low = hidden.detach().to(dtype)
        grad_hidden = torch.empty_like(low)
        grad_items = torch.zeros_like(item_embedding, dtype=torch.float32)
        losses = torch.empty(num_rows, dtype=torch.float32, device=hidden.device)
        tile = _rows_per_tile(num_items, low)
        buffer = torch.empty(min(tile, num_rows), num_items, dtype=dtype, device=hidden.device)
        for start in range(0, num_rows, tile):
            rows = slice(start, min(start + tile, num_rows))
            scores = buffer[: rows.stop - rows.start]
            losses[rows] = _softmax_minus_label(scores, low[rows], items, targets[rows] - 1, label_smoothing)
            torch.mm(scores, items, out=grad_hidden[rows])
            if dtype == torch.float32:
                grad_items[1:].addmm_(scores.T, low[rows])
            else:
                grad_items[1:].add_(torch.mm(scores.T, low[rows]))
        ctx.save_for_backward(grad_hidden, grad_items)
        ctx.num_rows, ctx.dtypes = num_rows, (hidden.dtype, item_embedding.dtype)
        return losses.mean()

    @staticmethod
    def backward(ctx: Any, grad_output: Tensor) -> tuple[Tensor | None, ...]:
        """Scale the stored gradients."""
        grad_hidden, grad_items = ctx.saved_tensors
        scale = grad_output / ctx.num_rows
        hidden_dtype, item_dtype = ctx.dtypes
        return (grad_hidden.to(hidden_dtype) * scale, None, grad_items.mul_(scale).to(item_dtype), None, None)


def _softmax_minus_label(scores: Tensor, hidden: Tensor, items: Tensor, targets: Tensor, smoothing: float) -> Tensor:
    """Fill ``scores`` with the gradient of the loss by the scores; return the loss of each row."""
    torch.mm(hidden, items.T, out=scores)
    column = targets.unsqueeze(1)
    target_score = scores.gather(1, column).squeeze(1).float()
    mean_score = scores.mean(1, dtype=torch.float32) if smoothing else target_score
    top_score = scores.amax(1).float()
    torch.softmax(scores, 1, out=scores)
    # log-sum-exp from the largest probability, which cannot underflow: it is at least 1 / V
    log_normalizer = top_score - scores.amax(1).float().log()
    if smoothing:
        scores.sub_(smoothing / scores.shape[1])
    scores.scatter_add_(1, column, scores.new_full(column.shape, smoothing - 1.0))
    return log_normalizer - (1.0 - smoothing) * target_score - smoothing * mean_score


def _rows_per_tile(num_items: int, hidden: Tensor) -> int:
    budget = _CPU_TILE_BYTES if hidden.device.type == "cpu" else _GPU_TILE_BYTES
    return max(16, budget // (num_items * hidden.element_size()))
