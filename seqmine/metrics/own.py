"""Metrics of a user's own: functions of ranks or lists, and whatever torchmetrics has."""

from collections.abc import Callable, Mapping
from copy import deepcopy

from jaxtyping import Float
from torch import Tensor
from torchmetrics import Metric

from seqmine.metrics.mean_state import accumulate, add_mean_state, mean_of

Measure = Callable[[Tensor], Tensor]
"""From ranks (B) or lists (B, K) to a number for each row."""


class MeanOf(Metric):
    """The mean of what a function says of each user.

    Args:
        measure: from ranks or lists to a number for each row.
    """

    def __init__(self, measure: Measure) -> None:
        super().__init__()
        self.measure = measure
        add_mean_state(self)

    def update(self, values: Tensor) -> None:
        """Add ranks or lists of some users."""
        accumulate(self, self.measure(values))

    def compute(self) -> Float[Tensor, ""]:
        """Return the mean over all users."""
        return mean_of(self)


def own_metrics(given: Mapping[str, Measure | Metric]) -> dict[str, Metric]:
    """Return metrics with states of their own.

    Args:
        given: by name functions, of which the mean is told, or metrics.
    """
    return {name: deepcopy(one) if isinstance(one, Metric) else MeanOf(one) for name, one in given.items()}
