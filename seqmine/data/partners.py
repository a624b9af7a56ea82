"""Which items stand near each other in training histories."""

import numpy as np
from numpy.typing import NDArray

from seqmine.structs import InteractionLog


class Partners:
    """Draws for an item another one in proportion to how often both stood near each other.

    Args:
        log: training histories; nothing else is counted.
        max_distance: events apart at most to be near, from 1 (neighbors).
        num_partners: most frequent partners of an item that are kept.
    """

    def __init__(self, *, log: InteractionLog, max_distance: int, num_partners: int) -> None:
        size = int(log.items.max(initial=0)) + 1
        pairs, counts = _near_pairs(log, size, max_distance)
        heads = pairs // size
        order = np.lexsort((pairs, -counts, heads))
        heads, tails, counts = heads[order], pairs[order] % size, counts[order]
        kept = np.arange(len(heads)) - np.searchsorted(heads, heads) < num_partners
        self.tails, self.cumulative = tails[kept], np.cumsum(counts[kept])
        self.offsets = np.searchsorted(heads[kept], np.arange(size + 1))

    def draw(self, items: NDArray[np.int64], generator: np.random.Generator) -> NDArray[np.int64]:
        """Return a partner of each item; an item that has none is its own, and so is 0."""
        first, stop = self.offsets[items], self.offsets[items + 1]
        sums = np.concatenate([[0], self.cumulative])
        points = sums[first] + generator.random(items.shape) * (sums[stop] - sums[first])
        drawn = np.searchsorted(self.cumulative, points, side="right")
        drawn = np.clip(drawn, first, np.maximum(stop - 1, first))
        return np.where(stop > first, np.append(self.tails, 0)[drawn], items)


def _near_pairs(log: InteractionLog, size: int, max_distance: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return pairs of different items as ``one * size + other``, in both orders, and how often they are near."""
    users = log.event_users
    found, counts = np.empty(0, np.int64), np.empty(0, np.int64)
    for distance in range(1, max_distance + 1):
        one, other = log.items[:-distance].astype(np.int64), log.items[distance:].astype(np.int64)
        near = (users[:-distance] == users[distance:]) & (one != other)
        new, new_counts = np.unique(one[near] * size + other[near], return_counts=True)
        pairs = np.concatenate([found, new, new % size * size + new // size])
        found, inverse = np.unique(pairs, return_inverse=True)
        counts = np.bincount(inverse, np.concatenate([counts, new_counts, new_counts]), len(found)).astype(np.int64)
    return found, counts
