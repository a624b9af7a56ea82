"""Which events train a model, and which it is asked to predict.

A split looks at how many events each user has and when they happened, never at what they are. Events are named by their
position in the history of their user, counted from 0.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from seqmine.data.horizon import Horizon
from seqmine.structs import InteractionLog, UserError
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
            behind the other, share an input; None where the input of a target is all before it.
    """

    users: NDArray[np.int64]
    positions: NDArray[np.int64]
    left_out: NDArray[np.int64] | None = None
    times: NDArray[np.int64] | None = None
    inputs: NDArray[np.int64] | None = None

    @property
    def input_stops(self) -> NDArray[np.int64]:
        """(T,) number of events in the input of each target."""
        return self.positions if self.inputs is None else self.inputs

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """(Q,) the first target of each input, since the targets of one stand together."""
        if self.inputs is None:
            return np.arange(len(self))
        return np.flatnonzero(np.diff(self.users, prepend=-1) != 0)

    def firsts(self) -> "Targets":
        """Return the first target of each input: what is asked about, once."""
        return self if self.inputs is None else replace(self.take(self.starts), inputs=None)

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
        return Targets(self.users[rows], self.positions[rows], left_out, times, inputs)

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


class Splitter(ABC):
    """Divides a log into training events and targets; a split of your own needs only ``split``."""

    keeps_users_apart: ClassVar[bool] = False
    """Whether it promises that nobody is in two parts; the leak detector checks what is promised."""
    divides_by_time: ClassVar[bool] = False
    """Whether it promises that all of training is older than any target, and validation older than test."""

    @abstractmethod
    def split(self, log: InteractionLog) -> Split:
        """Return the parts of ``log``."""

    def split_horizon(self, log: InteractionLog, horizon: Horizon) -> Split:  # noqa: ARG002
        """Return the parts of ``log`` where the targets of a user are all events of one horizon, with one input.

        Raises:
            UserError: the split knows no horizon.
        """
        raise UserError(
            f"horizon is {horizon}, which the split {type(self).__name__} has no targets for; choose "
            "data/split=leave_one_out, global_time or user_holdout"
        )

    def edges(self, log: InteractionLog) -> tuple[int, int] | None:  # noqa: ARG002
        """Return when validation and test begin, in seconds since 1970; None where each user has an edge of its own."""
        return None


class LeaveOneOut(Splitter):
    """Test on the last event of each user, validate on the last but one, train on the rest.

    Users with fewer than three events only train, as in the published files.
    """

    def split(self, log: InteractionLog) -> Split:
        """Return the parts of ``log``."""
        lengths = log.lengths
        users = np.flatnonzero(lengths >= 3)
        stops = np.where(lengths >= 3, lengths - 2, lengths)
        return Split(stops, Targets(users, lengths[users] - 2), Targets(users, lengths[users] - 1))

    def split_horizon(self, log: InteractionLog, horizon: Horizon) -> Split:
        """Test on the last horizon of each user, validate on the one before it, train on what comes before both."""
        lengths = log.lengths
        test = horizon.last_starts(log, lengths)
        val = horizon.last_starts(log, test)
        users = np.flatnonzero(val >= 1)
        stops = np.where(val >= 1, val, lengths)
        return Split(stops, _between(users, val, test), _between(users, test, lengths))


class LeaveLastK(Splitter):
    """Test on the last ``k`` events of each user, validate on the ``k`` before, train on the rest.

    Args:
        k: events a user in each of test and validation; users with no event left to train on only train.
    """

    def __init__(self, *, k: int) -> None:
        if k < 1:
            raise UserError(f"k is {k}, allowed are whole numbers from 1")
        self.k = k

    def split(self, log: InteractionLog) -> Split:
        """Return the parts of ``log``."""
        lengths = log.lengths
        users = np.flatnonzero(lengths >= 2 * self.k + 1)
        stops = np.where(lengths >= 2 * self.k + 1, lengths - 2 * self.k, lengths)
        rows, steps = np.repeat(users, self.k), np.tile(np.arange(self.k), len(users))
        test = lengths[rows] - self.k + steps
        return Split(stops, Targets(rows, test - self.k), Targets(rows, test))


