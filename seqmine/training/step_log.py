"""The learning rate and the size of the gradient along the steps of a training."""

from lightning import Callback, LightningModule, Trainer
from torch import Tensor, nn
from torch.optim import Optimizer


class StepLog(Callback):
    """Log ``train/lr`` and ``train/gradient_norm``, before it is clipped, every ``trainer.log_every_n_steps`` steps."""

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer) -> None:
        """Log the step that is about to be taken; what is counted takes none."""
        if not trainer.loggers or not optimizer.param_groups or trainer.global_step % trainer.log_every_n_steps:  # type: ignore[attr-defined]
            return
        values = {"train/lr": optimizer.param_groups[0]["lr"], "train/gradient_norm": gradient_norm(pl_module)}
        for logger in trainer.loggers:
            logger.log_metrics(values, step=trainer.global_step)


def gradient_norm(module: nn.Module) -> float:
    """Return the joint norm of the gradients of all parameters, dense and sparse."""
    gradients = [parameter.grad for parameter in module.parameters() if parameter.grad is not None]
    return float(nn.utils.get_total_norm([_values(gradient) for gradient in gradients]))


def _values(gradient: Tensor) -> Tensor:
    # rows that were taken twice must be summed first
    return gradient.coalesce().values() if gradient.is_sparse else gradient
