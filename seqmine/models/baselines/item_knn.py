"""Items bought together: cosine neighbors of the last items of a history."""

from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn

from seqmine.models.baselines.counting import popularity_shares
from seqmine.models.baselines.fitted import count_table, declare_buffers, entries_of_rows, store
from seqmine.structs import InteractionLog, SequenceBatch
from seqmine.structs.bounds import NonNegativeFloat, PositiveInt, PositiveShare

Neighbors = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]

# Items whose common users are counted at once, to bound memory.
_BLOCK = 256

# Popularity orders the items that no neighbor reaches; it stays far below every similarity.
_POPULARITY_WEIGHT = 1e-6


class ItemKNN(nn.Module):
    """Sum the similarity to each of the last items, older ones counting less.

    Similarity is the cosine of the sets of users, shrunk for rare pairs (Sarwar et al., WWW 2001; Deshpande and
    Karypis, TOIS 2004). An item is together with itself where a user had it more than once, and such a similarity is
    kept beside the ``num_neighbors``.

    Args:
        num_neighbors: most similar items kept for each item.
        num_recent: how many of the last items of a history count.
        decay: factor on the weight for each step into the past; 1 counts all alike.
        shrinkage: added to the denominator, so that a pair seen once does not look perfect.
    """

    shares: Float[Tensor, "V"]
    offsets: Int[Tensor, "R"]
    columns: Int[Tensor, "E"]
    values: Float[Tensor, "E"]

    def __init__(
        self,
        *,
        num_neighbors: PositiveInt = 200,
        num_recent: PositiveInt = 10,
        decay: PositiveShare = 0.7,
        shrinkage: NonNegativeFloat = 5.0,
    ) -> None:
        super().__init__()
        self.num_neighbors, self.num_recent, self.decay, self.shrinkage = num_neighbors, num_recent, decay, shrinkage
        declare_buffers(self, shares=torch.float32, values=torch.float32, offsets=torch.int64, columns=torch.int64)

    def fit(self, log: InteractionLog, num_items: int) -> None:
        """Find the neighbors of every item."""
        users = np.repeat(np.arange(log.num_users), log.lengths)
        table = count_table(users, log.items, (log.num_users, num_items + 1))
        lengths, columns, values = nearest_items(table, self.num_neighbors, self.shrinkage)
        store(self, shares=popularity_shares(log, num_items), columns=columns, values=values)
        store(self, offsets=np.concatenate([[0], np.cumsum(lengths)]))

    def score(self, batch: SequenceBatch) -> Float[Tensor, "B V"]:
        """Return the weighted sum of similarities to the last items."""
        steps_back = batch.lengths.unsqueeze(1) - 1 - torch.arange(batch.items.shape[1], device=batch.items.device)
        rows, places = ((steps_back >= 0) & (steps_back < self.num_recent)).nonzero(as_tuple=True)
        weights = self.decay ** steps_back[rows, places]
        found = entries_of_rows(self.offsets, self.columns, self.values, batch.items[rows, places])
        scores = (self.shares * _POPULARITY_WEIGHT).repeat(len(batch), 1)
        values = found[2] * weights.to(found[2])[found[0]]
        return scores.index_put_((rows[found[0]], found[1]), values, accumulate=True)


def nearest_items(table: sparse.csr_matrix, num_neighbors: int, shrinkage: float) -> Neighbors:
    """Return the number of neighbors of each item, then all neighbors and their similarities, item by item.

    >>> users_by_items = sparse.csr_matrix(np.array([[0, 1, 1], [0, 1, 1], [0, 1, 0]]))
    >>> lengths, items, values = nearest_items(users_by_items, num_neighbors=1, shrinkage=0.0)
    >>> lengths.tolist(), items.tolist(), values.round(3).tolist()
    ([0, 1, 1], [2, 1], [0.8159999847412109, 0.8159999847412109])
    """
    sets = (table > 0).astype(np.float64)
    num_returning = np.asarray((table > 1).sum(axis=0)).ravel()
    norms = np.sqrt(np.asarray(sets.sum(axis=0)).ravel())
    holders = sets.T.tocsr()
    rows: list[tuple[NDArray, NDArray]] = []
    for start in range(0, len(norms), _BLOCK):
        together = (holders[start : start + _BLOCK] @ sets).tocsr()
        for row, (first, stop) in enumerate(pairwise(together.indptr), start=start):
            items = together.indices[first:stop]
            values = together.data[first:stop] / (norms[row] * norms[items] + shrinkage)
            again = num_returning[row] / (norms[row] ** 2 + shrinkage) if num_returning[row] else 0.0
            rows.append(_best(row, items, values, num_neighbors, again))
    lengths = np.array([len(items) for items, _ in rows])
    items, values = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    return lengths, items.astype(np.int64), values.astype(np.float32)


def _best(row: int, items: NDArray, values: NDArray, num_neighbors: int, again: float) -> tuple[NDArray, NDArray]:
    items, values = items[items != row], values[items != row]
    if len(items) > num_neighbors:
        chosen = np.argpartition(-values, num_neighbors)[:num_neighbors]
        items, values = items[chosen], values[chosen]
    if again > 0:
        return np.append(items, row), np.append(values, again)
    return items, values
