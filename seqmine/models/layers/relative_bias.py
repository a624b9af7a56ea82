"""A bias of attention scores by distance in positions and in time."""

from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from seqmine.structs import SequenceBatch
from seqmine.structs.bounds import PositiveInt

_BUCKETS_PER_E_FOLD = 1 / 0.301  # the step of the published bucketing of time gaps


class PositionTimeBias(nn.Module):
    """Learned bias for each distance in positions and each bucket of time between two events (HSTU, arXiv:2402.17152).

    The published bias counts time up to the event to predict, which is unknown when a recommendation is asked for
    ahead; here it counts up to the event of the query. Without timestamps every gap falls into the first bucket.

    Args:
        max_length: longest history; distances beyond share the last bias.
        num_time_buckets: gaps longer than ``exp(0.301 * num_time_buckets)`` seconds share the last bias.
    """

    columns: ClassVar[tuple[str, ...]] = ("timestamps",)

    def __init__(self, *, max_length: int, num_time_buckets: int) -> None:
        super().__init__()
        self.position_bias = nn.Parameter(torch.randn(max_length) * 0.02)
        self.time_bias = nn.Parameter(torch.randn(num_time_buckets + 1) * 0.02)

    def forward(self, batch: SequenceBatch) -> Float[Tensor, "B L L"]:
        """Return the bias of each pair of query (second axis) and key (last axis)."""
        positions = torch.arange(batch.items.shape[1], device=batch.items.device)
        distance = (positions.unsqueeze(1) - positions).clamp(0, len(self.position_bias) - 1)
        times = torch.zeros_like(batch.items) if batch.timestamps is None else batch.timestamps
        gaps = times.unsqueeze(2) - times.unsqueeze(1)
        return self.position_bias[distance] + self.time_bias[time_bucket(gaps, len(self.time_bias))]


class TimeGapBias(nn.Module):
    """Learned bias of each head for each distance in positions and each bucket of time between two events.

    TiSASRec (Li et al. 2020, doi:10.1145/3336191.3371786) clips gaps in units of the shortest one of a user; here they
    are bucketed on a log scale, as in HSTU, so that seconds and months both tell. The bias starts at zero. Without
    timestamps every gap falls into the first bucket.

    Args:
        num_heads: heads H of the attention.
        max_distance: distances from here on share one bias.
        num_time_buckets: gaps longer than ``exp(0.301 * num_time_buckets)`` seconds share the last bias.
    """

    columns: ClassVar[tuple[str, ...]] = ("timestamps",)

    def __init__(self, *, num_heads: PositiveInt, max_distance: PositiveInt, num_time_buckets: PositiveInt) -> None:
        super().__init__()
        self.distance_bias = nn.Parameter(torch.zeros(num_heads, max_distance + 1))
        self.time_bias = nn.Parameter(torch.zeros(num_heads, num_time_buckets + 1))

    def forward(self, batch: SequenceBatch) -> Float[Tensor, "B H L L"]:
        """Return the bias of each head and pair of query (third axis) and key (last axis)."""
        positions = torch.arange(batch.items.shape[1], device=batch.items.device)
        distance = (positions.unsqueeze(1) - positions).clamp(0, self.distance_bias.shape[1] - 1)
        times = torch.zeros_like(batch.items) if batch.timestamps is None else batch.timestamps
        buckets = time_bucket(times.unsqueeze(2) - times.unsqueeze(1), self.time_bias.shape[1])
        return self.distance_bias[:, distance] + self.time_bias[:, buckets].transpose(0, 1)


def time_bucket(gaps: Int[Tensor, "*shape"], num_buckets: int) -> Int[Tensor, "*shape"]:
    """Return the bucket, on a log scale, of each gap in seconds.

    >>> time_bucket(torch.tensor([0, 1, 60, 86_400, -60]), 20).tolist()
    [0, 0, 13, 19, 13]
    """
    scaled = gaps.abs().clamp(min=1).float().log() * _BUCKETS_PER_E_FOLD
    return scaled.long().clamp(max=num_buckets - 1)
