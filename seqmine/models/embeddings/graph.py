"""Item vectors that a global graph of transitions smooths, after GCE-GNN (Wang et al. 2020, arXiv:2106.05081)."""

from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn
from torch.nn import functional as F

from seqmine.models.baselines.fitted import count_table, declare_buffers, store
from seqmine.models.embeddings.items import ItemEmbedding, scale_up, take_rows
from seqmine.structs import Catalog, InteractionLog
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import PositiveInt


@bounded
class GraphItems(nn.Module):
    """An item table whose vectors are the sum of an item's own and of the mean of its neighbors'.

    Neighbors are the items that stand most often within ``window`` positions of an item in the training part, weighted
    by how often. Differs from GCE-GNN: weights are the counts alone, not an attention of each session, so that an item
    has one vector, as input and where it is scored, and any encoder can stand behind.

    Args:
        catalog: the items and their training part; without it, as in a finished run, the graph comes with the weights.
        embedding_dim: size D of the vectors.
        window: largest distance in positions between neighbors, from 1.
        num_neighbors: neighbors kept for each item, from 1.

    Raises:
        UserError: a window or number of neighbors below 1.
    """

    counted: ClassVar[tuple[str, ...]] = ("neighbors", "shares")
    """Buffers that are counted in a log: a training that starts from another run keeps those of its own log."""

    neighbors: Int[Tensor, "V N"]
    shares: Float[Tensor, "V N"]

    def __init__(
        self, *, catalog: Catalog, embedding_dim: PositiveInt, window: PositiveInt, num_neighbors: PositiveInt
    ) -> None:
        super().__init__()
        self.own = ItemEmbedding(catalog=catalog, embedding_dim=embedding_dim)
        self.strength = nn.Parameter(torch.ones(embedding_dim))
        declare_buffers(self, neighbors=torch.int64, shares=torch.float32)
        log = InteractionLog.from_lists([]) if catalog.training_log is None else catalog.training_log()
        neighbors, shares = transition_graph(log, catalog.num_items, window, num_neighbors)
        store(self, neighbors=neighbors, shares=shares)

    def forward(self, items: Int[Tensor, "B L"]) -> Float[Tensor, "B L D"]:
        """Return the scaled vector of each item."""
        flat = items.flatten()
        smoothed = take_rows(self.own.weight, flat) + self._of_neighbors(self.neighbors[flat], self.shares[flat])
        return scale_up(smoothed.unflatten(0, items.shape))

    def vectors(self) -> Float[Tensor, "V D"]:
        """Return the vectors that hidden states are compared with."""
        return self.own.vectors() + self._of_neighbors(self.neighbors, self.shares)

    def _of_neighbors(self, neighbors: Int[Tensor, "R N"], shares: Float[Tensor, "R N"]) -> Float[Tensor, "R D"]:
        """Return the weighted mean of neighbors, each element as strong as was learned."""
        weight = self.own.weight
        means = F.embedding_bag(neighbors, weight, per_sample_weights=shares.to(weight), mode="sum", padding_idx=0)
        return self.strength * means


def transition_graph(
    log: InteractionLog, num_items: int, window: int, num_neighbors: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the neighbors of each row of the item table, the most frequent first, and their shares.

    Rows with fewer neighbors are filled with row 0 and share 0; shares of a row with neighbors sum to 1.

    Args:
        log: training events.
        num_items: size of the catalog.
        window: largest distance between neighbors, either way.
        num_neighbors: neighbors kept for each item; equally frequent ones by number.

    >>> neighbors, shares = transition_graph(InteractionLog.from_lists([[1, 2, 1, 3]]), 3, window=1, num_neighbors=2)
    >>> neighbors.tolist(), (shares * 3).tolist()
    ([[0, 0], [2, 3], [1, 0], [1, 0]], [[0.0, 0.0], [2.0, 1.0], [3.0, 0.0], [3.0, 0.0]])
    """
    counts = sparse.csr_matrix((num_items + 1, num_items + 1))
    positions = log.event_positions
    for distance in range(1, window + 1):
        later = np.flatnonzero(positions >= distance)
        counts = counts + count_table(log.items[later - distance], log.items[later], counts.shape)
    edges = (counts + counts.T).tocoo()
    other = edges.row != edges.col
    rows, columns, values = edges.row[other], edges.col[other], edges.data[other]
    order = np.lexsort((columns, -values, rows))
    rows, columns, values = rows[order], columns[order], values[order]
    places = np.arange(len(rows)) - np.searchsorted(rows, rows)
    kept = places < num_neighbors
    neighbors = np.zeros((num_items + 1, num_neighbors), np.int64)
    shares = np.zeros((num_items + 1, num_neighbors), np.float32)
    neighbors[rows[kept], places[kept]] = columns[kept]
    shares[rows[kept], places[kept]] = values[kept]
    return neighbors, shares / np.maximum(shares.sum(axis=1, keepdims=True), 1.0)
