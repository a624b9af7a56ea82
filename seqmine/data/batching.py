"""The order in which sequences reach the model: a pure function of seed, epoch and device.

Every batch holds short and long sequences alike: from batches of one length a model learns less. Inside a batch the
rows stand by length, so that a model may compute them in groups that need hardly any padding. Nothing of the order is
kept in a checkpoint: an interrupted epoch goes on where it stopped.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from math import ceil

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import IterableDataset

from seqmine.data.collate import HistoryCollate, TrainingCollate
from seqmine.data.targets import Targets
from seqmine.data.windows import WindowChoice, Windows
from seqmine.structs import InteractionLog, SequenceBatch, UserError
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import PositiveInt


def mixed_batches(
    lengths: NDArray[np.int64], batch_size: int, generator: np.random.Generator, num_batches: int | None = None
) -> list[NDArray[np.int64]]:
    """Divide rows at random into batches that hold short and long ones alike, each with its shortest rows first.

    The rows are ranked by length and cut into four quarters, and a batch is a small stretch of each quarter: all
    batches have the same mix of lengths, yet rows beside each other in a batch need hardly any padding.

    Args:
        lengths: (W,) number of events of each row.
        batch_size: most rows of a batch; of 99, 96 are used.
        generator: decides the order.
        num_batches: how many batches to make, whatever their size then is, at most W; None for as many as are needed.
    """
    num_quarters = min(4, batch_size)
    if num_batches is None:
        num_batches = -(-len(lengths) // (batch_size - batch_size % num_quarters))
    while num_quarters > 1 and ceil(len(lengths) / num_quarters) < num_batches:
        num_quarters -= 1  # the first quarter has a row for each batch, so that none comes out empty
    order = generator.permutation(len(lengths))
    order = order[np.argsort(lengths[order], kind="stable")]
    quarters = []
    for quarter in np.array_split(order, num_quarters):
        stretches = np.array_split(quarter, max(1, num_batches))
        quarters.append([stretches[index] for index in generator.permutation(num_batches)])
    return [np.concatenate(parts) for parts in zip(*quarters, strict=True)]


def token_budget_batches(
    lengths: NDArray[np.int64],
    batch_size: int,
    batch_tokens: int,
    generator: np.random.Generator,
    num_batches: int | None = None,
) -> list[NDArray[np.int64]]:
    """Divide rows into batches of similar length that cost about the same, in random order.

    Only rows of nearly one length come together, so the number of batches does not depend on chance.

    Args:
        lengths: (W,) number of events of each row.
        batch_size: most rows of a batch.
        batch_tokens: most events of a batch, padding included; a longer row is a batch of its own.
        generator: decides the order.
        num_batches: how many batches to make, at most W: both limits give way by as many percent as that takes, and
            the largest batches are halved where there are too few; None for as many as are needed.
    """
    order = generator.permutation(len(lengths))
    order = order[np.argsort(-lengths[order], kind="stable")]
    batches = _packed(order, lengths, batch_size, batch_tokens)
    if num_batches is not None:
        looser = 1.0
        while len(batches) > num_batches:
            looser *= 1.01
            batches = _packed(order, lengths, ceil(batch_size * looser), ceil(batch_tokens * looser))
        while len(batches) < num_batches:
            largest = max(range(len(batches)), key=lambda index: len(batches[index]))
            batches[largest : largest + 1] = np.array_split(batches[largest], 2)
    return [batches[index] for index in generator.permutation(len(batches))]


def _packed(
    order: NDArray[np.int64], lengths: NDArray[np.int64], batch_size: int, batch_tokens: int
) -> list[NDArray[np.int64]]:
    batches, start = [], 0
    while start < len(order):
        rows = min(batch_size, max(1, batch_tokens // max(1, int(lengths[order[start]]))))
        batches.append(order[start : start + rows])
        start += rows
    return batches


@bounded
class Batching:
    """Divides the training sequences of an epoch into batches; says the size of other batches.

    The first epoch keeps to the limits; a later one with more windows has as many batches, a few percent larger.

    Args:
        batch_size: most sequences of a batch and device.
        batch_tokens: most events of a batch, padding included; None for no such limit. With it a batch holds sequences
            of similar length, from which a model learns less.
        eval_batch_size: histories scored at once.

    Raises:
        UserError: a limit below 1.
    """

    def __init__(
        self, *, batch_size: PositiveInt, batch_tokens: PositiveInt | None = None, eval_batch_size: PositiveInt = 256
    ) -> None:
        self.batch_size, self.batch_tokens, self.eval_batch_size = batch_size, batch_tokens, eval_batch_size

    def divide(
        self, lengths: NDArray[np.int64], generator: np.random.Generator, num_batches: int | None = None
    ) -> list[NDArray[np.int64]]:
        """Return the rows of each batch.

        Args:
            lengths: (W,) number of events of each row.
            generator: decides the order.
            num_batches: how many batches to make, or one for each row if these are fewer; None for as many as the
                limits need.
        """
        if num_batches is not None:
            num_batches = min(num_batches, len(lengths))
        if self.batch_tokens is None:
            return mixed_batches(lengths, self.batch_size, generator, num_batches)
        return token_budget_batches(lengths, self.batch_size, self.batch_tokens, generator, num_batches)


class TrainingBatches(IterableDataset):
    """The training batches of one device, epoch after epoch: each window in one batch of one device.

    All epochs have as many batches as the first, also where the number of windows changes: Lightning counts them once,
    and would leave out the validation of a shorter epoch and the last batches of a longer one.

    Args:
        log: histories to train on.
        train_stops: (U,) number of training events of each user.
        windows: chooses the stretches of an epoch.
        collate: gathers them and decides what is learned.
        max_length: longest input.
        batching: divides the windows of an epoch into batches.
        seed: decides windows, order and what the collate draws.
        rank: number of this device.
        world_size: number of devices; all get the same number of batches. Only in a later epoch that has fewer windows
            than there are devices are some trained on twice.
        progress: returns the epoch and how many of its batches are done.

    Raises:
        UserError: when batches are counted, that there are fewer windows than devices.
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
        return self._num_batches // self.world_size

    @cached_property
    def _num_batches(self) -> int:
        """Batches of every epoch, of all devices; counted once: Lightning asks often, and a log may be large."""
        windows = self.epoch_windows(0)
        if 0 < len(windows) < self.world_size:
            raise UserError(
                f"trainer.devices is {self.world_size}, and {len(windows)} histories are to be trained on, allowed is "
                f"one for each at least; set trainer.devices to at most {len(windows)}"
            )
        batches = self._batches(0, windows, None)
        if len(batches) % self.world_size == 0:
            self._divided = 0, windows, batches
        return max(1, -(-len(batches) // self.world_size)) * self.world_size

    def __iter__(self) -> Iterator[SequenceBatch]:
        """Yield the rest of the present epoch."""
        epoch, done = self.progress()
        windows, batches = self._divide(epoch)
        mine = range(self.rank, self._num_batches, self.world_size)
        for index in mine[done % len(mine) :]:  # a finished epoch starts anew
            drawn = np.random.default_rng((self.seed, epoch, 2, index))
            yield self.collate(windows, batches[index % len(batches)], drawn)

    def epoch_windows(self, epoch: int) -> Windows:
        """Return the windows of an epoch, of all devices."""
        choice = np.random.default_rng((self.seed, epoch, 0))
        return self.windows.choose(self.log.offsets, self.train_stops, self.max_length, choice)

    def _divide(self, epoch: int) -> tuple[Windows, list[NDArray[np.int64]]]:
        """Return the windows of an epoch and the rows of each batch; those of the latest epoch are kept."""
        num_batches = self._num_batches
        if self._divided is None or self._divided[0] != epoch:
            windows = self.epoch_windows(epoch)
            self._divided = epoch, windows, self._batches(epoch, windows, num_batches)
        return self._divided[1:]

    def _batches(self, epoch: int, windows: Windows, num_batches: int | None) -> list[NDArray[np.int64]]:
        order = np.random.default_rng((self.seed, epoch, 1))
        return self.batching.divide(windows.stops - windows.starts - 1, order, num_batches)


class TargetBatches(IterableDataset):
    """The evaluation batches of one device: every input once with its targets, on one device, longest together.

    The batches of all devices are those of one: in single precision a score depends on what stands in a batch with it.
    A device for which there is no batch gets one without targets, which nobody counts: Lightning would leave out its
    evaluation, and the others would wait for it.

    Args:
        targets: events to predict.
        items: item of each target.
        collate: gathers the histories.
        batch_size: inputs a batch.
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
        self.targets, self.items, self.collate = targets, items, collate
        starts = targets.starts
        lengths = np.minimum(targets.input_stops[starts], collate.max_length)
        rows = starts[np.argsort(-lengths, kind="stable")]
        batches = [rows[start : start + batch_size] for start in range(0, len(rows), batch_size)]
        self._mine, self._uncounted = batches[rank::world_size], batches[-1:] if rank >= len(batches) else []

    def __len__(self) -> int:
        """Return the number of batches of this device."""
        return len(self._mine) + len(self._uncounted)

    def __iter__(self) -> Iterator[SequenceBatch]:
        """Yield the batches, longest histories first."""
        for rows in self._mine:
            yield self.collate(self.targets, self.items, rows)
        for rows in self._uncounted:
            yield self.collate(self.targets, np.zeros_like(self.items), rows)


def counted_batches(batches: Iterable[SequenceBatch], device: torch.device) -> Iterator[SequenceBatch]:
    """Yield batches of validation on a device, but not one without targets, of a process that has none of its own."""
    for batch in batches:
        if batch.last_targets.any():
            yield batch.to(device)
