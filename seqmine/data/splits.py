"""Which events train a model, and which it is asked to predict.

A split looks at how many events each user has and when they happened, never at what they are. Events are named by their
position in the history of their user, counted from 0.
"""

from abc import ABC, abstractmethod
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from seqmine.data.horizon import Horizon
from seqmine.data.people import last_long_sessions, leave_last_two, targets_of_people
from seqmine.data.targets import Split, Targets, between
from seqmine.data.time_targets import Choice, count_before, moment, targets_of_period, upto, with_known
from seqmine.structs import InteractionLog, UserError
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import InnerShare, PositiveInt, Seed


class Splitter(ABC):
    """Divides a log into training events and targets; a split of your own needs only ``split``."""

    keeps_users_apart: ClassVar[bool] = False
    """Whether it promises that nobody is in two parts; the leak detector checks what is promised."""
    divides_by_time: ClassVar[bool] = False
    """Whether it promises that all of training and validation is older than any test target."""

    @property
    def validates_by_time(self) -> bool:
        """Whether it promises that all of training is older than any validation target too."""
        return self.divides_by_time

    @abstractmethod
    def split(self, log: InteractionLog) -> Split:
        """Return the parts of ``log``."""

    def stated(self) -> dict[str, str]:
        """Return what a reader of the numbers must know of the targets beside the name of the split."""
        return {}

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
        """Return when training ends and test begins, in seconds since 1970; None where users have their own."""
        return None

    def within(self, log: InteractionLog, edges: tuple[int, int], val: Targets, test: Targets) -> Split:
        """Return the parts of a log with given targets by the edges that the split found in some of its events."""
        return Split(count_before(log, edges[0]), val, test)


class LeaveOneOut(Splitter):
    """Test on the last event of each user, validate on the last but one, train on the rest.

    Users with fewer than three events only train, as in the published files. Where histories are sessions the targets
    are the last two events of a person that have one before them in their session, and nothing behind the first trains.
    """

    def split(self, log: InteractionLog) -> Split:
        """Return the parts of ``log``."""
        if log.people is not None:
            train_stops, val, test = leave_last_two(log)
            return Split(train_stops, Targets(*val), Targets(*test))
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
        return Split(stops, between(users, val, test), between(users, test, lengths))


@bounded
class LeaveLastK(Splitter):
    """Test on the last ``k`` events of each user, validate on the ``k`` before, train on the rest.

    Args:
        k: events a user in each of test and validation; users with no event left to train on only train.
    """

    def __init__(self, *, k: PositiveInt) -> None:
        self.k = k

    def split(self, log: InteractionLog) -> Split:
        """Return the parts of ``log``."""
        if log.people is not None:
            raise UserError(f"sessions are too short to leave {self.k} events of each; change `sessions` or `split`")
        lengths = log.lengths
        users = np.flatnonzero(lengths >= 2 * self.k + 1)
        stops = np.where(lengths >= 2 * self.k + 1, lengths - 2 * self.k, lengths)
        rows, steps = np.repeat(users, self.k), np.tile(np.arange(self.k), len(users))
        test = lengths[rows] - self.k + steps
        return Split(stops, Targets(rows, test - self.k), Targets(rows, test))


