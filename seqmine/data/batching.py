"""The order in which sequences reach the model: a pure function of seed, epoch and device.

Every batch holds short and long sequences alike: from batches of one length a model learns less. Inside a batch the
rows stand by length, so that a model may compute them in groups that need hardly any padding. Nothing of the order is
kept in a checkpoint: an interrupted epoch goes on where it stopped.
"""

from collections.abc import Callable, Iterator
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import IterableDataset

from seqmine.data.collate import HistoryCollate, TrainingCollate
from seqmine.data.splits import Targets
from seqmine.data.windows import WindowChoice, Windows
from seqmine.structs import InteractionLog, SequenceBatch, UserError


def mixed_batches(
    lengths: NDArray[np.int64], batch_size: int, generator: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Divide rows at random into batches that hold short and long ones alike, each with its shortest rows first.

    The rows are ranked by length and cut into four quarters, and a batch is a small stretch of each quarter: all
    batches have the same mix of lengths, yet rows beside each other in a batch need hardly any padding.

    Args:
        lengths: (W,) number of events of each row.
        batch_size: most rows of a batch; of 99, 96 are used.
        generator: decides the order.
    """
    num_quarters = min(4, batch_size)
    num_batches = -(-len(lengths) // (batch_size - batch_size % num_quarters))
    order = generator.permutation(len(lengths))
    order = order[np.argsort(lengths[order], kind="stable")]
    quarters = []
    for quarter in np.array_split(order, num_quarters):
        stretches = np.array_split(quarter, max(1, num_batches))
        quarters.append([stretches[index] for index in generator.permutation(num_batches)])
    return [np.concatenate(parts) for parts in zip(*quarters, strict=True)]


def token_budget_batches(
    lengths: NDArray[np.int64], batch_size: int, batch_tokens: int, generator: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Divide rows into batches of similar length that cost about the same, in random order.

    Only rows of nearly one length come together, so the number of batches does not depend on chance.

    Args:
        lengths: (W,) number of events of each row.
        batch_size: most rows of a batch.
        batch_tokens: most events of a batch, padding included; a longer row is a batch of its own.
        generator: decides the order.
    """
    order = generator.permutation(len(lengths))
    order = order[np.argsort(-lengths[order], kind="stable")]
    batches, start = [], 0
    while start < len(order):
        rows = min(batch_size, max(1, batch_tokens // max(1, int(lengths[order[start]]))))
        batches.append(order[start : start + rows])
        start += rows
    return [batches[index] for index in generator.permutation(len(batches))]


class Batching:
    """Divides the training sequences of an epoch into batches; says the size of other batches.

    Args:
        batch_size: most sequences of a batch and device.
        batch_tokens: most events of a batch, padding included; None for no such limit. With it a batch holds sequences
            of similar length, from which a model learns less.
        eval_batch_size: histories scored at once.

    Raises:
        UserError: a limit below 1.
    """

    def __init__(self, *, batch_size: int, batch_tokens: int | None = None, eval_batch_size: int = 256) -> None:
        sizes = {"batch_size": batch_size, "batch_tokens": batch_tokens, "eval_batch_size": eval_batch_size}
        for name, value in sizes.items():
            if value is not None and value < 1:
                raise UserError(f"{name} is {value}, allowed are whole numbers from 1")
        self.batch_size, self.batch_tokens, self.eval_batch_size = batch_size, batch_tokens, eval_batch_size

    def divide(self, lengths: NDArray[np.int64], generator: np.random.Generator) -> list[NDArray[np.int64]]:
        """Return the rows of each batch.

        Args:
            lengths: (W,) number of events of each row.
            generator: decides the order.
        """
        if self.batch_tokens is None:
            return mixed_batches(lengths, self.batch_size, generator)
        return token_budget_batches(lengths, self.batch_size, self.batch_tokens, generator)


class TrainingBatches(IterableDataset):
    """The training batches of one device, epoch after epoch.

    Args:
        log: histories to train on.
        train_stops: (U,) number of training events of each user.
        windows: chooses the stretches of an epoch.
        collate: gathers them and decides what is learned.
        max_length: longest input.
        batching: divides the windows of an epoch into batches.
        seed: decides windows, order and what the collate draws.
        rank: number of this device.
        world_size: number of devices; all get the same number of batches, the few left over are dropped.
        progress: returns the epoch and how many of its batches are done.
    """

    def __init__(
        self,
        *,
        log: InteractionLog,
        train_stops: NDArray[np.int64],
        windows: WindowChoice,
        collate: TrainingCollate,
        max_length: int,
        batching: Batching,
        seed: int,
        rank: int,
        world_size: int,
        progress: Callable[[], tuple[int, int]],
    ) -> None:
        self.log, self.train_stops, self.windows, self.collate = log, train_stops, windows, collate
        self.max_length, self.batching, self.seed = max_length, batching, seed
        self.rank, self.world_size, self.progress = rank, world_size, progress
        self._divided: tuple[int, Windows, list[NDArray[np.int64]]] | None = None

    def __len__(self) -> int:
        """Return the batches of an epoch on each device."""
        return max(1, self._num_batches // self.world_size)

    @cached_property
    def _num_batches(self) -> int:
        return len(self._divide(0)[1])  # counted once: Lightning asks often, and a log may be large

    def __iter__(self) -> Iterator[SequenceBatch]:
        """Yield the rest of the present epoch."""
        epoch, done = self.progress()
        windows, batches = self._divide(epoch)
        usable = max(self.world_size, len(batches) // self.world_size * self.world_size)
        mine = range(self.rank, usable, self.world_size)
        for index in mine[done % len(mine) :]:  # a finished epoch starts anew
            drawn = np.random.default_rng((self.seed, epoch, 2, index))
            yield self.collate(windows, batches[index % len(batches)], drawn)

    def epoch_windows(self, epoch: int) -> Windows:
        """Return the windows of an epoch, of all devices."""
        choice = np.random.default_rng((self.seed, epoch, 0))
        return self.windows.choose(self.log.offsets, self.train_stops, self.max_length, choice)

    def _divide(self, epoch: int) -> tuple[Windows, list[NDArray[np.int64]]]:
        """Return the windows of an epoch and the rows of each batch; those of the latest epoch are kept."""
        if self._divided is None or self._divided[0] != epoch:
            windows, order = self.epoch_windows(epoch), np.random.default_rng((self.seed, epoch, 1))
            self._divided = epoch, windows, self.batching.divide(windows.stops - windows.starts - 1, order)
        return self._divided[1:]


class TargetBatches(IterableDataset):
    """The evaluation batches of one device: every target once, on one device only, longest inputs together.

    Args:
        targets: events to predict.
        items: item of each target.
        collate: gathers the histories.
        batch_size: targets a batch.
        rank: number of this device.
        world_size: number of devices.
    """

    def __init__(
        self,
        *,
        targets: Targets,
        items: NDArray[np.int32],
        collate: HistoryCollate,
        batch_size: int,
        rank: int,
        world_size: int,
    ) -> None:
        self.targets, self.items, self.collate, self.batch_size = targets, items, collate, batch_size
        lengths = np.minimum(targets.positions, collate.max_length)
        self.rows = np.argsort(-lengths, kind="stable")[rank::world_size]

    def __len__(self) -> int:
        """Return the number of batches of this device."""
        return (len(self.rows) + self.batch_size - 1) // self.batch_size

    def __iter__(self) -> Iterator[SequenceBatch]:
        """Yield the batches, longest histories first."""
        for start in range(0, len(self.rows), self.batch_size):
            yield self.collate(self.targets, self.items, self.rows[start : start + self.batch_size])
