"""Time, memory and throughput of a run."""

import resource
import sys
import time

import torch
from lightning import Callback, LightningModule, Trainer

from seqmine.structs import SequenceBatch


class Clock(Callback):
    """Measure seconds of training and validation, useful events a second, and peak memory.

    ``results`` holds ``time/*`` in seconds, ``throughput/events_per_second`` (targets, padding not counted, of all
    devices) and ``memory/peak_mib`` (of this process, or of its GPU).
    """

    def __init__(self) -> None:
        self.train_seconds: list[float] = []
        self.validate_seconds: list[float] = []
        self._run_start = self._epoch_start = self._validate_start = time.perf_counter()
        self._paused = 0.0
        self._events = 0

    @property
    def results(self) -> dict[str, float]:
        """Everything measured so far."""
        train, validate = self.train_seconds, self.validate_seconds
        values = {
            "time/total_s": time.perf_counter() - self._run_start,
            "memory/peak_mib": peak_memory_mib(),
        }
        if train:
            values["time/train_epoch_s"] = sum(train) / len(train)
        if validate:
            values["time/validate_s"] = sum(validate) / len(validate)
        return values

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Start the clock of an epoch."""
        self._epoch_start, self._paused, self._events = time.perf_counter(), 0.0, 0

    def on_train_batch_end(
        self,
        trainer: Trainer,  # noqa: ARG002
        pl_module: LightningModule,  # noqa: ARG002
        outputs: object,  # noqa: ARG002
        batch: SequenceBatch,
        batch_idx: int,  # noqa: ARG002
    ) -> None:
        """Count the targets of the batch."""
        self._events += int((batch.targets > 0).sum())

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Stop the clock of training."""
        self._validate_start = time.perf_counter()

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Take the time of a validation out of that of the epoch."""
        seconds = time.perf_counter() - self._validate_start
        self.validate_seconds.append(seconds)
        self._paused += seconds

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Log the throughput of the epoch."""
        seconds = time.perf_counter() - self._epoch_start - self._paused
        self.train_seconds.append(seconds)
        events = float(self._events) * trainer.world_size
        pl_module.log("throughput/events_per_second", events / seconds, rank_zero_only=True)


def peak_memory_mib() -> float:
    """Return the largest memory that this process, or its GPU, has held, in MiB."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**20
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10
