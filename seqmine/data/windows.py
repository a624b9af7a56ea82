"""Which stretches of a history become training sequences."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import PositiveInt
from seqmine.structs.log import segment_positions


@dataclass(frozen=True)
class Windows:
    """Stretches of events, as positions in the flat arrays of a log.

    Args:
        users: (W,) int64 user of each window.
        starts: (W,) int64 first event.
        stops: (W,) int64 one past the last event.
        first_targets: (W,) int64 first event that is to be predicted; the ones before it are context alone.
    """

    users: NDArray[np.int64]
    starts: NDArray[np.int64]
    stops: NDArray[np.int64]
    first_targets: NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of windows W."""
        return len(self.users)


def count_targets(windows: Windows, items: NDArray[np.int32], num_rows: int) -> NDArray[np.int64]:
    """Count how often the windows of an epoch ask for each item.

    >>> one = np.array([0])
    >>> count_targets(Windows(one, one, one + 3, one + 1), np.array([1, 2, 2], np.int32), 4).tolist()
    [0, 0, 2, 0]
    """
    borders = (np.bincount(places, minlength=len(items) + 1) for places in (windows.first_targets, windows.stops))
    first, stop = borders
    times = np.cumsum(first - stop)[:-1]
    return np.bincount(items, weights=times, minlength=num_rows).astype(np.int64)


@runtime_checkable
class WindowChoice(Protocol):
    """Chooses the windows of an epoch."""

    def choose(
        self,
        offsets: NDArray[np.int64],
        train_stops: NDArray[np.int64],
        max_length: int,
        generator: np.random.Generator,
    ) -> Windows:
        """Return windows of 2 to ``max_length + 1`` training events."""
        ...


class LatestWindow:
    """One window per user: the latest ``max_length + 1`` training events."""

    def choose(
        self,
        offsets: NDArray[np.int64],
        train_stops: NDArray[np.int64],
        max_length: int,
        generator: np.random.Generator,  # noqa: ARG002
    ) -> Windows:
        """Return the latest window of each user with at least two training events."""
        users = np.flatnonzero(train_stops >= 2)
        stops = offsets[users] + train_stops[users]
        starts = np.maximum(offsets[users], stops - max_length - 1)
        return Windows(users, starts, stops, starts + 1)


@bounded
class SlidingWindows:
    """Windows over the whole of a long history, so that each training event is a target exactly once per epoch.

    The borders between the windows of a user move from epoch to epoch.

    Args:
        stride: targets of each earlier window; a smaller stride gives each of them more context.
    """

    def __init__(self, *, stride: PositiveInt) -> None:
        self.stride = stride

    def choose(
        self,
        offsets: NDArray[np.int64],
        train_stops: NDArray[np.int64],
        max_length: int,
        generator: np.random.Generator,
    ) -> Windows:
        """Return the latest window of each user and the earlier ones, ``stride`` targets apart."""
        users = np.flatnonzero(train_stops >= 2)
        stride = min(self.stride, max_length)
        lengths = train_stops[users]
        # targets of the latest window; the rest of the history is cut into pieces of one stride
        latest = np.where(lengths > max_length + 1, max_length - generator.integers(0, stride, len(users)), lengths - 1)
        counts = 1 + -(-np.maximum(0, lengths - 1 - latest) // stride)
        rows = np.repeat(np.arange(len(users)), counts)
        steps = segment_positions(np.zeros_like(counts), counts)
        ends = np.where(steps > 0, lengths[rows] - latest[rows] - (steps - 1) * stride, lengths[rows])
        targets = np.where(steps > 0, stride, latest[rows])
        base = offsets[users][rows]
        return Windows(
            users=users[rows],
            starts=base + np.maximum(0, ends - max_length - 1),
            stops=base + ends,
            first_targets=base + np.maximum(1, ends - targets),
        )


class PrefixWindows:
    """Each training event with all that came before it, as a sequence with one target.

    The sum of the losses is that of training all positions of a history at once, and costs more; but each target has
    dropout of its own and stands in a batch of other users, which short histories gain from (prefix augmentation, Tan
    et al. 2016, arXiv:1606.08117).
    """

    def choose(
        self,
        offsets: NDArray[np.int64],
        train_stops: NDArray[np.int64],
        max_length: int,
        generator: np.random.Generator,  # noqa: ARG002
    ) -> Windows:
        """Return one window for each training event but the first of each user."""
        counts = np.maximum(train_stops - 1, 0)
        users = np.repeat(np.arange(len(counts)), counts)
        first = offsets[users]
        targets = first + 1 + segment_positions(np.zeros_like(counts), counts)
        return Windows(
            users=users, starts=np.maximum(first, targets - max_length), stops=targets + 1, first_targets=targets
        )
