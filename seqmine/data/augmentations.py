"""Changes of training histories: each a small random difference that leaves what is to be predicted as it was.

Crop, mask and reorder are those of CL4SRec (Xie et al. 2022, arXiv:2010.14395), insert and substitute those of CoSeRec
(Liu et al. 2021, arXiv:2108.06479). Only what the model sees is changed. A step keeps the event that it is to predict,
or loses it where a change would show it. Steps that a rule in the list keeps are left as they are.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from seqmine.data.partners import Partners
from seqmine.data.rows import TrainingRows
from seqmine.structs import InteractionLog, UserError
from seqmine.structs.bounds import PositiveInt, PositiveShare, ShareBelowOne


@runtime_checkable
class Augmentation(Protocol):
    """Changes training rows at random."""

    def __call__(self, rows: TrainingRows, generator: np.random.Generator) -> TrainingRows:
        """Return changed rows, as many as before and none of them empty."""
        ...


@runtime_checkable
class LearnedAugmentation(Protocol):
    """An augmentation that learns from training, such as which items stand near each other."""

    def prepare(self, training: InteractionLog) -> None:
        """Take the training part of the log, and nothing of the rest."""
        ...


@runtime_checkable
class KeepingRule(Protocol):
    """Stands in the list of augmentations and says which steps the others leave as they are."""

    def find_kept(self, rows: TrainingRows, log: InteractionLog) -> NDArray[np.bool_]:
        """Return (B, L) the steps to keep of rows that point into a log."""
        ...


class Augmentations:
    """The augmentations of a task.

    Args:
        parts: augmentations, applied in their order, and rules of what they all keep.
        log: the histories that rows point into.
        train_stops: (U,) number of training events of each user.
    """

    def __init__(
        self, parts: Mapping[str, Augmentation | KeepingRule], log: InteractionLog, train_stops: NDArray[np.int64]
    ) -> None:
        prepare_augmentations(parts.values(), log, train_stops)
        self.rules = [part for part in parts.values() if isinstance(part, KeepingRule)]
        self.changes = [part for part in parts.values() if isinstance(part, Augmentation)]
        self._log = log

    def mark(self, rows: TrainingRows) -> TrainingRows:
        """Return the rows with the steps marked that are to be kept."""
        kept = rows.kept
        for rule in self.rules:
            kept = kept | rule.find_kept(rows, self._log)
        return replace(rows, kept=kept)

    def __call__(self, rows: TrainingRows, generator: np.random.Generator) -> TrainingRows:
        """Return the rows after all changes."""
        rows = self.mark(rows)
        for change in self.changes:
            rows = change(rows, generator)
        return rows


def prepare_augmentations(
    augmentations: Iterable[Augmentation | KeepingRule], log: InteractionLog, train_stops: NDArray[np.int64]
) -> None:
    """Show the first ``train_stops`` events of each user to the augmentations that learn from them."""
    learning = [augmentation for augmentation in augmentations if isinstance(augmentation, LearnedAugmentation)]
    if learning:
        training = log.first_events(train_stops)
        for augmentation in learning:
            augmentation.prepare(training)


class Crop:
    """Keep a stretch of each history, at a random place that still has something to predict.

    Steps to keep lie all within the stretch, which is made longer where they need it.

    Args:
        share: share of the events that stay, above 0 and at most 1.
    """

    def __init__(self, *, share: PositiveShare) -> None:
        if not 0 < share <= 1:
            raise UserError(f"share is {share}, allowed is 0 < share <= 1")
        self.share = share

    def __call__(self, rows: TrainingRows, generator: np.random.Generator) -> TrainingRows:
        """Return the stretches."""
        steps = np.arange(rows.items.shape[1])
        first_kept = np.where(rows.kept, steps, rows.lengths[:, None]).min(1)
        # The stretch reaches the first step with a target, and all that is to be kept.
        reached = np.maximum(np.argmax(rows.targets >= 0, axis=1), np.where(rows.kept, steps, -1).max(1))
        lengths = np.maximum(1, np.floor(self.share * rows.lengths).astype(np.int64))
        lengths = np.minimum(rows.lengths, np.maximum(lengths, reached - first_kept + 1))
        earliest, latest = np.maximum(0, reached - lengths + 1), np.minimum(rows.lengths - lengths, first_kept)
        return rows.take_steps(generator.integers(earliest, latest + 1), lengths)


class Mask:
    """Hide the items of some events; their place, time and behavior stay.

    Args:
        share: share of the events that are hidden, from 0 and below 1.
    """

    def __init__(self, *, share: ShareBelowOne) -> None:
        self.share = checked_share(share)

    def __call__(self, rows: TrainingRows, generator: np.random.Generator) -> TrainingRows:
        """Return the rows with holes."""
        return replace(rows, items=np.where(draw_steps(rows, self.share, generator), 0, rows.items))


class Reorder:
    """Shuffle a stretch of each history; what the stretch itself would have predicted is not asked.

    Args:
        share: share of the events in the stretch, from 0 and below 1.
    """

    def __init__(self, *, share: ShareBelowOne) -> None:
        self.share = checked_share(share)

    def __call__(self, rows: TrainingRows, generator: np.random.Generator) -> TrainingRows:
        """Return the shuffled rows."""
        lengths = np.floor(self.share * rows.lengths).astype(np.int64)
        starts = generator.integers(0, rows.lengths - lengths + 1)
        steps = np.arange(rows.items.shape[1])
        stretch = (steps >= starts[:, None]) & (steps < (starts + lengths)[:, None])
        moved = stretch & ~rows.kept
        moved &= moved.sum(1, keepdims=True) > 1
        places = np.argsort(~moved, axis=1, kind="stable")
        drawn = np.argsort(np.where(moved, generator.random(moved.shape), 2.0), axis=1, kind="stable")
        order = np.empty_like(places)
        np.put_along_axis(order, places, drawn, 1)
        size = 1 + max(rows.events.max(initial=0), rows.targets.max(initial=0))
        row = np.arange(len(rows))[:, None] * size
        shown = stretch & (rows.targets >= 0) & np.isin(row + rows.targets, (row + rows.events)[moved])
        return replace(
            rows,
            events=np.take_along_axis(rows.events, order, 1),
            items=np.take_along_axis(rows.items, order, 1),
            targets=np.where(shown, -1, rows.targets),
        )


class Substitute:
    """Show in place of some events an item that stood near theirs in training.

    Args:
        share: share of the events, from 0 and below 1.
        max_distance: events apart at most in training.
        num_partners: most frequent partners of an item among which is drawn, by their frequency.
    """

    def __init__(self, *, share: ShareBelowOne, max_distance: PositiveInt, num_partners: PositiveInt) -> None:
        self.share = checked_share(share)
        self.max_distance, self.num_partners = checked_partners(max_distance, num_partners)

    def prepare(self, training: InteractionLog) -> None:
        """Count which items stand near each other."""
        self.partners = Partners(log=training, max_distance=self.max_distance, num_partners=self.num_partners)

    def __call__(self, rows: TrainingRows, generator: np.random.Generator) -> TrainingRows:
        """Return the rows with other items."""
        partners = self.partners.draw(rows.items, generator)
        return replace(rows, items=np.where(draw_steps(rows, self.share, generator), partners, rows.items))


class Insert:
    """Add after some events an item that stood near theirs in training, at the same time and with the same behavior.

    An added event predicts nothing, so that each event is still a target at most once.

    Args:
        share: share of the events after which one is added, from 0 and below 1.
        max_distance: events apart at most in training.
        num_partners: most frequent partners of an item among which is drawn, by their frequency.
        max_length: longest input; older events are cut off.
    """

    def __init__(
        self, *, share: ShareBelowOne, max_distance: PositiveInt, num_partners: PositiveInt, max_length: PositiveInt
    ) -> None:
        self.share = checked_share(share)
        self.max_distance, self.num_partners = checked_partners(max_distance, num_partners)
        self.max_length = max_length

    def prepare(self, training: InteractionLog) -> None:
        """Count which items stand near each other."""
        self.partners = Partners(log=training, max_distance=self.max_distance, num_partners=self.num_partners)

    def __call__(self, rows: TrainingRows, generator: np.random.Generator) -> TrainingRows:
        """Return the longer rows."""
        chosen, partners = draw_steps(rows, self.share, generator), self.partners.draw(rows.items, generator)
        places = np.arange(rows.items.shape[1]) + np.cumsum(chosen, axis=1) - chosen
        lengths = rows.lengths + chosen.sum(1)
        shape = (len(rows), int(lengths.max(initial=1)))
        old, new = np.nonzero(rows.valid), np.nonzero(chosen)

        def spread(values: NDArray[np.int64], added: NDArray[np.int64], padding: int) -> NDArray[np.int64]:
            wide = np.full(shape, padding)
            wide[old[0], places[old]] = values[old]
            wide[new[0], places[new] + 1] = added[new]
            return wide

        longer = TrainingRows(
            events=spread(rows.events, rows.events, -1),
            items=spread(rows.items, partners, 0),
            targets=spread(rows.targets, np.full_like(rows.targets, -1), -1),
            lengths=lengths,
            kept=spread(rows.kept.astype(np.int64), np.zeros_like(rows.items), 0) > 0,
        )
        left = np.minimum(lengths, self.max_length)
        return longer.take_steps(lengths - left, left)


def draw_steps(rows: TrainingRows, share: float, generator: np.random.Generator) -> NDArray[np.bool_]:
    """Return where steps are drawn: ``share`` of each row, rounded down, without replacement, none that is kept."""
    free = rows.valid & ~rows.kept
    noise = np.where(free, generator.random(rows.items.shape), 2.0)
    ranks = np.argsort(np.argsort(noise, axis=1), axis=1)
    return free & (ranks < np.floor(share * rows.lengths)[:, None])


def checked_share(share: float) -> float:
    """Return a share from 0 and below 1, or raise UserError."""
    if not 0 <= share < 1:
        raise UserError(f"share is {share}, allowed is 0 <= share < 1")
    return share


def checked_partners(max_distance: int, num_partners: int) -> tuple[int, int]:
    """Return both numbers when they are from 1, or raise UserError."""
    for setting, value in (("max_distance", max_distance), ("num_partners", num_partners)):
        if value < 1:
            raise UserError(f"{setting} is {value}, allowed are whole numbers from 1")
    return max_distance, num_partners
