"""Planted users: histories that nobody has, half of them trained on, by which a run is attacked."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Int
from torch import Tensor

from seqmine.structs import SequenceBatch

_LENGTH = 10


@dataclass(frozen=True)
class Canaries:
    """Histories of items drawn at random, which no user is like.

    Args:
        items: events of each canary, oldest first.
        included: which of them are trained on, by a throw each.
    """

    items: Int[Tensor, "C E"]
    included: Bool[Tensor, "C"]

    @classmethod
    def drawn(cls, num_canaries: int, num_items: int, max_length: int, generator: np.random.Generator) -> "Canaries":
        """Draw canaries, and which of them are trained on.

        Args:
            num_canaries: how many.
            num_items: of the catalog.
            max_length: longest input of the model; shorter canaries cost less and are as easy to remember.
            generator: decides both; whoever knows it knows the answer.
        """
        events = 1 + min(_LENGTH, max_length)
        items = torch.from_numpy(generator.integers(1, num_items + 1, (num_canaries, events)))
        return cls(items, torch.from_numpy(generator.random(num_canaries) < 0.5))

    def rows(self) -> list[SequenceBatch]:
        """Return each canary as a batch of one row."""
        length = torch.tensor([self.items.shape[1] - 1])
        nobody = torch.tensor([-1])
        return [SequenceBatch(row[None, :-1], row[None, 1:], length, nobody) for row in self.items]
