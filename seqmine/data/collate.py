"""From stretches of history to a ``SequenceBatch``: the only place where batches are made.

A batch is gathered from the flat arrays in a few vectorized steps; the collate decides what is to be predicted.
"""

from collections.abc import Collection, Sequence

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
        columns: names of the optional columns of the batch that the model reads.
    """

    def __init__(self, *, log: InteractionLog, columns: Collection[str] = ()) -> None:
        self.log, self.columns = log, columns

    def __call__(self, windows: Windows, rows: NDArray[np.int64]) -> SequenceBatch:
        """Gather the windows of the given rows into a right-padded batch."""
        starts, lengths = windows.starts[rows], windows.stops[rows] - windows.starts[rows] - 1
        positions, valid = _grid(starts, lengths)
        targets = np.where(valid & (positions + 1 >= windows.first_targets[rows][:, None]), positions + 1, -1)
        positions, users = np.where(valid, positions, -1), windows.users[rows]
        return SequenceBatch(
            items=_gather(self.log.items, positions),
            targets=_gather(self.log.items, self.keep_targets(targets)),
            lengths=torch.from_numpy(lengths),
            user_index=torch.from_numpy(users),
            **gather_columns(self.log, positions, users, self.columns),
        )

    def keep_targets(self, targets: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the events to predict as they are: every next event is one."""
        return targets


class NextBehaviorCollate(NextItemCollate):
    """Predict the item that comes next at the positions before an event of one behavior, from events of all kinds.

    Args:
        log: the histories to gather from; they have behaviors.
        behavior: number of the behavior that is predicted.
        columns: names of the optional columns of the batch that the model reads.
    """

    def __init__(self, *, log: InteractionLog, behavior: int, columns: Collection[str] = ()) -> None:
        super().__init__(log=log, columns=columns)
        self.behavior = behavior

    def keep_targets(self, targets: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the events to predict without those of other behaviors."""
        assert self.log.behaviors is not None
        return np.where(self.log.behaviors[np.maximum(targets, 0)] == self.behavior, targets, -1)


class HistoryCollate:
    """Predict what follows a history: one target after the last event of each row.

    Args:
        log: the histories to gather from.
        max_length: longest input; older events are cut off.
        seen: which items leave the candidates: ``full`` takes out all that the user had before, ``window`` only those
            inside the input, ``none`` keeps every item.
        columns: names of the optional columns of the batch that the model reads.
        seen_behavior: number of the behavior by which a user had an item, so that an item that was viewed may still be
            bought; None counts every event.
    """

    def __init__(
        self,
        *,
        log: InteractionLog,
        max_length: int,
        seen: str,
        columns: Collection[str] = (),
        seen_behavior: int | None = None,
    ) -> None:
        if seen not in ("full", "window", "none"):
            raise UserError(f"evaluation.seen is {seen!r}, allowed are full, window and none; change evaluation.seen")
        self.log, self.max_length, self.seen = log, max_length, seen
        self.columns, self.seen_behavior = columns, seen_behavior

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
            **gather_columns(self.log, positions, users, self.columns),
        )

    def _seen(
        self, first: NDArray[np.int64], starts: NDArray[np.int64], stops: NDArray[np.int64]
    ) -> tuple[Tensor | None, Tensor | None]:
        if self.seen == "none":
            return None, None
        begin = first if self.seen == "full" else starts
        flat = segment_positions(begin, stops - begin)
        rows = np.repeat(np.arange(len(begin)), stops - begin)
        if self.seen_behavior is not None and self.log.behaviors is not None:
            had = self.log.behaviors[flat] == self.seen_behavior
            flat, rows = flat[had], rows[had]
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
    """Take a column at positions, 0 where the position is -1; whole numbers become int64."""
    dtype = column.dtype if column.dtype == np.float32 else np.dtype(np.int64)
    values = column[np.maximum(positions, 0)].astype(dtype) if len(column) else np.zeros(positions.shape, dtype)
    return torch.from_numpy(np.where(positions < 0, dtype.type(0), values))


def gather_columns(
    log: InteractionLog, positions: NDArray[np.int64], users: NDArray[np.int64], columns: Collection[str]
) -> dict[str, Tensor]:
    """Return the asked-for optional columns of a batch that the log has.

    Args:
        log: the histories to gather from.
        positions: (B, L) places in the flat arrays, -1 where padded.
        users: (B,) user of each row.
        columns: names of optional fields of ``SequenceBatch``.
    """
    events = {"behaviors": log.behaviors, "timestamps": log.timestamps, "ratings": log.ratings}
    asked = {name: column for name, column in events.items() if name in columns}
    found = {name: _gather(column, positions) for name, column in asked.items() if column is not None}
    if log.users is not None:
        rows = {"user_codes": log.users.codes, "user_values": log.users.values}
        found |= {name: _rows(column, users) for name, column in rows.items() if name in columns}
    return found


def _rows(column: NDArray, users: NDArray[np.int64]) -> Tensor:
    values = np.asarray(column[users])
    return torch.from_numpy(values if values.dtype == np.float32 else values.astype(np.int64))
