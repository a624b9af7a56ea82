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
from seqmine.data.available import ItemPeriods, not_available
from seqmine.data.gathering import batch_of_rows, gather, gather_columns
from seqmine.data.horizon import Horizon, HorizonTargets, first_of_each
from seqmine.data.rows import TrainingRows, grid, stack_rows, training_rows
from seqmine.data.targets import Targets
from seqmine.data.windows import Windows
from seqmine.structs import InteractionLog, SequenceBatch, UserError
from seqmine.structs.bounds import Share
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
        horizon: predict all that comes within it; None for the next event alone.
        columns: names of the optional columns of the batch that the model reads.
        augmentations: change what the model sees, one after the other.
    """

    def __init__(
        self,
        *,
        log: InteractionLog,
        train_stops: NDArray[np.int64],
        behaviors: Collection[int] | None = None,
        horizon: Horizon | None = None,
        columns: Collection[str] = (),
        augmentations: Mapping[str, Augmentation | KeepingRule] = MappingProxyType({}),
    ) -> None:
        self.log, self.columns = log, columns
        self.augmentations = Augmentations(augmentations, log, train_stops)
        self.targets = NextTargets(log, train_stops, behaviors, horizon)

    def __call__(self, windows: Windows, rows: NDArray[np.int64], generator: np.random.Generator) -> SequenceBatch:
        """Gather the windows of the given rows into a right-padded batch."""
        sequences = self.augmentations(self.targets.rows(windows, rows), generator)
        batch = batch_of_rows(self.log, sequences, windows.users[rows], self.columns)
        return self.targets.of_horizon(batch, sequences)


class MaskedItemCollate:
    """Predict items that are hidden in the middle of a history (Cloze task, as BERT4Rec, Sun et al. 2019).

    A hidden event is a valid position of item 0, and says neither its time nor its behavior. For encoders that see
    both sides; the events of a window that are context alone are never hidden.

    Args:
        log: the histories to gather from.
        train_stops: (U,) number of training events of each user.
        behaviors: numbers of the behaviors whose events are hidden, or None for all.
        horizon: none, since a hidden event is predicted and not what comes.
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
        mask_share: Share,
        last_share: Share,
        behaviors: Collection[int] | None = None,
        horizon: Horizon | None = None,
        columns: Collection[str] = (),
        augmentations: Mapping[str, Augmentation | KeepingRule] = MappingProxyType({}),
    ) -> None:
        for name, share in (("mask_share", mask_share), ("last_share", last_share)):
            if not 0 <= share <= 1:
                raise UserError(f"{name} is {share}, allowed is 0 <= share <= 1")
        if horizon is not None:
            raise UserError(
                f"`features.horizon` is {horizon}, but a task that hides events predicts each of them alone; "
                "set `features.horizon` to null, or choose a model with data/task=next_item"
            )
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
        horizon: predict all that comes within it; None for the next event alone.
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
        horizon: Horizon | None = None,
        columns: Collection[str] = (),
    ) -> None:
        self.log, self.columns = log, columns
        self.augmentations = Augmentations(augmentations, log, train_stops)
        self.targets = NextTargets(log, train_stops, behaviors, horizon)
        if not self.augmentations.changes:
            raise UserError(
                "no augmentation changes anything, but views need a change; set `augmentations`=[crop,mask,reorder]"
            )

    def __call__(self, windows: Windows, rows: NDArray[np.int64], generator: np.random.Generator) -> SequenceBatch:
        """Gather the windows of the given rows and two views of each."""
        sequences, users = self.targets.rows(windows, rows), windows.users[rows]
        marked, changes = self.augmentations.mark(sequences), self.augmentations.changes
        twice = stack_rows([marked, marked])
        choice = generator.integers(0, len(changes), len(twice))
        changed = [
            change(twice.take_rows(np.flatnonzero(choice == number)), generator)
            for number, change in enumerate(changes)
        ]
        views = stack_rows(changed).take_rows(np.argsort(np.argsort(choice, kind="stable")))
        views = replace(views, targets=np.full_like(views.targets, -1))
        batch = self.targets.of_horizon(batch_of_rows(self.log, sequences, users, self.columns), sequences)
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
        never: (V,) which items are never candidates; None for none of them.
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
        never: NDArray[np.bool_] | None = None,
    ) -> None:
        if seen not in ("full", "window", "none"):
            raise UserError(f"seen is {seen!r}, allowed are full, window and none; settle auto before")
        self.log, self.max_length, self.seen = log, max_length, seen
        self.columns, self.seen_behaviors, self.periods, self.never = columns, seen_behaviors, periods, never

    def __call__(self, targets: Targets, items: NDArray[np.int32], rows: NDArray[np.int64]) -> SequenceBatch:
        """Gather the histories before the given targets into a right-padded batch.

        Args:
            targets: events to predict, or the ends of the histories.
            items: item to predict of each target, 0 where there is none.
            rows: which targets belong to the batch; of horizons the first of each, which brings its others.
        """
        users = targets.users[rows]
        first, stops = self.log.offsets[users], self.log.offsets[users] + targets.input_stops[rows]
        starts = np.maximum(first, stops - self.max_length)
        positions, valid = grid(starts, stops - starts)
        positions = np.where(valid, positions, -1)
        lengths = np.maximum(stops - starts, 1)  # an empty history asks from one padded position
        last = np.zeros(positions.shape, np.int64)
        last[np.arange(len(rows)), lengths - 1] = items[rows]
        seen_items, seen_rows = self._seen(first, starts, stops)
        batch = SequenceBatch(
            items=gather(self.log.items, positions),
            targets=torch.from_numpy(last),
            lengths=torch.from_numpy(lengths),
            user_index=torch.from_numpy(users),
            target_positions=torch.from_numpy(targets.places[rows]),
            seen_items=seen_items,
            seen_rows=seen_rows,
            not_available=not_available(self.periods, self.never, targets, rows),
            **gather_columns(self.log, positions, users, self.columns),
        )
        return batch if targets.inputs is None else replace(batch, **_later(targets, items, rows, lengths - 1))

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


