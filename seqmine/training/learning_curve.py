"""The learning curve: what each epoch measured, as values."""

from lightning import Callback, LightningModule, Trainer


class LearningCurve(Callback):
    """Remember the metrics of every epoch, the first one first; a resumed run goes on with those before."""

    def __init__(self) -> None:
        self.epochs: list[dict[str, float]] = []

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Remember the metrics of the epoch."""
        self.epochs.append({name: float(value) for name, value in trainer.callback_metrics.items()})

    def state_dict(self) -> dict[str, list[dict[str, float]]]:
        """Keep the epochs in checkpoints."""
        return {"history": self.epochs}

    def load_state_dict(self, state_dict: dict[str, list[dict[str, float]]]) -> None:
        """Go on from the epochs of a checkpoint; those of this run stay when its best checkpoint is tested."""
        self.epochs = self.epochs or list(state_dict["history"])
