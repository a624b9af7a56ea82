"""From stretches of history to a ``SequenceBatch``: the only place where batches are made.

A batch is gathered from the flat arrays in a few vectorized steps; the collate decides what is to be predicted.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqmine.data.splits import Targets
from seqmine.data.windows import Windows
from seqmine.structs import InteractionLog, SequenceBatch, UserError
from seqmine.structs.log import segment_positions


class NextItemCollate:
    """Predict at each position the item that comes next.

    Args:
        log: the histories to gather from.
    """

    def __init__(self, *, log: InteractionLog) -> None:
        self.log = log

    def __call__(self, windows: Windows, rows: NDArray[np.int64]) -> SequenceBatch:
        """Gather the windows of the given rows into a right-padded batch."""
        starts, lengths = windows.starts[rows], windows.stops[rows] - windows.starts[rows] - 1
        positions, valid = _grid(starts, lengths)
        targets = np.where(valid & (positions + 1 >= windows.first_targets[rows][:, None]), positions + 1, -1)
        return SequenceBatch(
            items=_gather(self.log.items, np.where(valid, positions, -1)),
            targets=_gather(self.log.items, targets),
            lengths=torch.from_numpy(lengths),
            user_index=torch.from_numpy(windows.users[rows]),
            behaviors=_gather_optional(self.log.behaviors, np.where(valid, positions, -1)),
            timestamps=_gather_optional(self.log.timestamps, np.where(valid, positions, -1)),
            target_timestamps=_gather_optional(self.log.timestamps, targets),
        )


class HistoryCollate:
    """Predict what follows a history: one target after the last event of each row.

    Args:
        log: the histories to gather from.
        max_length: longest input; older events are cut off.
        seen: which items leave the candidates: ``full`` takes out all that the user had before, ``window`` only those
            inside the input, ``none`` keeps every item.
    """

    def __init__(self, *, log: InteractionLog, max_length: int, seen: str) -> None:
        if seen not in ("full", "window", "none"):
            raise UserError(f"evaluation.seen is {seen!r}, allowed are full, window and none; change evaluation.seen")
        self.log, self.max_length, self.seen = log, max_length, seen

    def __call__(self, targets: Targets, items: NDArray[np.int32], rows: NDArray[np.int64]) -> SequenceBatch:
        """Gather the histories before the given targets into a right-padded batch.

        Args:
            targets: events to predict, or the ends of the histories.
            items: item to predict of each target, 0 where there is none.
            rows: which targets belong to the batch.
        """
        users = targets.users[rows]
        first, stops = self.log.offsets[users], self.log.offsets[users] + targets.positions[rows]
        starts = np.maximum(first, stops - self.max_length)
        positions, valid = _grid(starts, stops - starts)
        positions = np.where(valid, positions, -1)
        lengths = np.maximum(stops - starts, 1)  # an empty history asks from one padded position
        last = np.zeros(positions.shape, np.int64)
        last[np.arange(len(rows)), lengths - 1] = items[rows]
        seen_items, seen_rows = self._seen(first, starts, stops)
        return SequenceBatch(
            items=_gather(self.log.items, positions),
            targets=torch.from_numpy(last),
            lengths=torch.from_numpy(lengths),
            user_index=torch.from_numpy(users),
            seen_items=seen_items,
            seen_rows=seen_rows,
            behaviors=_gather_optional(self.log.behaviors, positions),
            timestamps=_gather_optional(self.log.timestamps, positions),
        )

    def _seen(
        self, first: NDArray[np.int64], starts: NDArray[np.int64], stops: NDArray[np.int64]
    ) -> tuple[Tensor | None, Tensor | None]:
        if self.seen == "none":
            return None, None
        begin = first if self.seen == "full" else starts
        flat = segment_positions(begin, stops - begin)
        rows = np.repeat(np.arange(len(begin)), stops - begin)
        return torch.from_numpy(self.log.items[flat].astype(np.int64)), torch.from_numpy(rows)


def batch_of_histories(histories: Sequence[Sequence[int]], max_length: int, seen: str = "full") -> SequenceBatch:
    """Make a batch to predict from, out of plain lists of item_index.

    >>> batch_of_histories([[1, 2, 3], [4]], max_length=2).items.tolist()
    [[2, 3], [4, 0]]
    """
    log = InteractionLog.from_lists(histories)
    ends = Targets(np.arange(log.num_users), log.lengths)
    collate = HistoryCollate(log=log, max_length=max_length, seen=seen)
    batch = collate(ends, np.zeros(log.num_users, np.int32), np.arange(log.num_users))
    batch.user_index.fill_(-1)
    return batch


def _grid(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return positions (B, L) in the flat arrays, and which of them are real."""
    steps = np.arange(max(1, int(lengths.max(initial=0))))
    return starts[:, None] + steps, steps < lengths[:, None]


def _gather(column: NDArray, positions: NDArray[np.int64]) -> Tensor:
    """Take a column at positions, 0 where the position is -1."""
    values = column[np.maximum(positions, 0)].astype(np.int64) if len(column) else np.zeros(positions.shape, np.int64)
    return torch.from_numpy(np.where(positions < 0, 0, values))


def _gather_optional(column: NDArray | None, positions: NDArray[np.int64]) -> Tensor | None:
    return None if column is None else _gather(column, positions)
