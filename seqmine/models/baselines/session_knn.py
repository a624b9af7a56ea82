"""Histories like this one: session-based nearest neighbors (V-SKNN), with order."""

from typing import no_type_check

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor, nn

from seqmine.models.baselines.counting import popularity_shares
from seqmine.models.baselines.fitted import declare_buffers, store
from seqmine.structs import InteractionLog, SequenceBatch
from seqmine.structs.bounds import PositiveInt
from seqmine.structs.kernels import kernel

# Popularity orders the items that no neighbor reaches; it stays far below every score.
_POPULARITY_WEIGHT = 1e-6


class SessionKNN(nn.Module):
    """Recommend what the most similar of the newest histories contain (Ludewig and Jannach, UMUAI 2018).

    The current history weighs its last items most (linearly). Among the newest ``num_candidates`` histories that share
    each of its items, the ``num_neighbors`` with the largest weighted overlap vote for their items, in proportion
    to the overlap, to the rarity of the item voted for and to the weight of a shared item. We differ from the paper:
    sessions are the training histories of users, and the shared item of a vote is the last one before the item voted
    for, divided by the distance between the two, because what counts is what comes next. An item of the current history
    is voted for like any other, as people may come back to it.

    Args:
        num_neighbors: histories that vote.
        num_candidates: newest histories that are looked at for each item.
        num_recent: how many of the last items of a history count.
    """

    shares: Float[Tensor, "V"]
    rarity: Float[Tensor, "V"]
    history_starts: Int[Tensor, "R"]
    history_items: Int[Tensor, "E"]
    item_starts: Int[Tensor, "C"]
    item_histories: Int[Tensor, "E"]

    def __init__(
        self, *, num_neighbors: PositiveInt = 300, num_candidates: PositiveInt = 1000, num_recent: PositiveInt = 8
    ) -> None:
        super().__init__()
        self.num_neighbors, self.num_candidates, self.num_recent = num_neighbors, num_candidates, num_recent
        declare_buffers(self, shares=torch.float32, rarity=torch.float32)
        declare_buffers(self, history_starts=torch.int64, history_items=torch.int64)
        declare_buffers(self, item_starts=torch.int64, item_histories=torch.int64)

    def fit(self, log: InteractionLog, num_items: int) -> None:
        """Index which histories hold each item, newest first."""
        users = np.repeat(np.arange(log.num_users), log.lengths)
        # Without time the order of users stands in for recency.
        ages = (
            -np.arange(log.num_users) if log.timestamps is None else -log.timestamps[np.maximum(log.offsets[1:] - 1, 0)]
        )
        pairs = np.unique(np.stack([log.items, users], axis=1), axis=0)
        pairs = pairs[np.lexsort((pairs[:, 1], ages[pairs[:, 1]], pairs[:, 0]))]
        counts = np.bincount(pairs[:, 0], minlength=num_items + 1)
        rarity = np.log((log.num_users + 1) / (np.maximum(counts, 1)))
        store(self, shares=popularity_shares(log, num_items), rarity=rarity, item_histories=pairs[:, 1])
        store(self, history_starts=log.offsets, history_items=log.items)
        store(self, item_starts=np.concatenate([[0], np.cumsum(counts)]))

    def score(self, batch: SequenceBatch) -> Float[Tensor, "B V"]:
        """Return the votes of the neighbors of each row."""
        scores = (self.shares.cpu() * _POPULARITY_WEIGHT).repeat(len(batch), 1)
        index = (self.history_starts, self.history_items, self.item_starts, self.item_histories, self.rarity)
        limits = (self.num_neighbors, self.num_candidates, self.num_recent)
        arrays = tuple(part.cpu().numpy() for part in index)
        _vote(batch.items.cpu().numpy(), batch.lengths.cpu().numpy(), arrays, limits, scores.numpy())
        return scores.to(batch.items.device)


# no_type_check: what a checker wraps around a function cannot be compiled.
@kernel
@no_type_check
def _vote(
    items: NDArray, lengths: NDArray, index: tuple[NDArray, ...], limits: tuple[int, int, int], scores: NDArray
) -> None:
    history_starts, history_items, item_starts, item_histories, rarity = index
    num_neighbors, num_candidates, num_recent = limits
    weight_of = np.zeros(len(rarity))
    overlap = np.zeros(len(history_starts) - 1)
    for row in range(len(lengths)):
        recent = items[row, max(0, lengths[row] - num_recent) : lengths[row]]
        for step in range(len(recent)):
            weight_of[recent[step]] = 1.0 - (len(recent) - 1 - step) / num_recent
        touched = np.empty(len(recent) * num_candidates, np.int64)
        num_touched = 0
        for step in range(len(recent)):
            item = recent[step]
            if item in recent[step + 1 :]:
                continue
            stop = min(item_starts[item + 1], item_starts[item] + num_candidates)
            for history in item_histories[item_starts[item] : stop]:
                if overlap[history] == 0.0:
                    touched[num_touched] = history
                    num_touched += 1
                overlap[history] += weight_of[item]
        chosen = np.empty(num_touched)
        for place in range(num_touched):
            chosen[place] = -overlap[touched[place]]
        for place in np.argsort(chosen)[:num_neighbors]:
            history = touched[place]
            voters = history_items[history_starts[history] : history_starts[history + 1]]
            _add_votes(voters, weight_of, overlap[history], rarity, scores[row])
        for place in range(num_touched):
            overlap[touched[place]] = 0.0
        for item in recent:
            weight_of[item] = 0.0


@kernel
@no_type_check
def _add_votes(voters: NDArray, weight_of: NDArray, overlap: float, rarity: NDArray, scores: NDArray) -> None:
    weight, distance = 0.0, 0
    for item in voters:
        distance += 1
        scores[item] += overlap * weight * rarity[item] / distance
        if weight_of[item] > 0.0:
            weight, distance = weight_of[item], 0
