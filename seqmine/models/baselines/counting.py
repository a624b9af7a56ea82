"""What baselines count in a log: items, and neighbors in time."""

import numpy as np
from numpy.typing import NDArray

from seqmine.structs import InteractionLog


def item_counts(log: InteractionLog, num_items: int) -> NDArray[np.int64]:
    """Return the number of events of each row of the item table.

    >>> item_counts(InteractionLog.from_lists([[1, 3], [3]]), num_items=4).tolist()
    [0, 1, 0, 2, 0]
    """
    return np.bincount(log.items, minlength=num_items + 1)


def popularity_shares(log: InteractionLog, num_items: int) -> NDArray[np.float64]:
    """Return the share of events of each row, smoothed by one event an item so that no item has share 0.

    >>> popularity_shares(InteractionLog.from_lists([[1, 3], [3]]), num_items=3).round(3).tolist()
    [0.0, 0.333, 0.167, 0.5]
    """
    counts = item_counts(log, num_items) + 1.0
    counts[0] = 0.0
    return counts / counts.sum()


def positions_in_history(log: InteractionLog) -> NDArray[np.int64]:
    """Return how many events precede each event in its user's history.

    >>> positions_in_history(InteractionLog.from_lists([[4, 4], [4]])).tolist()
    [0, 1, 0]
    """
    return np.arange(log.num_events) - np.repeat(log.offsets[:-1], log.lengths)
