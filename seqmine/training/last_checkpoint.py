"""The last checkpoint, from which a training that was stopped or killed goes on to the same bits."""

import os
import time
from pathlib import Path
from typing import Any

import torch
from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint
from lightning.pytorch.utilities import rank_zero_only
from torch import nn

from seqmine.structs import SequenceBatch
from seqmine.structs.bounds import PositiveFloat, PositiveInt
from seqmine.training.stop_signals import Requests, Stopped, stop_at_once

NAME, BEFORE = "last.ckpt", "before_last.ckpt"
_FRESH_S = 10.0
_Means = dict[str, tuple[torch.Tensor, torch.Tensor]]


class LastCheckpoint(Checkpoint):
    """Save ``last.ckpt`` after each epoch, within epochs, and when the run is asked to stop; keep the one before it.

    A checkpoint within an epoch is taken between two steps of the optimizer, never at the last batch, whose epoch is
    only whole after its validation. The batch before that one saves what is older than ten seconds, so that a stop
    during a validation loses little.

    Args:
        dirpath: folder of the checkpoints.
        every_n_minutes: saves within an epoch when so much time has passed; None never does.
        every_n_train_steps: saves after so many steps of the optimizer; None never does.
    """

    def __init__(
        self,
        *,
        dirpath: str,
        every_n_minutes: PositiveFloat | None = None,
        every_n_train_steps: PositiveInt | None = None,
    ) -> None:
        self.path = Path(dirpath) / NAME
        self.every_n_minutes, self.every_n_train_steps = every_n_minutes, every_n_train_steps
        self._requests = Requests()
        self._saved_at, self._saved_step = time.monotonic(), -1
        self._means: _Means = {}

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Start the clock; from here on a request to stop waits for the end of a batch."""
        self._saved_at = time.monotonic()
        self._requests.wait()

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,  # noqa: ARG002
        outputs: Any,  # noqa: ARG002
        batch: SequenceBatch,  # noqa: ARG002
        batch_idx: int,
    ) -> None:
        """Save where it is due, and stop where it was asked for."""
        self._go_on_with_means(trainer)
        left = trainer.num_training_batches - batch_idx - 1
        if left == 0 or (batch_idx + 1) % trainer.accumulate_grad_batches:
            return
        number = _largest(trainer, self._requests.number)
        if number or self._is_due(trainer, left <= trainer.accumulate_grad_batches):
            self._save(trainer)
        if number:
            raise Stopped(number)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Stop a validation at once: nothing is learned in it."""
        number = _largest(trainer, self._requests.number) if trainer.training else self._requests.number
        stop_at_once()
        if number:
            raise Stopped(number)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Wait with a stop until the epoch is saved."""
        if trainer.state.fn == "fit":
            self._requests.wait()

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Stop a test at once."""
        stop_at_once()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Save the epoch, after all that was learned of it, and stop where it was asked for."""
        self._save(trainer)
        number = _largest(trainer, self._requests.number)
        if number:
            raise Stopped(number)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Stop at once from here on: the training is kept."""
        number = self._requests.number
        stop_at_once()
        if number:
            raise Stopped(number)

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:  # noqa: ARG002
        """Keep the means of the epoch so far of every process: Lightning keeps none."""
        checkpoint["epoch_means"] = _gathered(_means(trainer))

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:  # noqa: ARG002
        """Go on with the means of an interrupted epoch."""
        kept = checkpoint.get("epoch_means", [])
        self._means = kept[trainer.global_rank] if trainer.state.fn == "fit" and len(kept) == trainer.world_size else {}

    def _go_on_with_means(self, trainer: Trainer) -> None:
        """Add what the epoch had before the interruption, once the first batch has made the places for it."""
        for name, (value, weight) in self._means.items():
            metric = trainer.fit_loop.epoch_loop._results[name]
            metric.value, metric.cumulated_batch_size = metric.value + value, metric.cumulated_batch_size + weight
        self._means = {}

    def _is_due(self, trainer: Trainer, validation_is_near: bool) -> bool:
        if trainer.global_step == self._saved_step:
            return False
        if self.every_n_train_steps is not None and trainer.global_step % self.every_n_train_steps == 0:
            return True
        waits = [_FRESH_S] if validation_is_near else []
        waits += [] if self.every_n_minutes is None else [60 * self.every_n_minutes]
        # clocks differ between processes, and all of them have to save
        return bool(waits) and bool(trainer.strategy.broadcast(time.monotonic() - self._saved_at >= min(waits)))

    def _save(self, trainer: Trainer) -> None:
        _keep_before(self.path)
        trainer.save_checkpoint(self.path)
        self._saved_at, self._saved_step = time.monotonic(), trainer.global_step


def room_of(module: nn.Module) -> int:
    """Return the bytes of the checkpoints of a training: the best, the last, the one before it, and the next one.

    Each has the weights and, of those that are learned, the two means of Adam.
    """
    weights = sum(weight.numel() * weight.element_size() for weight in module.state_dict().values())
    learned = sum(weight.numel() * weight.element_size() for weight in module.parameters() if weight.requires_grad)
    return 4 * (weights + 2 * learned)


@rank_zero_only
def _keep_before(path: Path) -> None:
    """Give the last checkpoint a second name, under which it stays when the next one takes its own."""
    before = path.with_name(BEFORE)
    if not path.is_file():
        return
    before.unlink(missing_ok=True)
    try:
        os.link(path, before)
    except OSError:  # a file system without a second name: for a moment there is the earlier checkpoint alone
        path.replace(before)


def _largest(trainer: Trainer, number: int) -> int:
    """Return the largest of the numbers of all processes; 0 where nobody asked to stop."""
    if trainer.world_size == 1:
        return number
    own = torch.tensor(float(number), device=trainer.strategy.root_device)
    return int(trainer.strategy.reduce(own, reduce_op="max"))


def _means(trainer: Trainer) -> _Means:
    """Return sum and weight of each mean of the epoch so far; nothing at its end, where they are read."""
    loop = trainer.fit_loop.epoch_loop
    if trainer.state.fn != "fit" or loop.batch_progress.is_last_batch:
        return {}
    return {
        name: (metric.value.cpu().clone(), metric.cumulated_batch_size.cpu().clone())
        for name, metric in loop._results.items()
        if name.startswith("training_step.") and metric.is_tensor and metric.meta.is_mean_reduction
    }


def _gathered(means: _Means) -> list[_Means]:
    if not torch.distributed.is_available() or not torch.distributed.is_initialized():
        return [means]
    gathered: list[_Means] = [{} for _ in range(torch.distributed.get_world_size())]
    torch.distributed.all_gather_object(gathered, means)
    return gathered
