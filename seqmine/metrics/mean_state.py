"""The state of a metric that is a mean: a float64 sum and an integer count, added up over devices."""

import torch
from jaxtyping import Float
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities.distributed import gather_all_tensors


def add_mean_state(metric: Metric) -> None:
    """Give a metric the states ``total`` and ``count``."""
    metric.add_state("total", torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")
    metric.add_state("count", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")


def accumulate(metric: Metric, values: Tensor) -> None:
    """Add values to the mean."""
    # A model moved to half precision takes its metrics along; the sum must not lose digits.
    metric.total = metric.total.double() + values.sum(dtype=torch.float64)
    metric.count = metric.count + values.numel()


def mean_of(metric: Metric) -> Float[Tensor, ""]:
    """Return the mean, NaN when nothing was added."""
    return metric.total.double() / metric.count


def added_over_devices(sums: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Return sums of this process, added up over all processes of a distributed run; the same numbers on each."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        parts = gather_all_tensors(sums)
        return torch.stack(parts).sum(0)
    return sums
