"""A budget in concentrated differential privacy (Bun and Steinke 2016, arXiv:1605.02065), whose parts add up."""

import math
from dataclasses import dataclass

from seqmine.structs import UserError
from seqmine.structs.bounds import PositiveFloat


@dataclass(frozen=True)
class ConcentratedBudget:
    """A promise that one user changes what comes out by a factor of ``exp(epsilon)`` at most, but for ``delta``.

    Args:
        epsilon: that is spent.
        delta: chance that the promise does not hold.

    Raises:
        UserError: a number that is out of range.
    """

    epsilon: PositiveFloat
    delta: PositiveFloat

    def __post_init__(self) -> None:
        if not self.epsilon > 0:
            raise UserError(f"`epsilon` is {self.epsilon}, allowed are numbers above 0; change `epsilon`")
        if not 0 < self.delta < 1:
            raise UserError(f"`delta` is {self.delta}, allowed are numbers above 0 and below 1; change `delta`")

    @property
    def rho(self) -> float:
        """The largest rho for which ``rho + 2 sqrt(rho log(1 / delta))`` is ``epsilon`` (Proposition 1.3 there).

        >>> round(ConcentratedBudget(epsilon=1.0, delta=1e-6).rho, 4)
        0.0175
        """
        log = -math.log(self.delta)
        return (math.sqrt(log + self.epsilon) - math.sqrt(log)) ** 2
