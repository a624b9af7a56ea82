"""Most popular items, of all time or of the last days: the same list for everybody."""

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor, nn

from seqmine.models.baselines.counting import item_counts
from seqmine.models.baselines.fitted import declare_buffers, store
from seqmine.structs import InteractionLog, SequenceBatch, UserError
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import PositiveFloat, PositiveInt

SECONDS_PER_DAY = 86_400


class Popularity(nn.Module):
    """Score an item by its number of training events."""

    counts: Float[Tensor, "V"]

    def __init__(self) -> None:
        super().__init__()
        declare_buffers(self, counts=torch.float32)

    def fit(self, log: InteractionLog, num_items: int) -> None:
        """Count the items of the training part."""
        store(self, counts=item_counts(log, num_items))

    def score(self, batch: SequenceBatch) -> Float[Tensor, "B V"]:
        """Return the same scores for every row."""
        return self.counts.repeat(len(batch), 1)


@bounded
class RecentPopularity(nn.Module):
    """Score an item by its events in the last days of the training part; older events only break ties.

    A hard baseline where time matters (Ji et al., "A re-visit of the popularity baseline", SIGIR 2020).

    Args:
        days: length of the period that counts, above 0.
    """

    levels: Float[Tensor, "V"]

    def __init__(self, *, days: PositiveFloat | PositiveInt = 7) -> None:
        super().__init__()
        self.days = days
        declare_buffers(self, levels=torch.float32)

    def fit(self, log: InteractionLog, num_items: int) -> None:
        """Count the items of the last days before the newest event.

        Raises:
            UserError: the log has no time.
        """
        if log.timestamps is None:
            raise UserError("recent popularity needs timestamps and the data has none: set `source.timestamp`")
        recent = log.timestamps > log.timestamps.max() - self.days * SECONDS_PER_DAY
        counts = np.bincount(log.items[recent], minlength=num_items + 1)
        store(self, levels=dense_levels(counts, item_counts(log, num_items)))

    def score(self, batch: SequenceBatch) -> Float[Tensor, "B V"]:
        """Return the same scores for every row."""
        return self.levels.repeat(len(batch), 1)


def dense_levels(first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the place of each pair in the order of ``first``, then ``second``; equal pairs share a place.

    >>> dense_levels(np.array([2, 0, 0, 2]), np.array([1, 7, 3, 1])).tolist()
    [2, 1, 0, 2]
    """
    return np.unique(np.stack([first, second], axis=1), axis=0, return_inverse=True)[1].reshape(-1)
