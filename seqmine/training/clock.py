"""Time, memory and throughput of a run."""

import resource
import sys
import time

import torch
from lightning import Callback, LightningModule, Trainer

from seqmine.models.module import SequenceModule
from seqmine.structs import SequenceBatch
from seqmine.training.flops import TrainingCost, fastest_peak, training_cost


class Clock(Callback):
    """Measure seconds of training and validation, useful events a second, and peak memory.

    ``results`` holds ``time/*`` in seconds and ``memory/peak_mib`` (of this process, or of its GPU). Each epoch logs,
    and ``throughput`` keeps, ``throughput/events_per_second`` (targets, padding not counted, of all devices) and, of a
    model that is trained, ``throughput/mfu`` (useful arithmetic over the peak of the matrix products of this device,
    measured at the start).
    """

    def __init__(self) -> None:
        self.throughput: dict[str, list[float]] = {}
        self.train_seconds: list[float] = []
        self.validate_seconds: list[float] = []
        self._run_start = self._epoch_start = self._validate_start = time.perf_counter()
        self._paused = 0.0
        self._events = torch.zeros((), dtype=torch.long)
        self._operations = torch.zeros((), dtype=torch.float32)
        self._cost: TrainingCost | None = None
        self._peak = 0.0

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
        self._epoch_start, self._paused = time.perf_counter(), 0.0
        self._events = torch.zeros((), dtype=torch.long, device=pl_module.device)
        self._operations = torch.zeros((), dtype=torch.float32, device=pl_module.device)

    def on_train_batch_start(
        self,
        trainer: Trainer,  # noqa: ARG002
        pl_module: LightningModule,
        batch: SequenceBatch,
        batch_idx: int,  # noqa: ARG002
    ) -> None:
        """Measure the cost of a step and the peak of the device, before the first batch."""
        if self._cost is None and len(batch) and isinstance(pl_module, SequenceModule):
            start = time.perf_counter()
            self._cost = training_cost(pl_module, batch)
            self._peak = fastest_peak(pl_module.device)
            self._paused += time.perf_counter() - start

    def on_train_batch_end(
        self,
        trainer: Trainer,  # noqa: ARG002
        pl_module: LightningModule,  # noqa: ARG002
        outputs: object,  # noqa: ARG002
        batch: SequenceBatch,
        batch_idx: int,  # noqa: ARG002
    ) -> None:
        """Count the targets and the useful arithmetic of the batch, without waiting for the device."""
        self._events += batch.targets.count_nonzero()
        if self._cost is not None:
            self._operations += self._cost.of(batch.lengths, batch.num_targets)

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
        values = {"throughput/events_per_second": float(self._events) * trainer.world_size / seconds}
        if self._cost is not None:
            done = float(self._operations) / seconds
            if done > self._peak:  # others kept the device busy while its peak was measured
                self._peak = max(self._peak, fastest_peak(pl_module.device))
            values["throughput/mfu"] = done / self._peak
        for name, value in values.items():
            self.throughput.setdefault(name, []).append(value)
            pl_module.log(name, value, rank_zero_only=True)


def peak_memory_mib() -> float:
    """Return the largest memory that this process, or its GPU, has held, in MiB."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 2**20
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10
