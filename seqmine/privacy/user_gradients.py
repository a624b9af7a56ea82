"""The gradient of a batch with each user's part bounded, and noise on the sum (DP-SGD, Abadi et al. 2016).

One user is one sample: each has a pass of its own through the model, whose gradient is then exact by construction, for
tables that are used twice (item vectors and scores), recurrent cells and losses in tiles alike; hooks that take
gradients apart per sample are wrong for the first and refuse the second. It needs memory for one user at a time.
"""

from collections.abc import Callable, Iterable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from seqmine.structs import SequenceBatch

Loss = Callable[[SequenceBatch], Tensor]


def user_gradient(
    loss: Loss, parameters: Sequence[nn.Parameter], user: SequenceBatch
) -> tuple[Float[Tensor, ""], list[Tensor]]:
    """Return norm and gradient of one user.

    Args:
        loss: of a batch, to be made small.
        parameters: that are trained.
        user: a batch of one row.
    """
    gradients = list(torch.autograd.grad(loss(user), parameters, allow_unused=True, materialize_grads=True))
    return torch.stack(torch._foreach_norm(gradients)).norm(), gradients


def clipped_sum(
    loss: Loss, parameters: Sequence[nn.Parameter], users: Iterable[SequenceBatch], max_grad_norm: float
) -> tuple[list[Tensor], list[float]]:
    """Return the sum of the users' gradients, none longer than ``max_grad_norm``, and their lengths before that.

    Args:
        loss: of a batch, to be made small.
        parameters: that are trained.
        users: batches of one row.
        max_grad_norm: most that one user adds, over all parameters together.
    """
    total = [torch.zeros_like(parameter) for parameter in parameters]
    norms = []
    for user in users:
        norm, gradients = user_gradient(loss, parameters, user)
        norms.append(float(norm))
        scale = min(1.0, max_grad_norm / norms[-1]) if norms[-1] > 0 else 1.0
        torch._foreach_add_(total, gradients, alpha=scale)
    return total, norms


def add_noise(total: Sequence[Tensor], scale: float, generator: torch.Generator) -> None:
    """Add normal noise to each number, in place.

    Args:
        total: a sum over users.
        scale: standard deviation.
        generator: draws the noise.
    """
    for tensor in total:
        noise = torch.empty_like(tensor)
        tensor.add_(noise.normal_(0.0, scale, generator=generator) if scale > 0 else noise.zero_())
