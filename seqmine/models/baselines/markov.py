"""Markov chains: what comes after the last item, or after the last few."""

from typing import cast

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor, nn

from seqmine.models.baselines.counting import popularity_shares, positions_in_history
from seqmine.models.baselines.fitted import count_table, declare_buffers, entries_of_rows, store
from seqmine.structs import InteractionLog, SequenceBatch
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import AtLeastTwo, PositiveShare


class Markov(nn.Module):
    """First-order chain, interpolated with popularity after Witten and Bell (IEEE Trans. Inf. Theory, 1991).

    The more different items have followed an item, the more weight popularity gets:
    ``p(i | j) = (count(j, i) + distinct(j) * p(i)) / (count(j) + distinct(j))``.
    """

    shares: Float[Tensor, "V"]
    weights: Float[Tensor, "V"]
    offsets: Int[Tensor, "R"]
    columns: Int[Tensor, "E"]
    values: Float[Tensor, "E"]

    def __init__(self) -> None:
        super().__init__()
        declare_buffers(self, shares=torch.float32, weights=torch.float32, values=torch.float32)
        declare_buffers(self, offsets=torch.int64, columns=torch.int64)

    def fit(self, log: InteractionLog, num_items: int) -> None:
        """Count which item directly follows which."""
        follows = np.flatnonzero(positions_in_history(log) > 0)
        table = count_table(log.items[follows - 1], log.items[follows], (num_items + 1, num_items + 1))
        distinct = np.diff(table.indptr)
        totals = np.asarray(table.sum(axis=1)).ravel() + distinct
        # An item that nothing ever followed leaves all the weight to popularity.
        weights = np.divide(distinct, totals, out=np.ones(num_items + 1), where=totals > 0)
        store(self, shares=popularity_shares(log, num_items), weights=weights, offsets=table.indptr)
        store(self, columns=table.indices, values=table.data / np.repeat(totals, distinct))

    def score(self, batch: SequenceBatch) -> Float[Tensor, "B V"]:
        """Return the probability of each item after the last one."""
        last = batch.items.gather(1, batch.lengths.unsqueeze(1) - 1).squeeze(1)
        scores = self.weights[last].unsqueeze(1) * self.shares
        rows, columns, values = entries_of_rows(self.offsets, self.columns, self.values, last)
        return scores.index_put_((rows, columns), values, accumulate=True)


@bounded
class NGram(nn.Module):
    """Longest known context first, with stupid back-off (Brants et al., EMNLP 2007).

    An item that followed the last ``order - 1`` items is scored by its share there; any other item by its share after
    one item less, times ``back_off``; and so on down to popularity.

    Args:
        order: length of the counted sequences, at least 2; 3 looks at the last two items.
        back_off: factor of each shortening, above 0 and at most 1.
    """

    shares: Float[Tensor, "V"]

    def __init__(self, *, order: AtLeastTwo = 3, back_off: PositiveShare = 0.4) -> None:
        super().__init__()
        self.order, self.back_off = order, back_off
        declare_buffers(self, shares=torch.float32)
        self.levels = nn.ModuleList(_Level() for _ in range(order - 1))

    def fit(self, log: InteractionLog, num_items: int) -> None:
        """Count what follows each context of 1 to ``order - 1`` items."""
        store(self, shares=popularity_shares(log, num_items))
        positions = positions_in_history(log)
        contexts = np.zeros(log.num_events, dtype=np.int64)
        for depth, level in enumerate(self._depths(), start=1):
            events = np.flatnonzero(positions >= depth)
            keys = contexts[events] * (num_items + 1) + log.items[events - depth]
            contexts[events] = level.fit(keys, log.items[events], num_items)

    def score(self, batch: SequenceBatch) -> Float[Tensor, "B V"]:
        """Return the backed-off share of each item after the last items."""
        num_rows = len(self.shares)
        scores = (self.shares * self.back_off ** (self.order - 1)).repeat(len(batch), 1)
        contexts = torch.zeros_like(batch.lengths)
        known = torch.ones_like(batch.lengths, dtype=torch.bool)
        for depth, level in enumerate(self._depths(), start=1):
            known = known & (batch.lengths >= depth)
            item = batch.items.gather(1, (batch.lengths - depth).clamp(min=0).unsqueeze(1)).squeeze(1)
            contexts, found = level.find(contexts * num_rows + item)
            known = known & found
            rows, columns, values = entries_of_rows(level.offsets, level.columns, level.values, contexts[known])
            scores[known.nonzero().squeeze(1)[rows], columns] = values * self.back_off ** (self.order - 1 - depth)
        return scores

    def _depths(self) -> list["_Level"]:
        return cast("list[_Level]", list(self.levels))


class _Level(nn.Module):
    """Contexts of one length, sorted by key, and the shares of what followed each."""

    keys: Int[Tensor, "C"]
    offsets: Int[Tensor, "R"]
    columns: Int[Tensor, "E"]
    values: Float[Tensor, "E"]

    def __init__(self) -> None:
        super().__init__()
        declare_buffers(self, keys=torch.int64, offsets=torch.int64, columns=torch.int64, values=torch.float32)

    def fit(self, keys: NDArray[np.int64], followers: NDArray[np.int32], num_items: int) -> NDArray[np.int64]:
        """Count followers and return the number of each event's context."""
        unique, numbers = np.unique(keys, return_inverse=True)
        table = count_table(numbers, followers, (len(unique), num_items + 1))
        totals = np.asarray(table.sum(axis=1)).ravel()
        values = table.data / np.repeat(totals, np.diff(table.indptr))
        store(self, keys=unique, offsets=table.indptr, columns=table.indices, values=values)
        return numbers

    def find(self, keys: Int[Tensor, "B"]) -> tuple[Int[Tensor, "B"], Tensor]:
        """Return the number of each context and whether it is known at all."""
        if len(self.keys) == 0:
            return torch.zeros_like(keys), torch.zeros_like(keys, dtype=torch.bool)
        places = torch.searchsorted(self.keys, keys).clamp(max=len(self.keys) - 1)
        return places, self.keys[places] == keys
