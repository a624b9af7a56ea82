"""The best possible recommender of a log whose truth is known."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from seqmine.data.sequences import PreparedData
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
    """

    def __init__(self, *, source: KnownTruth, data: PreparedData) -> None:
        self.source, self.data = source, data

    def score(self, batch: SequenceBatch) -> Float[Tensor, "B V"]:
        """Return the true probability of each item to be the target of each row; row 0, padding, has none.

        Args:
            batch: of an evaluation, which names its targets.
        """
        assert batch.target_positions is not None
        user_ids = [self.data.user_ids[user] for user in batch.user_index.tolist()]
        scores = self.source.oracle_scores(user_ids, batch.target_positions.numpy(), self.data.catalog.item_ids)
        return torch.nn.functional.pad(torch.from_numpy(scores).float(), (1, 0))
