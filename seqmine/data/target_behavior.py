"""Some kinds of events as targets: every event is history, and only carts and purchases, say, are predicted.

The parts are those of the log that holds the target behaviors alone, so that a model of all behaviors and a model of
the target behaviors alone are asked for the same events of the same users.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from seqmine.data.horizon import Horizon
from seqmine.data.splits import Splitter
from seqmine.data.targets import Split, Targets
from seqmine.data.windows import WindowChoice, Windows
from seqmine.structs import InteractionLog, UserError


def split_by_behavior(
    splitter: Splitter, log: InteractionLog, behaviors: Sequence[str], horizon: Horizon | None = None
) -> Split:
    """Divide a log so that the targets are events of some behaviors, and inputs hold every event before.

    Targets are those that ``splitter`` finds in the events of the behaviors alone. The training part of a user ends
    before the first of them; in a split by time it ends at the edge of the validation window.

    Raises:
        UserError: the log has no such behavior, or training has none of its events to learn from.
    """
    events = events_of(log, behaviors)
    offsets = np.searchsorted(events, log.offsets)
    alone = log.take(events, offsets)
    part = splitter.split(alone) if horizon is None else splitter.split_horizon(alone, horizon)
    edges = splitter.edges(alone)

    def in_log(users: NDArray[np.int64], positions: NDArray[np.int64]) -> NDArray[np.int64]:
        return events[offsets[users] + positions] - log.offsets[users]

    val, test = (
        Targets(
            of.users,
            in_log(of.users, of.positions),
            inputs=None if of.inputs is None else in_log(of.users, of.inputs),
        )
        for of in (part.val, part.test)
    )
    if edges is None:
        found = Split(_stops_in_log(part.train_stops, alone.lengths, events, log, offsets), val, test)
    else:
        found = splitter.within(log, edges, val, test)
    _require_training(events, log, found.train_stops, behaviors)
    return found


def _stops_in_log(
    stops: NDArray[np.int64],
    lengths: NDArray[np.int64],
    events: NDArray[np.int64],
    log: InteractionLog,
    offsets: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Turn a number of training events of the behavior into a number of events of the log.

    A user without held-out events trains whole, one who is held out whole trains nothing, any other up to the first
    event that is held out.
    """
    first_held_out = events[np.minimum(offsets[:-1] + stops, len(events) - 1)] - log.offsets[:-1]
    inside = np.where(stops > 0, first_held_out, 0)
    return np.where(stops == lengths, log.lengths, inside)


def _require_training(
    events: NDArray[np.int64], log: InteractionLog, stops: NDArray[np.int64], behaviors: Sequence[str]
) -> None:
    users = np.searchsorted(log.offsets, events, side="right") - 1
    positions = events - log.offsets[users]
    if not ((positions > 0) & (positions < stops[users])).any():
        named = " or ".join(map(repr, behaviors))
        raise UserError(
            f"no user has a training event of the target behavior {named} with another event before it; "
            "change `features.target_behavior` or `split`"
        )


class TargetWindows:
    """The windows of another choice that end with an event of a target behavior, or hold one to predict.

    The latest window of a user ends with the last training event of such a behavior, since what comes after it teaches
    nothing.

    Args:
        windows: the choice.
        events: positions of the events of the behaviors in the flat arrays, rising.
    """

    def __init__(self, *, windows: WindowChoice, events: NDArray[np.int64]) -> None:
        self.windows, self.events = windows, events

    def choose(
        self,
        offsets: NDArray[np.int64],
        train_stops: NDArray[np.int64],
        max_length: int,
        generator: np.random.Generator,
    ) -> Windows:
        """Return windows in which something is to be predicted."""
        first, last = offsets[:-1], np.searchsorted(self.events, offsets[:-1] + train_stops) - 1
        ends = np.where(last >= 0, self.events[np.maximum(last, 0)] + 1, 0)
        chosen = self.windows.choose(offsets, np.maximum(ends - first, 0), max_length, generator)
        before, upto = (np.searchsorted(self.events, edge) for edge in (chosen.first_targets, chosen.stops))
        kept = upto > before
        return Windows(chosen.users[kept], chosen.starts[kept], chosen.stops[kept], chosen.first_targets[kept])


def events_of(log: InteractionLog, behaviors: Sequence[str]) -> NDArray[np.int64]:
    """Return the positions in the flat arrays of the events of some behaviors.

    Raises:
        UserError: the log has no such behavior.
    """
    numbers = log.behavior_numbers(behaviors)
    assert numbers is not None
    return np.flatnonzero(log.is_of(slice(None), numbers))


def items_of_no_other(log: InteractionLog, behaviors: Sequence[str], num_items: int) -> NDArray[np.bool_]:
    """Tell of (V,) rows of the item table which have events of some behaviors and of no other.

    Args:
        log: of training: what an item becomes later is not known.
        behaviors: such as ``search``.
        num_items: size of the catalog.

    Raises:
        UserError: the log has no such behavior.
    """
    numbers = log.behavior_numbers(behaviors)
    assert numbers is not None
    of_these = log.is_of(slice(None), numbers)
    found, others = (np.zeros(num_items + 1, bool) for _ in range(2))
    found[log.items[of_these]] = True
    others[log.items[~of_these]] = True
    return found & ~others
