"""From stretches of history to a ``SequenceBatch``, in few vectorized steps: the collate decides what is predicted."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqmine.data.augmentations import Augmentation, Augmentations, KeepingRule
from seqmine.data.available import ItemPeriods
from seqmine.data.rows import TrainingRows, grid, length_groups, stack_rows, training_rows
from seqmine.data.splits import Targets
from seqmine.data.windows import Windows
from seqmine.structs import InteractionLog, SequenceBatch, UserError
from seqmine.structs.log import segment_positions


@runtime_checkable
class TrainingCollate(Protocol):
    """Decides what is learned: built with the log and its training stops, turns windows into batches."""

    def __call__(self, windows: Windows, rows: NDArray[np.int64], generator: np.random.Generator) -> SequenceBatch:
        """Gather the windows of the given rows into a right-padded batch."""
        ...


class NextItemCollate:
    """Predict at each position the item that comes next.

    Args:
        log: the histories to gather from.
        train_stops: (U,) number of training events of each user.
        behaviors: numbers of the behaviors whose events are predicted, or None for all.
        columns: names of the optional columns of the batch that the model reads.
        augmentations: change what the model sees, one after the other.
    """

    def __init__(
        self,
        *,
        log: InteractionLog,
        train_stops: NDArray[np.int64],
        behaviors: Collection[int] | None = None,
        columns: Collection[str] = (),
        augmentations: Mapping[str, Augmentation | KeepingRule] = MappingProxyType({}),
    ) -> None:
        self.log, self.behaviors, self.columns = log, behaviors, columns
        self.augmentations = Augmentations(augmentations, log, train_stops)

    def __call__(self, windows: Windows, rows: NDArray[np.int64], generator: np.random.Generator) -> SequenceBatch:
        """Gather the windows of the given rows into a right-padded batch."""
        taken = training_rows(self.log, windows, rows, ahead=1, behaviors=self.behaviors)
        sequences = self.augmentations(taken, generator)
        return batch_of_rows(self.log, sequences, windows.users[rows], self.columns)


class MaskedItemCollate:
    """Predict items that are hidden in the middle of a history (Cloze task, as BERT4Rec, Sun et al. 2019).

    A hidden event is a valid position of item 0, and says neither its time nor its behavior. For encoders that see
    both sides; the events of a window that are context alone are never hidden.

    Args:
        log: the histories to gather from.
        train_stops: (U,) number of training events of each user.
        behaviors: numbers of the behaviors whose events are hidden, or None for all.
        columns: names of the optional columns of the batch that the model reads.
        mask_share: chance of an event to be hidden; each row hides at least one.
        last_share: share of the rows that hide their last event alone, as in a recommendation; BERT4Rec has one such
            row beside ten others.
        augmentations: change what the model sees, one after the other, before events are hidden.
    """

    def __init__(
        self,
        *,
        log: InteractionLog,
        train_stops: NDArray[np.int64],
        mask_share: float,
        last_share: float,
        behaviors: Collection[int] | None = None,
        columns: Collection[str] = (),
        augmentations: Mapping[str, Augmentation | KeepingRule] = MappingProxyType({}),
    ) -> None:
        for name, share in (("mask_share", mask_share), ("last_share", last_share)):
            if not 0 <= share <= 1:
                raise UserError(f"{name} is {share}, allowed is 0 <= share <= 1")
        self.log, self.behaviors, self.columns = log, behaviors, columns
        self.mask_share, self.last_share = mask_share, last_share
        self.augmentations = Augmentations(augmentations, log, train_stops)

    def __call__(self, windows: Windows, rows: NDArray[np.int64], generator: np.random.Generator) -> SequenceBatch:
        """Gather the windows of the given rows into a right-padded batch with hidden events."""
        taken = training_rows(self.log, windows, rows, ahead=0, behaviors=self.behaviors)
        sequences = self.augmentations(taken, generator)
        hidden = self._draw_hidden(sequences.targets >= 0, generator)
        sequences = replace(
            sequences,
            events=np.where(hidden, -1, sequences.events),
            items=np.where(hidden, 0, sequences.items),
            targets=np.where(hidden, sequences.targets, -1),
        )
        return batch_of_rows(self.log, sequences, windows.users[rows], self.columns)

    def _draw_hidden(self, allowed: NDArray[np.bool_], generator: np.random.Generator) -> NDArray[np.bool_]:
        noise = np.where(allowed, generator.random(allowed.shape), 2.0)
        last_alone = generator.random(len(allowed)) < self.last_share
        steps = np.arange(allowed.shape[1])
        last = np.where(allowed, steps, -1).max(1, keepdims=True)
        drawn = (noise < self.mask_share) | (noise == noise.min(1, keepdims=True))
        return allowed & np.where(last_alone[:, None], steps == last, drawn)


class TwoViewCollate:
    """Predict the next item, and bring two augmented views of each history (CL4SRec, Xie et al. 2022).

    Args:
        log: the histories to gather from.
        train_stops: (U,) number of training events of each user.
        behaviors: numbers of the behaviors whose events are predicted, or None for all.
        columns: names of the optional columns of the batch that the model reads.
        augmentations: one of them is drawn for each view of each history; what the next item is predicted from stays
            as it is.

    Raises:
        UserError: no augmentation, which leaves both views alike.
    """

    def __init__(
        self,
        *,
        log: InteractionLog,
        train_stops: NDArray[np.int64],
        augmentations: Mapping[str, Augmentation | KeepingRule],
        behaviors: Collection[int] | None = None,
        columns: Collection[str] = (),
    ) -> None:
        self.log, self.behaviors, self.columns = log, behaviors, columns
        self.augmentations = Augmentations(augmentations, log, train_stops)
        if not self.augmentations.changes:
            raise UserError(
                "no augmentation changes anything, but views need a change; set `augmentations`=[crop,mask,reorder]"
            )

    def __call__(self, windows: Windows, rows: NDArray[np.int64], generator: np.random.Generator) -> SequenceBatch:
        """Gather the windows of the given rows and two views of each."""
        sequences = training_rows(self.log, windows, rows, ahead=1, behaviors=self.behaviors)
        users = windows.users[rows]
        marked, changes = self.augmentations.mark(sequences), self.augmentations.changes
        twice = stack_rows([marked, marked])
        choice = generator.integers(0, len(changes), len(twice))
        changed = [
            change(twice.take_rows(np.flatnonzero(choice == number)), generator)
            for number, change in enumerate(changes)
        ]
        views = stack_rows(changed).take_rows(np.argsort(np.argsort(choice, kind="stable")))
        views = replace(views, targets=np.full_like(views.targets, -1))
        batch = batch_of_rows(self.log, sequences, users, self.columns)
        return replace(batch, views=batch_of_rows(self.log, views, np.tile(users, 2), self.columns))


class HistoryCollate:
    """Predict what follows a history: one target after the last event of each row.

    Args:
        log: the histories to gather from.
        max_length: longest input; older events are cut off.
        seen: which items leave the candidates: ``full`` takes out all that the user had before, ``window`` only those
            inside the input, ``none`` keeps every item.
        columns: names of the optional columns of the batch that the model reads.
        seen_behaviors: numbers of the behaviors by which a user had an item, so that an item that was viewed may still
            be bought; None counts every event.
        periods: when each item can be recommended, so that others are no candidates; None for all items at all times.
    """

    def __init__(
        self,
        *,
        log: InteractionLog,
        max_length: int,
        seen: str,
        columns: Collection[str] = (),
        seen_behaviors: Collection[int] | None = None,
        periods: ItemPeriods | None = None,
    ) -> None:
        if seen not in ("full", "window", "none"):
            raise UserError(f"seen is {seen!r}, allowed are full, window and none; settle auto before")
        self.log, self.max_length, self.seen = log, max_length, seen
        self.columns, self.seen_behaviors, self.periods = columns, seen_behaviors, periods

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
        positions, valid = grid(starts, stops - starts)
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
            target_positions=torch.from_numpy(targets.places[rows]),
            seen_items=seen_items,
            seen_rows=seen_rows,
            not_available=None if self.periods is None else self.periods.outside(targets.times_of(rows)),
            **gather_columns(self.log, positions, users, self.columns),
        )

    def _seen(
        self, first: NDArray[np.int64], starts: NDArray[np.int64], stops: NDArray[np.int64]
    ) -> tuple[Tensor | None, Tensor | None]:
        if self.seen == "none":
            return None, None
        begin = first if self.seen == "full" else starts
        flat, rows = segment_positions(begin, stops - begin), np.repeat(np.arange(len(begin)), stops - begin)
        if self.seen_behaviors is not None and self.log.behaviors is not None:
            had = self.log.is_of(flat, self.seen_behaviors)
            flat, rows = flat[had], rows[had]
        return torch.from_numpy(self.log.items[flat].astype(np.int64)), torch.from_numpy(rows)


def batch_of_rows(
    log: InteractionLog, rows: TrainingRows, users: NDArray[np.int64], columns: Collection[str]
) -> SequenceBatch:
    """Make a training batch of rows.

    Args:
        log: the histories that the rows point into.
        rows: what is seen and what is to be predicted.
        users: (B,) user of each row.
        columns: names of optional fields of ``SequenceBatch``.
    """
    return SequenceBatch(
        items=torch.from_numpy(rows.items),
        targets=_gather(log.items, rows.targets),
        lengths=torch.from_numpy(rows.lengths),
        user_index=torch.from_numpy(users),
        groups=length_groups(rows.lengths),
        **gather_columns(log, rows.events, users, columns),
    )


def _gather(column: NDArray, positions: NDArray[np.int64]) -> Tensor:
    """Take a column at positions, 0 where the position is -1; whole numbers become int64."""
    dtype = column.dtype if column.dtype == np.float32 else np.dtype(np.int64)
    values = column[np.maximum(positions, 0)].astype(dtype) if len(column) else np.zeros(positions.shape, dtype)
    return torch.from_numpy(np.where(positions < 0, dtype.type(0), values))


def gather_columns(
    log: InteractionLog, positions: NDArray[np.int64], users: NDArray[np.int64], columns: Collection[str]
) -> dict[str, Any]:
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
