"""The k-core of a log: every user and every item left has enough events among those left."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from seqmine.data.cleaning.step import IN_TRAINING, key_numbers
from seqmine.structs import UserError


class KCore:
    """Take out users and items with few events until all that are left have enough.

    Args:
        min_user_events: fewest training events of a user; 1 keeps all that have one.
        min_item_events: fewest training events of an item; 1 keeps the items of training.
    """

    counts = True

    def __init__(self, *, min_user_events: int, min_item_events: int) -> None:
        for name, value in (("min_user_events", min_user_events), ("min_item_events", min_item_events)):
            if value < 1:
                raise UserError(f"data.cleaning: KCore {name}={value} must be 1 or more; change it")
        self.min_user_events = min_user_events
        self.min_item_events = min_item_events

    def __call__(self, events: pl.LazyFrame) -> pl.LazyFrame:
        """Return the events of the users and items that are left."""
        frame = events.collect(engine="streaming")
        users, items = key_numbers(frame["user_id"]), key_numbers(frame["item_id"])
        training = frame[IN_TRAINING].to_numpy() if IN_TRAINING in frame.columns else np.ones(len(frame), dtype=bool)
        keep = k_core(users, items, training, self.min_user_events, self.min_item_events)
        return frame.lazy().filter(pl.Series(keep))


def k_core(
    users: NDArray[np.integer],
    items: NDArray[np.integer],
    training: NDArray[np.bool_],
    min_user_events: int,
    min_item_events: int,
) -> NDArray[np.bool_]:
    """Return which events are left.

    Args:
        users: (E,) user of each event, numbered from 0.
        items: (E,) item of each event, numbered from 0.
        training: (E,) which events count.
        min_user_events: fewest counted events of a user.
        min_item_events: fewest counted events of an item.

    >>> users, items = np.array([0, 0, 1, 1, 2]), np.array([0, 1, 0, 1, 2])
    >>> k_core(users, items, np.ones(5, bool), 2, 2).tolist()
    [True, True, True, True, False]
    """
    counted_users, counted_items = users[training], items[training]
    num_users, num_items = int(users.max(initial=-1)) + 1, int(items.max(initial=-1)) + 1
    good_users, good_items = np.ones(num_users, dtype=bool), np.ones(num_items, dtype=bool)
    while True:
        enough = np.bincount(counted_users, minlength=num_users) >= min_user_events
        left = enough[counted_users]
        counted_users, counted_items = counted_users[left], counted_items[left]
        good_users &= enough
        enough = np.bincount(counted_items, minlength=num_items) >= min_item_events
        stable = left.all() and enough[counted_items].all()
        left = enough[counted_items]
        counted_users, counted_items = counted_users[left], counted_items[left]
        good_items &= enough
        if stable:
            return good_users[users] & good_items[items]
