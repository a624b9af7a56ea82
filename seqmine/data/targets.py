"""Events to predict, and the parts of a log: an event is named by its position in the history of its user, from 0."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from seqmine.structs.log import segment_positions


@dataclass(frozen=True)
class Targets:
    """Events to predict: the input of each is everything its user did before.

    Args:
        users: (T,) int64 user of each target.
        positions: (T,) int64 position of each target in the history of its user.
        left_out: (T,) int64 earlier events of its user that the histories do not hold; None where they hold all.
        times: (T,) int64 when each target happened, in seconds since 1970; None for a log without time.
        inputs: (T,) int64 number of events in the input of each target, where the targets of a horizon, which stand one
            behind the other, share an input; None where each target has an input of its own.
        known: (T,) int64 number of events that are known before each target, where that is not all before it: what
            happened at its own moment is not; None where it is all.
    """

    users: NDArray[np.int64]
    positions: NDArray[np.int64]
    left_out: NDArray[np.int64] | None = None
    times: NDArray[np.int64] | None = None
    inputs: NDArray[np.int64] | None = None
    known: NDArray[np.int64] | None = None

    @property
    def input_stops(self) -> NDArray[np.int64]:
        """(T,) number of events in the input of each target."""
        if self.inputs is not None:
            return self.inputs
        return self.positions if self.known is None else self.known

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """(Q,) the first target of each input, since the targets of one stand together."""
        if self.inputs is None:
            return np.arange(len(self))
        return np.flatnonzero(np.diff(self.users, prepend=-1) != 0)

    @cached_property
    def asked(self) -> NDArray[np.int64]:
        """(Q,) the first target of each different input: what is asked about, once."""
        if self.inputs is not None or self.known is None:
            return self.starts
        return np.flatnonzero((np.diff(self.users, prepend=-1) != 0) | (np.diff(self.known, prepend=-1) != 0))

    def firsts(self) -> "Targets":
        """Return the first target of each different input."""
        if self.inputs is None and len(self.asked) == len(self):
            return self
        return replace(self.take(self.asked), inputs=None)

    @property
    def places(self) -> NDArray[np.int64]:
        """(T,) position among all events of its user: with the user it names a target, whatever histories hold.

        >>> Targets(np.array([0, 0]), np.array([3, 3]), left_out=np.array([0, 1])).places.tolist()
        [3, 4]
        """
        return self.positions if self.left_out is None else self.positions + self.left_out

    def times_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return when some of the targets of a log with times happened."""
        assert self.times is not None
        return self.times[rows]

    def take(self, rows: NDArray[np.int64]) -> "Targets":
        """Return some of the targets, in the given order."""
        left_out = None if self.left_out is None else self.left_out[rows]
        times = None if self.times is None else self.times[rows]
        inputs = None if self.inputs is None else self.inputs[rows]
        known = None if self.known is None else self.known[rows]
        return Targets(self.users[rows], self.positions[rows], left_out, times, inputs, known)

    def __len__(self) -> int:
        """Return the number of targets T."""
        return len(self.users)


@dataclass(frozen=True)
class Split:
    """The parts of a log.

    Args:
        train_stops: (U,) int64, the first so many events of each user are for training.
        val: targets that choose settings and checkpoints.
        test: targets that are looked at once.
    """

    train_stops: NDArray[np.int64]
    val: Targets
    test: Targets


def between(users: NDArray[np.int64], starts: NDArray[np.int64], stops: NDArray[np.int64]) -> Targets:
    """Return the events of some users between two positions as targets of one input each, which ends at the first."""
    counts = (stops - starts)[users]
    return Targets(
        np.repeat(users, counts),
        segment_positions(starts[users], counts),
        inputs=np.repeat(starts[users], counts),
    )
