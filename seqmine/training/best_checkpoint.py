"""The best checkpoint, which a resumed run takes over from the run it goes on from."""

import logging
import shutil
from pathlib import Path
from typing import Any, Literal

import torch
from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.utilities import rank_zero_only

from seqmine.metrics.direction import direction
from seqmine.structs.files import write_atomically
from seqmine.training.final_checkpoint import FinalCheckpoint
from seqmine.training.monitor import require_monitor

_log = logging.getLogger(__name__)


class BestCheckpoint(ModelCheckpoint):
    """Keep the checkpoint with the best value of the monitored metric, over all runs that go on from one another.

    Lightning's own callback forgets the best of the earlier run when the run folder changes; a resumed run that
    never improves on it would then end with a worse model than the uninterrupted one.

    Args:
        monitor: what tells the best; see ``direction`` for whether it is the lowest or the highest.
        filename: without its ending; other programs look for this name.
        settings: what else Lightning's callback takes.
    """

    def __init__(self, *, monitor: str, filename: Literal["best"] = "best", **settings: Any) -> None:
        super().__init__(monitor=monitor, mode=direction(monitor), filename=filename, **settings)

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Refuse what no epoch measures."""
        require_monitor(str(self.monitor), trainer, pl_module)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keep the last weights where training ended before the first validation."""
        super().on_train_end(trainer, pl_module)
        if self.best_model_path or trainer.fast_dev_run:  # type: ignore[attr-defined]
            return
        _log.warning("%s was never measured, so the weights of the last step are kept as the best", self.monitor)
        path = Path(str(self.dirpath)) / f"{self.filename}{self.FILE_EXTENSION}"
        trainer.save_checkpoint(path)
        self.best_model_path = str(path)

    @property
    def results(self) -> dict[str, float]:
        """``best_epoch`` and ``best_value`` of a run that trained and was measured."""
        if self.best_model_score is None:
            return {}
        # the file knows its epoch, also the one that a resumed run took over; mapped, its weights are not read
        saved = torch.load(self.best_model_path, map_location="cpu", weights_only=True, mmap=True)
        return {"best_epoch": saved["epoch"], "best_value": float(self.best_model_score)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Copy the best checkpoint of the earlier run into this run's folder and go on from its score."""
        earlier = Path(state_dict["best_model_path"])
        if state_dict["dirpath"] != self.dirpath and earlier.is_file():
            path = Path(str(self.dirpath)) / earlier.name
            _copy(earlier, path)
            score = state_dict["best_model_score"]
            state_dict = {
                **state_dict,
                "dirpath": self.dirpath,
                "best_model_path": str(path),
                "kth_best_model_path": str(path),
                "best_k_models": {str(path): score},
                "last_model_path": "",
            }
        super().load_state_dict(state_dict)


def best_weights(trainer: Trainer) -> str | None:
    """Return the checkpoint that a finished training is measured with; None where it kept none: its last weights."""
    kept = [
        callback for callback in trainer.checkpoint_callbacks if isinstance(callback, BestCheckpoint | FinalCheckpoint)
    ]
    best = next((callback.best_model_path for callback in kept if callback.best_model_path), None)
    if best is None:
        _log.warning("no best checkpoint is kept, so the last weights are measured, and no program takes them up again")
    return best


@rank_zero_only
def _copy(source: Path, destination: Path) -> None:
    write_atomically(destination, lambda temporary: shutil.copyfile(source, temporary))