@bounded
class GlobalTime(Splitter):
    """Train before one moment, validate until the next, test after it: as a shop would live it.

    Nothing that happens at the moment of a target is in its input. The choices are those of Gusak et al., "Time to
    Split" (RecSys 2025).
    Where histories are sessions, the targets of a part are those of a person, among the events with one before them in
    their session: the ``first``, the ``last``, or all (``successive``).

    Args:
        val_share: share of all events between the two moments; share of the users with ``validation=users``.
        test_share: share of all events after the second moment.
        val_from: the first moment instead of ``val_share``: the share of the events that are before it, or a date.
        test_from: the second moment instead of ``test_share``.
        targets: which events of a user in the test period are predicted: the ``first``, the ``last``, a ``random`` one,
            ``all`` from what was known when the period began, or all one after the other (``successive``), each from
            everything before it. The targets of a validation by time are of the same kind.
        validation: by events between the two moments (``time``), by the last event of every user before the test
            period, which is not trained on (``last_train_item``), or by that of some users, who are not trained on at
            all (``users``).
        seed: draws the random targets and the users of the validation.
    """

    divides_by_time = True

    def __init__(
        self,
        *,
        val_share: InnerShare = 0.1,
        test_share: InnerShare = 0.1,
        val_from: float | str | None = None,
        test_from: float | str | None = None,
        targets: Choice = "first",
        validation: Literal["time", "last_train_item", "users"] = "time",
        seed: Seed = 1,
    ) -> None:
        if val_share + test_share >= 1:
            raise UserError(
                f"val_share is {val_share} and test_share {test_share}, allowed are shares above 0 that are "
                "together below 1"
            )
        if val_from is not None and validation != "time":
            raise UserError(f"val_from is {val_from}, but with validation={validation} training has no edge of its own")
        self.val_share, self.test_share, self.val_from, self.test_from = val_share, test_share, val_from, test_from
        self.targets, self.validation, self.seed = targets, validation, seed

    @property
    def validates_by_time(self) -> bool:
        """Whether training ends before every validation target."""
        return self.validation == "time"

    def stated(self) -> dict[str, str]:
        """Return which events of the test period are targets, and where those of the validation are from."""
        return {"targets": self.targets, "validation": self.validation}

    def split(self, log: InteractionLog) -> Split:
        """Return the parts of ``log``."""
        edges = self.edges(log)
        start, stop = (count_before(log, edge) for edge in edges)
        if log.people is not None:
            if not self.validates_by_time:
                raise UserError(f"validation is {self.validation}, but with `sessions` allowed is time")
            periods = ((start, stop), (stop, log.lengths))
            return self.within(log, edges, *(targets_of_people(log, *period, self.targets) for period in periods))
        draws = [np.random.default_rng((self.seed, part)) for part in range(2)]
        test = targets_of_period(log, stop, log.lengths, self.targets, draws[1])
        if self.validates_by_time:
            val = targets_of_period(log, start, stop, self.targets, draws[0])
        else:
            start = np.where(self._validates(log), 0, stop)
            val = targets_of_period(log, start, stop, "last", draws[0])
        return self.within(log, edges, val, test)

    def within(self, log: InteractionLog, edges: tuple[int, int], val: Targets, test: Targets) -> Split:
        """Return the parts of a log with given targets: what is known before each, and what is trained on."""
        stops, before_test = (count_before(log, edge) for edge in edges)
        if val.inputs is not None:
            return Split(stops, val, test)
        val = with_known(log, val, stops if self.targets == "all" and self.validates_by_time else None)
        test = with_known(log, test, before_test if self.targets == "all" else None)
        stops[val.users] = np.minimum(stops[val.users], val.input_stops)
        if self.validation == "users":
            stops[self._validates(log)] = 0
        return Split(stops, val, test)

    def split_horizon(self, log: InteractionLog, horizon: Horizon) -> Split:
        """Predict what each user does in the horizon that begins with a part, and for validation ends before test.

        A horizon in time begins with the part, one of events with the first event of the user in it.
        """
        if self.targets != "first" or not self.validates_by_time:
            raise UserError(
                f"horizon is {horizon}, which begins with a part, but targets={self.targets} and "
                f"validation={self.validation}; set data.horizon=null, or `targets`=first and `validation`=time"
            )
        val_edge, test_edge = self.edges(log)
        before_val, before_test = count_before(log, val_edge), count_before(log, test_edge)
        val = upto(log, horizon, val_edge, before_val, before_test)
        test = upto(log, horizon, test_edge, before_test, log.lengths)
        users = [
            np.flatnonzero((stop > start) & (start > 0)) for start, stop in ((before_val, val), (before_test, test))
        ]
        return Split(before_val, between(users[0], before_val, val), between(users[1], before_test, test))

    def edges(self, log: InteractionLog) -> tuple[int, int]:
        """Return the first moment after training and that of test, which are one unless validation is by time."""
        if log.timestamps is None:
            raise UserError(
                "the log has no timestamps, which `split`=global_time needs; name their column in "
                "`source.timestamp`, or change `split`"
            )
        ordered = np.sort(log.timestamps)
        if self.test_from is None:
            test = int(ordered[min(int(len(ordered) * (1 - self.test_share)), len(ordered) - 1)])
            row = min(int(len(ordered) * (1 - self.val_share - self.test_share)), len(ordered) - 1)
        else:
            test = moment(self.test_from, ordered, "test_from")
            row = max(int(np.searchsorted(ordered, test) - len(ordered) * self.val_share), 0)
        if not self.validates_by_time:
            return test, test
        val = int(ordered[row]) if self.val_from is None else moment(self.val_from, ordered, "val_from")
        if self.val_from is not None and val >= test:
            raise UserError(
                f"`val_from` is {self.val_from}, which is not before the test period; set an earlier `val_from`, or "
                "`test_from`"
            )
        return val, test

    def _validates(self, log: InteractionLog) -> NDArray[np.bool_]:
        """Return which users a validation on the last events before test looks at."""
        if self.validation != "users":
            return np.ones(log.num_users, np.bool_)
        drawn = np.zeros(log.num_users, np.bool_)
        order = np.random.default_rng((self.seed, 2)).permutation(log.num_users)
        drawn[order[: max(1, round(self.val_share * log.num_users))]] = True
        return drawn


@bounded
class UserHoldout(Splitter):
    """Train on some users, validate and test on others: can the model serve people it never met?

    The target of a held-out user is the last event; everything before it is input. Where histories are sessions, people
    are held out, and the target is the last event of their last session of two events or more.

    Args:
        val_share: share of users for validation.
        test_share: share of users for test.
        seed: decides which users are held out.
    """

    keeps_users_apart = True

    def __init__(self, *, val_share: InnerShare = 0.1, test_share: InnerShare = 0.1, seed: Seed) -> None:
        if val_share + test_share >= 1:
            raise UserError(
                f"val_share is {val_share} and test_share {test_share}, allowed are shares above 0 that are "
                "together below 1"
            )
        self.val_share, self.test_share, self.seed = val_share, test_share, seed

    def split(self, log: InteractionLog) -> Split:
        """Return the parts of ``log``."""
        lengths = log.lengths
        order = np.unique(log.owners)[np.random.default_rng(self.seed).permutation(log.num_people)]
        num_test, num_val = round(self.test_share * len(order)), round(self.val_share * len(order))
        stops = np.where(np.isin(log.owners, order[: num_test + num_val]), 0, lengths)
        test, val = (
            last_long_sessions(log, people) for people in (order[:num_test], order[num_test : num_test + num_val])
        )
        return Split(stops, Targets(val, lengths[val] - 1), Targets(test, lengths[test] - 1))

    def split_horizon(self, log: InteractionLog, horizon: Horizon) -> Split:
        """Predict the last horizon of each held-out user who has something before it."""
        parts, starts = self.split(log), horizon.last_starts(log, log.lengths)
        val, test = (part.users[starts[part.users] >= 1] for part in (parts.val, parts.test))
        return Split(parts.train_stops, between(val, starts, log.lengths), between(test, starts, log.lengths))