class NextTargets:
    """The events to predict after each step of a window: the next one, or all of a horizon.

    Args:
        log: the histories.
        train_stops: (U,) number of training events of each user.
        behaviors: numbers of the behaviors whose events are predicted, or None for all.
        horizon: how far is predicted; None for the next event alone.
    """

    def __init__(
        self,
        log: InteractionLog,
        train_stops: NDArray[np.int64],
        behaviors: Collection[int] | None,
        horizon: Horizon | None,
    ) -> None:
        self.log, self.behaviors = log, None if horizon is not None else behaviors
        self.expand = None if horizon is None else HorizonTargets(horizon, log, train_stops, behaviors)

    def rows(self, windows: Windows, chosen: NDArray[np.int64]) -> TrainingRows:
        """Return the chosen windows with the next event of each step as its target, or the first of its horizon."""
        return training_rows(self.log, windows, chosen, ahead=1, behaviors=self.behaviors)

    def of_horizon(self, batch: SequenceBatch, rows: TrainingRows) -> SequenceBatch:
        """Return a batch of rows with all targets of the horizon."""
        return batch if self.expand is None else replace(batch, **self.expand(rows, batch.user_index.numpy()))


def _later(
    targets: Targets, items: NDArray[np.int32], rows: NDArray[np.int64], last: NDArray[np.int64]
) -> dict[str, Any]:
    """Return the other targets of inputs that are given by their first one, each item once."""
    stops = np.append(targets.starts[1:], len(targets))
    counts = stops[np.searchsorted(targets.starts, rows)] - rows
    every, row = segment_positions(rows, counts), np.repeat(np.arange(len(rows)), counts)
    kept = first_of_each(row, items[every].astype(np.int64))
    kept = kept[np.diff(row[kept], prepend=-1) == 0]
    found = np.stack([row[kept], last[row[kept]], items[every[kept]].astype(np.int64)], axis=1)
    return {
        "later_targets": torch.from_numpy(found),
        "later_positions": torch.from_numpy(targets.places[every[kept]]),
    }
