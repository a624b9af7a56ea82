"""The k-core of a log: every user and every item left has enough events among those left."""

from collections.abc import Callable
from functools import partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from seqmine.data.cleaning.step import IN_TRAINING, key_numbers
from seqmine.data.engines.parts import Function
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import PositiveInt


@bounded
class KCore:
    """Take out users and items with few events until all that are left have enough.

    Args:
        min_user_events: fewest training events of a user; 1 keeps all that have one.
        min_item_events: fewest training events of an item; 1 keeps the items of training.
    """

    counts = True

    def __init__(self, *, min_user_events: PositiveInt, min_item_events: PositiveInt) -> None:
        self.min_user_events = min_user_events
        self.min_item_events = min_item_events

    def decide(self, gather: Callable[[Function], pl.DataFrame]) -> Function:
        """Return what keeps the events of the users and items that are left.

        A user is left where enough events of items that are left are; so only the items need to be known to all parts.
        """
        counts = gather(partial(self._count_items, None))
        num_items = int(counts["item_id"].to_numpy().max(initial=0)) + 1
        good, better = np.ones(num_items + 1, dtype=bool), self._enough(counts, num_items)
        while (good != better).any():
            good, better = better, self._enough(gather(partial(self._count_items, better)), num_items)
        return partial(self._keep, good)

    def _enough(self, counts: pl.DataFrame, num_items: int) -> NDArray[np.bool_]:
        """Return which items have enough events; the last place stands for items that were never counted."""
        totals = np.zeros(num_items + 1, np.int64)
        np.add.at(totals, counts["item_id"].to_numpy(), counts["events"].to_numpy())
        return totals >= self.min_item_events

    def _count_items(self, good: NDArray[np.bool_] | None, events: pl.DataFrame) -> pl.DataFrame:
        """Count the training events of each good item at users who have enough of them."""
        training = events.filter(IN_TRAINING)
        items = training["item_id"].to_numpy()
        left = np.ones(len(items), dtype=bool) if good is None else _is_good(good, items)
        users, items = key_numbers(training["user_id"])[left], items[left]
        counts = np.bincount(items[(np.bincount(users) >= self.min_user_events)[users]])
        present = np.flatnonzero(counts)
        return pl.DataFrame({"item_id": present.astype(np.uint32), "events": counts[present].astype(np.int64)})

    def _keep(self, good: NDArray[np.bool_], events: pl.DataFrame) -> pl.DataFrame:
        users, left = key_numbers(events["user_id"]), _is_good(good, events["item_id"].to_numpy())
        counted = users[left & events[IN_TRAINING].to_numpy()]
        enough = np.bincount(counted, minlength=int(users.max(initial=0)) + 1) >= self.min_user_events
        return events.filter(pl.Series(enough[users] & left))


def _is_good(good: NDArray[np.bool_], items: NDArray[np.integer]) -> NDArray[np.bool_]:
    return good[np.minimum(items, len(good) - 1)]
