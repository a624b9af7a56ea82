"""A linear model of what stands together in histories, whatever its order: EASE (Steck 2019, arXiv:1905.03375)."""

from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn
from torch.nn import functional as F

from seqmine.models.baselines.counting import popularity_shares
from seqmine.models.baselines.fitted import count_table, declare_buffers, store
from seqmine.structs import InteractionLog, SequenceBatch, UserError
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import PositiveFloat

# Popularity orders the items that share no user with a history; it stays far below every weight.
_POPULARITY_WEIGHT = 1e-6
# The table of common users, its triangular factor, and the inverse that becomes the weights.
_TABLES = 3


@bounded
class EASE(nn.Module):
    """Sum the weights from each item of a history, which a ridge regression of items on items finds in closed form.

    Order, time and repeats are not looked at, so a sequence model that is not better has found no order.

    Args:
        regularization: added to the number of users of each item, above 0; more for short histories.
        max_gib: memory for the tables of items by items; a catalog that needs more is refused.

    Raises:
        UserError: a regularization that is not above 0.
    """

    blind_to_order: ClassVar[bool] = True
    weights: Float[Tensor, "V V"]
    shares: Float[Tensor, "V"]

    def __init__(self, *, regularization: PositiveFloat = 200.0, max_gib: PositiveFloat = 8.0) -> None:
        super().__init__()
        self.regularization, self.max_gib = regularization, max_gib
        declare_buffers(self, weights=torch.float32, shares=torch.float32)

    def fit(self, log: InteractionLog, num_items: int) -> None:
        """Solve the regression.

        Raises:
            UserError: the tables of items by items would not fit.
        """
        self._require_memory(num_items)
        table = count_table(log.event_users, log.items, (log.num_users, num_items + 1))
        store(self, shares=popularity_shares(log, num_items), weights=item_weights(table, self.regularization))

    def score(self, batch: SequenceBatch) -> Float[Tensor, "B V"]:
        """Return the sum of the weights from each different item of the history."""
        items, counted = different_items(batch.items)
        scores = F.embedding_bag(items, self.weights, per_sample_weights=counted.to(self.weights), mode="sum")
        return scores + self.shares * _POPULARITY_WEIGHT

    def _require_memory(self, num_items: int) -> None:
        needed = _TABLES * 4 * (num_items + 1) ** 2 / 2**30
        if needed > self.max_gib:
            raise UserError(
                f"max_gib is {self.max_gib:g}, and EASE needs {needed:.1f} GiB for {num_items:,} items; allow more, "
                "take rare items out (data/cleaning=core5), or use item_knn instead"
            )


def item_weights(table: sparse.csr_matrix, regularization: float) -> NDArray[np.float32]:
    """Return the weight from each item to each other one; nothing from an item to itself, nor from or to row 0.

    >>> users_by_items = sparse.csr_matrix(np.array([[0, 1, 1], [0, 1, 1], [0, 1, 0]]))
    >>> item_weights(users_by_items, 1.0).round(3).tolist()
    [[0.0, 0.0, 0.0], [0.0, 0.0, 0.5], [0.0, 0.6669999957084656, 0.0]]
    """
    sets = (table[:, 1:] > 0).astype(np.float32)
    together = torch.from_numpy((sets.T @ sets).toarray())
    together.diagonal().add_(regularization)
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(together))
    weights = inverse.div_(-inverse.diagonal().clone())
    weights.fill_diagonal_(0.0)
    return F.pad(weights, (1, 0, 1, 0)).numpy()


def different_items(items: Int[Tensor, "B L"]) -> tuple[Int[Tensor, "B L"], Tensor]:
    """Return the items of each row in rising order, and which of them count: the first of each, padding never.

    >>> [part.tolist() for part in different_items(torch.tensor([[7, 4, 7, 0]]))]
    [[[0, 4, 7, 7]], [[False, True, True, False]]]
    """
    ordered = items.sort(dim=1).values
    before = F.pad(ordered[:, :-1], (1, 0), value=0)
    return ordered, ordered != before
