"""When events happened as vectors: the gap to the event before, hour and weekday, place in the session.

All is computed from the times of the events so far; the first event of an input has no event before it.
"""

from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from seqmine.models.embeddings.context import look_up, require_column, scaled_table
from seqmine.models.layers.relative_bias import time_bucket
from seqmine.structs import Catalog, SequenceBatch, UserError
from seqmine.structs.bounds import AtLeastTwo, PositiveInt

_HOUR = 3600
_MONDAY_OFFSET = 3  # the first day of 1970 was a Thursday


class TimeGapEmbedding(nn.Module):
    """One vector a bucket, on a log scale, of the seconds since the event before.

    Args:
        embedding_dim: size D of the vectors.
        num_buckets: gaps longer than ``exp(0.301 * num_buckets)`` seconds share the last vector.
        catalog: without effect.
    """

    columns: ClassVar[tuple[str, ...]] = ("timestamps",)

    def __init__(self, *, embedding_dim: PositiveInt, num_buckets: PositiveInt, catalog: Catalog) -> None:  # noqa: ARG002
        super().__init__()
        self.num_buckets = num_buckets
        self.table = scaled_table(num_buckets, embedding_dim)

    def forward(self, batch: SequenceBatch) -> Float[Tensor, "B L D"]:
        """Return the vector of the gap before each event; that of the first is zero."""
        gaps = gaps_before(times_of(batch))
        buckets = torch.where(gaps < 0, 0, 1 + time_bucket(gaps, self.num_buckets))
        return look_up(self.table, buckets)


class CalendarEmbedding(nn.Module):
    """One vector an hour of the day and one a day of the week.

    Args:
        embedding_dim: size D of the vectors.
        utc_offset: hours that local time is ahead of UTC, for example -5.
        catalog: without effect.
    """

    columns: ClassVar[tuple[str, ...]] = ("timestamps",)

    def __init__(self, *, embedding_dim: PositiveInt, utc_offset: float, catalog: Catalog) -> None:  # noqa: ARG002
        super().__init__()
        self.utc_offset = utc_offset
        self.hours, self.weekdays = scaled_table(24, embedding_dim), scaled_table(7, embedding_dim)

    def forward(self, batch: SequenceBatch) -> Float[Tensor, "B L D"]:
        """Return the vector of the hour and the weekday of each event."""
        hour, weekday = hour_and_weekday(times_of(batch) + round(self.utc_offset * _HOUR))
        return look_up(self.hours, hour + 1) + look_up(self.weekdays, weekday + 1)


class SessionEmbedding(nn.Module):
    """One vector a place in the session: the border of a session is its first place.

    Args:
        embedding_dim: size D of the vectors.
        minutes: a longer pause begins a new session, above 0.
        num_places: events further into a session share the last vector, at least 2.
        catalog: without effect.

    Raises:
        UserError: a setting that allows no border.
    """

    columns: ClassVar[tuple[str, ...]] = ("timestamps",)

    def __init__(
        self,
        *,
        embedding_dim: PositiveInt,
        minutes: PositiveInt,
        num_places: AtLeastTwo,
        catalog: Catalog,  # noqa: ARG002
    ) -> None:
        super().__init__()
        if minutes < 1 or num_places < 2:
            raise UserError(
                f"minutes is {minutes} and num_places {num_places}, allowed are whole numbers from 1 and from 2"
            )
        self.minutes = minutes
        self.table = scaled_table(num_places, embedding_dim)

    def forward(self, batch: SequenceBatch) -> Float[Tensor, "B L D"]:
        """Return the vector of the place of each event in its session."""
        places = places_in_session(times_of(batch), self.minutes * 60)
        return look_up(self.table, 1 + places.clamp(max=self.table.num_embeddings - 2))


def times_of(batch: SequenceBatch) -> Int[Tensor, "B L"]:
    """Return the seconds since 1970 of each event.

    Raises:
        UserError: the log has no times.
    """
    return require_column(batch.timestamps, "time", "`source.timestamp`")


def gaps_before(times: Int[Tensor, "B L"]) -> Int[Tensor, "B L"]:
    """Return the seconds since the event before, -1 for the first; what stands under padding means nothing.

    >>> gaps_before(torch.tensor([[5, 5, 65]])).tolist()
    [[-1, 0, 60]]
    """
    return torch.nn.functional.pad(times.diff(dim=1), (1, 0), value=-1)


def hour_and_weekday(times: Int[Tensor, "B L"]) -> tuple[Int[Tensor, "B L"], Int[Tensor, "B L"]]:
    """Return the hour (0 to 23) and the weekday (0 is Monday) of each time.

    >>> [part.tolist() for part in hour_and_weekday(torch.tensor([[0, 4 * 86_400 + 3600]]))]
    [[[0, 1]], [[3, 0]]]
    """
    hours = torch.div(times, _HOUR, rounding_mode="floor")
    days = torch.div(hours, 24, rounding_mode="floor")
    return hours % 24, (days + _MONDAY_OFFSET) % 7


def places_in_session(times: Int[Tensor, "B L"], gap_seconds: int) -> Int[Tensor, "B L"]:
    """Return how many events of its session precede each event.

    >>> places_in_session(torch.tensor([[0, 10, 5000, 5001]]), gap_seconds=1800).tolist()
    [[0, 1, 0, 1]]
    """
    gaps = gaps_before(times)
    steps = torch.arange(times.shape[1], device=times.device).expand_as(times)
    starts = torch.where((gaps < 0) | (gaps > gap_seconds), steps, 0).cummax(dim=1).values
    return steps - starts
