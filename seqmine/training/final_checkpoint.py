"""The weights after the last step as the checkpoint of a run, where nothing may be chosen."""

from pathlib import Path

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint


class FinalCheckpoint(Checkpoint):
    """Keep the last weights under the name that other programs look for.

    Args:
        dirpath: folder of the checkpoints.
    """

    def __init__(self, *, dirpath: str) -> None:
        self.path = Path(dirpath) / "best.ckpt"

    @property
    def best_model_path(self) -> str:
        """The file, or nothing before the end of a training."""
        return str(self.path) if self.path.is_file() else ""

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Save the weights."""
        trainer.save_checkpoint(self.path)
