"""Optimizers that torch does not have."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import AdamW

from seqmine.structs.bounds import Penalty, PositiveFloat


class LazyAdamW(AdamW):
    """AdamW that leaves rows of a table alone which the batch did not touch, weight decay included.

    With a catalog of millions, moments and weights of all rows cost far more than the batch itself. As in lazy Adam
    (TensorFlow's ``LazyAdam``, ``torch.optim.SparseAdam``) the moments of a row do not fade while it is not touched, so
    the result differs from AdamW's. It pays with sampled losses; a full cross-entropy touches every row.

    Args:
        params: parameters or groups; the gradient of a matrix that is gathered by rows becomes sparse.
        lr: learning rate.
        weight_decay: share of the weights, times ``lr``, taken off at each update.
        betas: decay of the first and of the second moment.
        fused: update what has a dense gradient in one kernel.
    """

    def __init__(
        self, params: Any, *, lr: PositiveFloat, weight_decay: Penalty, betas: tuple[float, float], fused: bool
    ) -> None:
        super().__init__(params, lr=lr, weight_decay=weight_decay, betas=(betas[0], betas[1]), fused=fused)
        for group in self.param_groups:
            for parameter in group["params"]:
                parameter.takes_sparse_gradient = parameter.ndim == 2

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update the touched rows of tables with a sparse gradient, and all else as AdamW does."""
        result = None
        if closure is not None:
            with torch.enable_grad():
                result = closure()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None and parameter.grad.is_sparse:
                    self._update_rows(parameter, group)
                    parameter.grad = None
        super().step()
        return result

    def _update_rows(self, table: Tensor, group: dict[str, Any]) -> None:
        gradient = table.grad.coalesce()  # type: ignore[union-attr]
        rows, values = gradient.indices()[0], gradient.values()
        state = self.state[table]
        if not state:
            state["step"] = torch.zeros((), dtype=torch.float32, device=table.device)
            state["exp_avg"], state["exp_avg_sq"] = torch.zeros_like(table), torch.zeros_like(table)
        state["step"] += 1
        step, (beta1, beta2) = float(state["step"]), group["betas"]
        first = state["exp_avg"].index_select(0, rows).lerp_(values, 1 - beta1)
        second = state["exp_avg_sq"].index_select(0, rows).mul_(beta2).addcmul_(values, values, value=1 - beta2)
        state["exp_avg"].index_copy_(0, rows, first)
        state["exp_avg_sq"].index_copy_(0, rows, second)
        scale = (second / (1 - beta2**step)).sqrt_().add_(group["eps"])
        weights = table.index_select(0, rows).mul_(1 - group["lr"] * group["weight_decay"])
        table.index_copy_(0, rows, weights.addcdiv_(first, scale, value=-group["lr"] / (1 - beta1**step)))


@torch.no_grad()
def clip_norm(parameters: Iterable[nn.Parameter], max_norm: float) -> None:
    """Scale all gradients, dense and sparse, so that their joint norm is at most ``max_norm``."""
    gradients = []
    for parameter in parameters:
        if parameter.grad is not None and parameter.grad.is_sparse:
            parameter.grad = parameter.grad.coalesce()  # rows that were taken twice must be summed first
            gradients.append(parameter.grad._values())
        elif parameter.grad is not None:
            gradients.append(parameter.grad)
    norm = nn.utils.get_total_norm(gradients)
    torch._foreach_mul_(gradients, (max_norm / (norm + 1e-6)).clamp(max=1.0))
