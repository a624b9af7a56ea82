"""The best possible recommender of a log whose truth is known."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from seqmine.data.sequences import PreparedData
from seqmine.data.splits import Targets
from seqmine.structs import SequenceBatch


@runtime_checkable
class KnownTruth(Protocol):
    """A source that knows the probability of every next item."""

    def oracle_scores(self, user_ids: Sequence[str], positions: NDArray[np.int64], item_ids: Sequence[str]) -> NDArray:
        """Return (B, len(item_ids)) true probabilities of the next item after the first events of each user."""
        ...


class TrueProbabilities:
    """Score items by their true probability, which no model can beat on average.

    Args:
        source: knows the truth.
        data: tells raw keys of users and items.
        targets: events that will be asked for; at most one a user.
    """

    def __init__(self, *, source: KnownTruth, data: PreparedData, targets: Targets) -> None:
        self.source, self.data = source, data
        self.positions = dict(
            zip(np.asarray(targets.users).tolist(), np.asarray(targets.positions).tolist(), strict=True)
        )

    def score(self, batch: SequenceBatch) -> Float[Tensor, "B V"]:
        """Return the true probability of each item after the history of each row; row 0, padding, has none."""
        users = batch.user_index.tolist()
        positions = np.array([self.positions[user] for user in users])
        user_ids = [self.data.user_ids[user] for user in users]
        scores = self.source.oracle_scores(user_ids, positions, self.data.catalog.item_ids)
        return torch.nn.functional.pad(torch.from_numpy(scores).float(), (1, 0))
