"""Learning-rate schedules as functions of the share of steps done."""

import math

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from seqmine.structs.bounds import NonNegativeInt, Share


def constant(optimizer: Optimizer, total_steps: int, *, warmup_steps: NonNegativeInt = 0) -> LambdaLR:
    """Rise linearly for ``warmup_steps``, then stay.

    Args:
        optimizer: whose learning rates are scaled.
        total_steps: steps of the whole training.
        warmup_steps: steps of the rise; at most ``total_steps``.
    """
    rise = min(warmup_steps, max(total_steps, 1))
    return LambdaLR(optimizer, lambda step: min(1.0, (step + 1) / (rise + 1)))


def cosine(
    optimizer: Optimizer, total_steps: int, *, warmup_steps: NonNegativeInt = 0, final_share: Share = 0.0
) -> LambdaLR:
    """Rise linearly, then fall along half a cosine (Loshchilov & Hutter 2017, arXiv:1608.03983).

    Args:
        optimizer: whose learning rates are scaled.
        total_steps: steps of the whole training.
        warmup_steps: steps of the rise.
        final_share: share of the learning rate that is left at the end.
    """
    return LambdaLR(optimizer, lambda step: cosine_share(step, max(total_steps, 1), warmup_steps, final_share))


def cosine_share(step: int, total_steps: int, warmup_steps: int, final_share: float) -> float:
    """Return the share of the learning rate at a step.

    >>> [round(cosine_share(step, 12, 2, 0.1), 2) for step in (0, 1, 2, 7, 12)]
    [0.33, 0.67, 1.0, 0.55, 0.1]
    """
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    done = min(1.0, (step - warmup_steps) / max(1, total_steps - warmup_steps))
    return final_share + (1.0 - final_share) * 0.5 * (1.0 + math.cos(math.pi * done))
