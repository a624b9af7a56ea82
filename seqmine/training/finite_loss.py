"""Stop a training that diverged before it spoils the weights."""

import torch
from lightning import Callback, LightningModule, Trainer
from torch import Tensor

from seqmine.structs import UserError


class FiniteLoss(Callback):
    """Raise when the loss is NaN or infinite, before the optimizer steps."""

    def on_before_backward(self, trainer: Trainer, pl_module: LightningModule, loss: Tensor) -> None:  # noqa: ARG002
        """Look at the loss of the batch."""
        if not torch.isfinite(loss):
            raise UserError(
                f"the training loss is {loss.item()} in epoch {trainer.current_epoch}, step {trainer.global_step}; "
                "the last checkpoint is kept: lower `optimizer.lr` or `trainer.gradient_clip_val`"
            )

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Refuse to start from weights that are not finite."""
        broken = [name for name, value in pl_module.named_parameters() if not _is_finite(value)]
        if broken:
            raise UserError(f"the weights {broken[0]} are not finite; start from another ckpt_path")


def _is_finite(values: Tensor) -> bool:
    """Tell whether all values are finite, without a copy of a large table."""
    return values.numel() == 0 or all(bool(bound.isfinite()) for bound in torch.aminmax(values.detach()))
