"""What private steps cost: the noise that a budget asks for, and what is spent of it.

The composition of subsampled Gaussian steps is computed numerically from privacy random variables (Gopi et al. 2021,
arXiv:2106.02848), as Opacus does it.
"""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType

from seqmine.structs import UserError

Step = tuple[float, float, int]
"""Noise multiplier, sampling rate, and how many steps were taken with them."""


@dataclass
class Budget:
    """A promise that one user changes what comes out by a factor of ``exp(epsilon)`` at most, but for ``delta``.

    Args:
        epsilon: that may be spent.
        delta: chance that the promise does not hold.
        spent: steps taken so far.
    """

    epsilon: float
    delta: float
    spent: list[Step] = field(default_factory=list)

    def noise_for(self, sample_rate: float, num_steps: int) -> float:
        """Return the noise multiplier with which so many steps just keep to the budget.

        Args:
            sample_rate: chance of a user to be in a batch.
            num_steps: of the optimizer.
        """
        return _noise_for(self.epsilon, self.delta, sample_rate, num_steps)

    def take(self, noise_multiplier: float, sample_rate: float) -> None:
        """Count one step."""
        if self.spent and self.spent[-1][:2] == (noise_multiplier, sample_rate):
            self.spent[-1] = (noise_multiplier, sample_rate, self.spent[-1][2] + 1)
        else:
            self.spent.append((noise_multiplier, sample_rate, 1))

    @property
    def num_steps(self) -> int:
        """Steps taken so far."""
        return sum(steps for *_, steps in self.spent)

    @property
    def epsilon_spent(self) -> float:
        """What the steps so far cost at ``delta``."""
        return epsilon_of(self.spent, self.delta)

    def steps_left(self, noise_multiplier: float, sample_rate: float, most: int) -> int:
        """Return how many more steps the budget pays, up to ``most``.

        Args:
            noise_multiplier: of these steps.
            sample_rate: of these steps.
            most: steps that are wanted.
        """
        low, high = 0, most
        if self._pays(noise_multiplier, sample_rate, most):
            return most
        while low < high:
            middle = (low + high + 1) // 2
            if self._pays(noise_multiplier, sample_rate, middle):
                low = middle
            else:
                high = middle - 1
        return low

    def _pays(self, noise_multiplier: float, sample_rate: float, num_steps: int) -> bool:
        return epsilon_of([*self.spent, (noise_multiplier, sample_rate, num_steps)], self.delta) <= self.epsilon


def epsilon_of(steps: Sequence[Step], delta: float) -> float:
    """Return what steps cost together.

    Args:
        steps: taken.
        delta: chance that the promise does not hold.
    """
    if not steps:
        return 0.0
    if any(noise == 0 for noise, *_ in steps):
        return math.inf
    return _epsilon_of(_together(steps), delta)


@cache
def _epsilon_of(steps: tuple[Step, ...], delta: float) -> float:
    accountant = _opacus().PRVAccountant()
    accountant.history = list(steps)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of logarithms of 0 where everybody is in a step, which it leaves out
        return float(accountant.get_epsilon(delta))


@cache
def _noise_for(epsilon: float, delta: float, sample_rate: float, num_steps: int) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the bounds that it searches between
        noise = _opacus().get_noise_multiplier(
            target_epsilon=epsilon, target_delta=delta, sample_rate=sample_rate, steps=num_steps, accountant="prv"
        )
    return float(noise)


def _together(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Add up steps of one kind: the accountant convolves each entry anew."""
    counts: dict[tuple[float, float], int] = {}
    for noise, rate, count in steps:
        counts[noise, rate] = counts.get((noise, rate), 0) + count
    return tuple((noise, rate, count) for (noise, rate), count in counts.items() if count)


@cache
def _opacus() -> ModuleType:
    try:
        from opacus import accountants
        from opacus.accountants import utils
    except ImportError as error:
        raise UserError(
            "privacy is dp_sgd, whose accountant is of opacus, which is not installed; "
            "run pip install 'seqmine[privacy]' or set privacy=none"
        ) from error
    namespace = ModuleType("opacus_accountants")
    namespace.__dict__.update(PRVAccountant=accountants.PRVAccountant, get_noise_multiplier=utils.get_noise_multiplier)
    return namespace
