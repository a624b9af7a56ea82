"""The histories that a funnel looks at: one per user, or one per user and item, each with symbols for steps."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from seqmine.structs import InteractionLog, UserError
from seqmine.structs.log import stretch_starts


@dataclass(frozen=True)
class FunnelCases:
    """Histories of steps, and who each belongs to.

    Args:
        log: one history per case; ``items`` are steps numbered from 1.
        names: of the steps, by number less one.
        person: (cases,) whom each case is of in the log that they come from.
        num_people: people of that log.
    """

    log: InteractionLog
    names: list[str]
    person: NDArray[np.integer]
    num_people: int

    def numbers(self, steps: list[str]) -> NDArray[np.int32]:
        """Return the numbers of some steps.

        Raises:
            UserError: a step that the log does not have.
        """
        for step in steps:
            if step not in self.names:
                raise UserError(f"steps has {step!r}, and the log has {', '.join(self.names[:10])}")
        return np.array([self.names.index(step) + 1 for step in steps], np.int32)


def whole_histories(log: InteractionLog, names: list[str]) -> FunnelCases:
    """Return one case per user: steps may be of different items."""
    return FunnelCases(log, names, log.owners, log.num_people)


def histories_by_item(log: InteractionLog, objects: NDArray[np.int32], names: list[str]) -> FunnelCases:
    """Return one case per user and item, in the order of the user's events: all steps are of one item.

    Args:
        log: histories of steps.
        objects: (E,) item of each event.
        names: of the steps.

    >>> log = InteractionLog.from_lists([[1, 1, 2]])
    >>> cases = histories_by_item(log, np.array([7, 9, 7], np.int32), ["view", "buy"])
    >>> [cases.log.history(case).tolist() for case in range(2)], cases.person.tolist()
    ([[1, 2], [1]], [0, 0])
    """
    users = log.event_users
    # Stable: the events of one item stay in their order.
    order = np.lexsort((objects, users))
    starts = stretch_starts(users[order], objects[order])
    offsets = np.append(starts, len(order)).astype(np.int64)
    histories = replace(log, people=None).take(order, offsets)
    return FunnelCases(histories, names, log.owners[users[order][starts]], log.num_people)
