"""A look at the sessions of one person: nothing trains that comes after a target, in whatever session."""

import numpy as np
from numpy.typing import NDArray

from seqmine.data.targets import Split, Targets
from seqmine.structs import InteractionLog


def targets_behind_others(log: InteractionLog, split: Split) -> int:
    """Count the targets whose person is trained on, or for a test validated on, later in another session."""
    if log.people is None:
        return 0
    sessions = np.flatnonzero(split.train_stops)
    ends = Targets(sessions, split.train_stops[sessions] - 1)
    trained, validated = (_last_moments(log, targets) for targets in (ends, split.val))
    late = [_moments(log, of) < trained[log.people[of.users]] for of in (split.val, split.test)]
    crossed = _moments(log, split.test) < validated[log.people[split.test.users]]
    return int(late[0].sum() + late[1].sum() + crossed.sum())


def _moments(log: InteractionLog, targets: Targets) -> NDArray[np.int64]:
    """Return when events happened; in a log without time the number of their session."""
    if log.timestamps is None or targets.times is not None:
        return targets.users if targets.times is None else targets.times
    return log.timestamps[log.offsets[targets.users] + targets.positions]


def _last_moments(log: InteractionLog, events: Targets) -> NDArray[np.int64]:
    """Return when the last of some events of each person happened."""
    assert log.people is not None
    last = np.full(int(log.people.max(initial=-1)) + 1, np.iinfo(np.int64).min)
    np.maximum.at(last, log.people[events.users], _moments(log, events))
    return last
