"""Patterns at work as a recommender of their own."""

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy import sparse
from torch import Tensor, nn

from seqmine.models.baselines.counting import popularity_shares
from seqmine.models.baselines.fitted import declare_buffers, entries_of_rows, store
from seqmine.structs import InteractionLog, SequenceBatch
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import PositiveInt, PositiveShare, Share


def window_pairs(log: InteractionLog, num_items: int, window: int) -> sparse.csr_matrix:
    """Return for each ordered pair of items the sum of 1 / distance over its occurrences within a window.

    >>> window_pairs(InteractionLog.from_lists([[1, 2, 3]]), 3, 2)[1].toarray().tolist()
    [[0.0, 0.0, 1.0, 0.5]]
    """
    users = log.event_users
    size = num_items + 1
    table = sparse.csr_matrix((size, size))
    for distance in range(1, window + 1):
        same = np.flatnonzero(users[distance:] == users[:-distance])
        pairs = (log.items[same], log.items[same + distance])
        table += sparse.coo_matrix((np.full(len(same), 1.0 / distance), pairs), shape=(size, size)).tocsr()
    return table


@bounded
class PatternRecommender(nn.Module):
    """Score items by the pair rules "a, then soon b" of all recent events.

    A rule weighs the sum of 1 / distance over its occurrences within a window; the rules of older events count less.
    Nothing is trained. Items that no rule reaches are ordered by popularity, below all others.

    Args:
        window: positions between the two events of a rule, at most.
        num_recent: events at the end of the history whose rules are used.
        decay: weight of the rules of an event relative to those of the next, above 0 and at most 1.
        count_power: the weight of a rule is divided by the number of events of its first item to this power: 0 lets
            frequent items speak loudest, 1 turns weights into shares.

    Raises:
        UserError: a setting out of range.
    """

    shares: Float[Tensor, "V"]
    offsets: Int[Tensor, "R"]
    columns: Int[Tensor, "E"]
    values: Float[Tensor, "E"]

    def __init__(
        self,
        *,
        window: PositiveInt = 10,
        num_recent: PositiveInt = 10,
        decay: PositiveShare = 0.8,
        count_power: Share = 0.5,
    ) -> None:
        super().__init__()
        self.window, self.num_recent, self.decay, self.count_power = window, num_recent, decay, count_power
        declare_buffers(self, shares=torch.float32, values=torch.float32, offsets=torch.int64, columns=torch.int64)

    def fit(self, log: InteractionLog, num_items: int) -> None:
        """Weigh the pair rules of a log.

        Args:
            log: histories to count, of items up to ``num_items``.
            num_items: size of the catalog.
        """
        counts = np.maximum(np.bincount(log.items, minlength=num_items + 1), 1)
        rules = (sparse.diags(counts**-self.count_power) @ window_pairs(log, num_items, self.window)).tocsr()
        store(
            self,
            shares=popularity_shares(log, num_items),
            offsets=rules.indptr,
            columns=rules.indices,
            values=rules.data,
        )

    def score(self, batch: SequenceBatch) -> Float[Tensor, "B V"]:
        """Return the summed weights of the rules that fire, plus a little popularity for what none reaches."""
        scores = 1e-6 * self.shares.repeat(len(batch), 1)
        for age in range(min(self.num_recent, batch.items.shape[1])):
            place = (batch.lengths - 1 - age).unsqueeze(1)
            items = torch.where(place >= 0, batch.items.gather(1, place.clamp(min=0)), 0).squeeze(1)
            rows, columns, values = entries_of_rows(self.offsets, self.columns, self.values, items)
            scores.index_put_((rows, columns), values * self.decay**age, accumulate=True)
        return scores
