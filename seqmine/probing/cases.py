"""Cases that a recommender is asked about: histories before a target, gathered as the data module gathers them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from seqmine.data.collate import HistoryCollate
from seqmine.data.targets import Targets
from seqmine.structs import InteractionLog, SequenceBatch


@dataclass(frozen=True)
class Cases:
    """Histories, each with the event that came next where that is known.

    The collate is that of the data module that evaluates the model, so that the model is asked with every column that
    it reads, by its own input length, and under its own rule of what leaves the candidates.

    Args:
        collate: gathers histories into batches.
        targets: (C,) the end of each history: the events before it are the history.
        items: (C,) the item that came next, 0 where that is not known.
    """

    collate: HistoryCollate
    targets: Targets
    items: NDArray[np.int32]

    @classmethod
    def of_histories(cls, histories: Sequence[Sequence[int]], max_length: int, seen: str = "full") -> Self:
        """Make cases of plain lists of item_index, which come from no log.

        Args:
            histories: the items of each case, oldest first.
            max_length: longest input, in events.
            seen: which items leave the candidates: ``full``, ``window`` or ``none``.

        >>> Cases.of_histories([[1, 2, 3], [4]], max_length=2).history(0)
        [2, 3]
        """
        log = InteractionLog.from_lists(histories)
        collate = HistoryCollate(log=log, max_length=max_length, seen=seen)
        return cls(collate, Targets(np.arange(log.num_users), log.lengths), np.zeros(log.num_users, np.int32))

    def __len__(self) -> int:
        """Return the number of cases C."""
        return len(self.targets)

    @property
    def users(self) -> NDArray[np.int64]:
        """(C,) the user of each case, by number in the log."""
        return self.targets.users

    @property
    def log(self) -> InteractionLog:
        """The histories that the cases point into."""
        return self.collate.log

    @property
    def max_length(self) -> int:
        """Longest input, in events; older events are not seen by the model."""
        return self.collate.max_length

    @cached_property
    def inputs(self) -> InteractionLog:
        """The whole history of each case, one user per case, also what lies before the input of the model."""
        return self.log.take_users(self.users).first_events(self.targets.input_stops)

    @cached_property
    def times(self) -> NDArray[np.int64] | None:
        """(C,) when the next event came, in seconds since 1970; None for a log without time."""
        if self.log.timestamps is None:
            return None
        return self.log.timestamps[self.log.offsets[self.users] + self.targets.positions]

    def events(self, case: int) -> NDArray[np.int64]:
        """Return where the events that the model sees stand in the flat arrays of the log, oldest first."""
        first = self.log.offsets[self.users[case]]
        stop = first + self.targets.input_stops[case]
        return np.arange(max(first, stop - self.max_length), stop)

    def history(self, case: int) -> list[int]:
        """Return the items that the model sees, oldest first."""
        return self.log.items[self.events(case)].tolist()

    def batch(self, cases: NDArray[np.int64]) -> SequenceBatch:
        """Return the batch that an evaluation would make of some cases."""
        return self.collate(self.targets, self.items, cases)

    def take(self, cases: NDArray[np.int64]) -> Self:
        """Return some of the cases, in the given order."""
        return replace(self, targets=self.targets.take(cases), items=self.items[cases])

    def drawn(self, share: float, seed: int) -> Self:
        """Return a random share of the cases, rounded down, in their order.

        Args:
            share: of the cases, from 0 to 1.
            seed: of the draw.
        """
        order = np.random.default_rng(seed).permutation(len(self))
        return self.take(np.sort(order[: int(len(self) * share)]))
