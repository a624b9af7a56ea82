"""A moving average of the trained weights."""

from typing import Any

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import WeightAveraging
from torch import Tensor

from seqmine.structs.bounds import ShareBelowOne


class AveragedWeights(WeightAveraging):
    """Validate, keep and test an exponential moving average of the weights (Polyak & Juditsky 1992).

    Early on the average follows the weights closely, so that it forgets where they started: after n steps the decay is
    at most (1 + n) / (10 + n). Lightning's callback puts the last trained weights back when the best checkpoint is
    loaded for a test; this one stops when the fit ends, so that what is tested is what was validated and kept.

    Args:
        decay: weight of the average in each step, in [0, 1).
    """

    def __init__(self, *, decay: ShareBelowOne) -> None:
        super().__init__(use_buffers=False, avg_fn=self._mix)
        self.decay = decay

    def _mix(self, averaged: Tensor, current: Tensor, num_averaged: Tensor | int) -> Tensor:
        count = float(num_averaged)
        return averaged.lerp(current, 1 - min(self.decay, (1 + count) / (10 + count)))

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Go on with the average of an interrupted fit; outside a fit the weights of a checkpoint are the average."""
        if self._average_model is not None:
            super().on_load_checkpoint(trainer, pl_module, checkpoint)

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:  # noqa: ARG002
        """Forget the average when the fit ends: the checkpoints hold it."""
        if stage == "fit":
            self._average_model = None
