"""The recurrence ``state_t = decay * state_{t-1} + input_t`` for all t at once, exact, in log2(L) passes.

The scan of LRURec (Yue et al. 2024, arXiv:2310.02367): neighboring blocks of 1, 2, 4 ... positions are joined in place,
where the later block receives the last state of the earlier one times a power of the decay. Its gradient is the same
recurrence run backwards, so that one tensor of states is all that is kept.
"""

from typing import Any

import torch
from jaxtyping import Complex
from torch import Tensor


def linear_recurrence(inputs: Complex[Tensor, "B L S"], decay: Complex[Tensor, "S"]) -> Complex[Tensor, "B L S"]:
    """Return the states of all positions, starting from zero.

    >>> linear_recurrence(torch.ones(1, 3, 1, dtype=torch.cfloat), torch.tensor([0.5 + 0j])).real.flatten().tolist()
    [1.0, 1.5, 1.75]
    """
    return _LinearRecurrence.apply(inputs, decay)


class _LinearRecurrence(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, inputs: Tensor, decay: Tensor) -> Tensor:
        """Scan from the left."""
        states = _scan(inputs, decay)
        ctx.save_for_backward(states, decay)
        return states

    @staticmethod
    def backward(ctx: Any, grad_states: Tensor) -> tuple[Tensor, Tensor]:
        """Scan from the right with the conjugate decay."""
        states, decay = ctx.saved_tensors
        grad_inputs = _scan(grad_states.flip(1), decay.conj()).flip(1)
        grad_decay = (grad_inputs[:, 1:] * states[:, :-1].conj()).sum((0, 1))
        return grad_inputs, grad_decay


def _scan(inputs: Complex[Tensor, "B L S"], decay: Complex[Tensor, "S"]) -> Complex[Tensor, "B L S"]:
    states, powers, block = inputs.clone(), decay.unsqueeze(0), 1
    length = states.shape[1]
    while block < length:
        whole = length // (2 * block) * 2 * block
        pairs = states[:, :whole].unflatten(1, (-1, 2, block))
        pairs[:, :, 1].addcmul_(powers, pairs[:, :, 0, -1:])
        rest = states[:, whole + block :]  # what stands after the last whole pair, beyond one block
        if rest.shape[1]:
            rest.addcmul_(powers[: rest.shape[1]], states[:, whole + block - 1 : whole + block])
        powers, block = torch.cat([powers, powers * powers[-1]]), 2 * block
    return states
