"""The order in which sequences reach the model: a pure function of seed, epoch and device.

Batches hold sequences of similar length, so that padding is near zero, and are visited in random order. Nothing of the
order is kept in a checkpoint: an interrupted epoch goes on where it stopped.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import IterableDataset

from seqmine.data.collate import HistoryCollate, NextItemCollate
from seqmine.data.splits import Targets
from seqmine.data.windows import WindowChoice, Windows
from seqmine.structs import InteractionLog, SequenceBatch

_POOL_BATCHES = 64  # batches sorted by length together: more lowers padding, fewer mixes sequences more


def length_grouped_batches(
    lengths: NDArray[np.int64], batch_size: int, generator: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Divide rows at random into batches of similar length, in random order.

    Args:
        lengths: (W,) number of events of each row.
        batch_size: rows a batch; the last one may have fewer.
        generator: decides the order.
    """
    order = generator.permutation(len(lengths))
    batches = []
    for start in range(0, len(order), batch_size * _POOL_BATCHES):
        pool = order[start : start + batch_size * _POOL_BATCHES]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        batches += [pool[row : row + batch_size] for row in range(0, len(pool), batch_size)]
    return [batches[index] for index in generator.permutation(len(batches))]


class TrainingBatches(IterableDataset):
    """The training batches of one device, epoch after epoch.

    Args:
        log: histories to train on.
        collate: gathers the windows into batches.
        train_stops: (U,) number of training events of each user.
        windows: chooses the stretches of an epoch.
        max_length: longest input.
        batch_size: sequences a batch and device.
        seed: decides windows and order.
        rank: number of this device.
        world_size: number of devices; all get the same number of batches, the few left over are dropped.
        progress: returns the epoch and how many of its batches are done.
    """

    def __init__(
        self,
        *,
        log: InteractionLog,
        collate: NextItemCollate,
        train_stops: NDArray[np.int64],
        windows: WindowChoice,
        max_length: int,
        batch_size: int,
        seed: int,
        rank: int,
        world_size: int,
        progress: Callable[[], tuple[int, int]],
    ) -> None:
        self.log, self.collate, self.train_stops, self.windows = log, collate, train_stops, windows
        self.max_length, self.batch_size, self.seed = max_length, batch_size, seed
        self.rank, self.world_size, self.progress = rank, world_size, progress

    def __len__(self) -> int:
        """Return the batches of an epoch on each device."""
        count = -(-len(self._choose(0)) // self.batch_size)
        return max(1, count // self.world_size)

    def __iter__(self) -> Iterator[SequenceBatch]:
        """Yield the rest of the present epoch."""
        epoch, done = self.progress()
        windows = self._choose(epoch)
        generator = np.random.default_rng((self.seed, epoch, 1))
        batches = length_grouped_batches(windows.stops - windows.starts, self.batch_size, generator)
        usable = max(self.world_size, len(batches) // self.world_size * self.world_size)
        mine = [batches[index % len(batches)] for index in range(self.rank, usable, self.world_size)]
        for rows in mine[done % len(mine) :]:  # a finished epoch starts anew
            yield self.collate(windows, rows)

    def _choose(self, epoch: int) -> Windows:
        generator = np.random.default_rng((self.seed, epoch, 0))
        return self.windows.choose(self.log.offsets, self.train_stops, self.max_length, generator)


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