class GlobalTime(Splitter):
    """Train before one moment, validate until the next, test after it: as a shop would live it.

    The moments are quantiles of all timestamps. The target of a part is the first event of each user in it, so a user
    counts once; the events of users who come later are not known to training.

    Args:
        val_share: share of all events in the validation window.
        test_share: share of all events in the test window.
    """

    divides_by_time = True

    def __init__(self, *, val_share: float = 0.1, test_share: float = 0.1) -> None:
        if not (val_share > 0 and test_share > 0 and val_share + test_share < 1):
            raise UserError(
                f"val_share is {val_share} and test_share {test_share}, allowed are shares above 0 that are "
                "together below 1"
            )
        self.val_share, self.test_share = val_share, test_share

    def split(self, log: InteractionLog) -> Split:
        """Return the parts of ``log``."""
        val_edge, test_edge = self.edges(log)
        before_val = count_before(log, val_edge)
        before_test = count_before(log, test_edge)
        lengths = log.lengths
        val = np.flatnonzero((before_test > before_val) & (before_val > 0))
        test = np.flatnonzero((lengths > before_test) & (before_test > 0))
        return Split(before_val, Targets(val, before_val[val]), Targets(test, before_test[test]))

    def split_horizon(self, log: InteractionLog, horizon: Horizon) -> Split:
        """Predict what each user does in the horizon that begins with a part, and for validation ends before test.

        A horizon in time begins with the part, one of events with the first event of the user in it.
        """
        val_edge, test_edge = self.edges(log)
        before_val, before_test = count_before(log, val_edge), count_before(log, test_edge)
        val = _upto(log, horizon, val_edge, before_val, before_test)
        test = _upto(log, horizon, test_edge, before_test, log.lengths)
        users = [
            np.flatnonzero((stop > start) & (start > 0)) for start, stop in ((before_val, val), (before_test, test))
        ]
        return Split(before_val, _between(users[0], before_val, val), _between(users[1], before_test, test))

    def edges(self, log: InteractionLog) -> tuple[int, int]:
        """Return the first moment of validation and of test."""
        if log.timestamps is None:
            raise UserError(
                "the log has no timestamps, which `split`=global_time needs; name their column in "
                "data.columns.timestamp, or change data/split"
            )
        ordered = np.sort(log.timestamps)
        count = len(ordered)
        val_row = min(int(count * (1 - self.val_share - self.test_share)), count - 1)
        test_row = min(int(count * (1 - self.test_share)), count - 1)
        return int(ordered[val_row]), int(ordered[test_row])


class UserHoldout(Splitter):
    """Train on some users, validate and test on others: can the model serve people it never met?

    The target of a held-out user is the last event; everything before it is input.

    Args:
        val_share: share of users for validation.
        test_share: share of users for test.
        seed: decides which users are held out.
    """

    keeps_users_apart = True

    def __init__(self, *, val_share: float = 0.1, test_share: float = 0.1, seed: int) -> None:
        if not (val_share > 0 and test_share > 0 and val_share + test_share < 1):
            raise UserError(
                f"val_share is {val_share} and test_share {test_share}, allowed are shares above 0 that are "
                "together below 1"
            )
        self.val_share, self.test_share, self.seed = val_share, test_share, seed

    def split(self, log: InteractionLog) -> Split:
        """Return the parts of ``log``."""
        lengths = log.lengths
        order = np.random.default_rng(self.seed).permutation(log.num_users)
        num_test, num_val = round(self.test_share * len(order)), round(self.val_share * len(order))
        test, val = np.sort(order[:num_test]), np.sort(order[num_test : num_test + num_val])
        stops = lengths.copy()
        stops[test] = stops[val] = 0
        test, val = test[lengths[test] >= 2], val[lengths[val] >= 2]
        return Split(stops, Targets(val, lengths[val] - 1), Targets(test, lengths[test] - 1))

    def split_horizon(self, log: InteractionLog, horizon: Horizon) -> Split:
        """Predict the last horizon of each held-out user who has something before it."""
        parts, starts = self.split(log), horizon.last_starts(log, log.lengths)
        val, test = (part.users[starts[part.users] >= 1] for part in (parts.val, parts.test))
        return Split(parts.train_stops, _between(val, starts, log.lengths), _between(test, starts, log.lengths))


def _between(users: NDArray[np.int64], starts: NDArray[np.int64], stops: NDArray[np.int64]) -> Targets:
    """Return the events of some users between two positions as targets of one input each, which ends at the first."""
    counts = (stops - starts)[users]
    return Targets(
        np.repeat(users, counts),
        segment_positions(starts[users], counts),
        inputs=np.repeat(starts[users], counts),
    )


def _upto(
    log: InteractionLog,
    horizon: Horizon,
    edge: int,
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return one past the last position of the horizon of each user from a moment on, at most ``stops``."""
    if horizon.seconds is not None:
        return np.minimum(count_before(log, edge + horizon.seconds), stops)
    assert horizon.events is not None
    return np.minimum(starts + horizon.events, stops)


def count_before(log: InteractionLog, edge: int) -> NDArray[np.int64]:
    """Count the events of each user before a moment; events of a user are in order of time."""
    assert log.timestamps is not None
    return log.count(log.timestamps < edge)
