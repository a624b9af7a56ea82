"""Which items leave the candidates, where the log is asked instead of a person."""

import logging
from collections.abc import Sequence
from typing import Literal

import numpy as np

from seqmine.data.traits import repeated_events
from seqmine.structs import InteractionLog
from seqmine.structs.places import told

_log = logging.getLogger(__name__)
Seen = Literal["auto", "full", "window", "none"]
"""Which items leave the candidates: all that the user had, those of the input, none; or the log is asked."""
# Above this share of returns, lists without the items that people had would miss what people do.
RETURNING_SHARE = 0.05


def returning_share(log: InteractionLog) -> float:
    """Return how many of the events that have one of their user before them go back to an item of their user.

    >>> returning_share(InteractionLog.from_lists([[1, 2, 1, 1], [2]]))
    0.6666666666666666
    """
    following = log.num_events - int(np.count_nonzero(log.lengths))
    return float(repeated_events(log).sum() / max(following, 1))


def settle_seen(training: InteractionLog, behaviors: Sequence[str] | None) -> str:
    """Return what ``auto`` is on a log: ``none`` where more than 5% of the events go back to an item, else ``full``.

    Args:
        training: the training part; later parts must not choose how they are measured.
        behaviors: kinds of events that are predicted, which alone count as having an item; None counts every event.
    """
    counted, kind = training, "training events"
    numbers = training.behavior_numbers(behaviors)
    if behaviors is not None and numbers is not None:
        chosen = np.flatnonzero(training.is_of(slice(None), numbers))
        counted = training.take(chosen, np.searchsorted(chosen, training.offsets))
        kind = f"training events of behavior {' or '.join(map(repr, behaviors))}"
    share = returning_share(counted)
    seen = "none" if share > RETURNING_SHARE else "full"
    _log.info(told("`seen`") + " is %s: %.1f%% of the %s go back to an item of their user", seen, 100 * share, kind)
    return seen
