"""What a training is judged by: it must be measured, and its direction follows from its name."""

import difflib

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import EarlyStopping

from seqmine.metrics.direction import direction
from seqmine.models.module import SequenceModule
from seqmine.structs import UserError
from seqmine.structs.bounds import NonNegativeInt
from seqmine.training.evaluation import RankingEvaluation


class EarlyStop(EarlyStopping):
    """Stop when the monitored value has not become better for some validations.

    Args:
        monitor: what is looked at; see ``direction`` for whether it is to fall or to rise.
        patience: validations without a better value.
        check_finite: stop when the value is not finite.
    """

    def __init__(self, *, monitor: str, patience: NonNegativeInt, check_finite: bool) -> None:
        # an epoch without validation is waited out; what no epoch measures is refused before the first
        super().__init__(
            monitor=monitor, mode=direction(monitor), patience=patience, check_finite=check_finite, strict=False
        )

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Refuse what no epoch measures."""
        require_monitor(self.monitor, trainer, pl_module)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Stop again where a resumed training had stopped already."""
        if self.stopped_epoch > 0 and self.wait_count >= self.patience:
            trainer.should_stop = True


def require_monitor(monitor: str, trainer: Trainer, module: LightningModule) -> None:
    """Refuse to be judged by what no epoch measures.

    Args:
        monitor: a name such as ``val/ndcg@10``.
        trainer: of a fit that starts.
        module: to be trained.

    Raises:
        UserError: with the nearest names that are measured.
    """
    names = measured_names(trainer, module)
    if monitor in names:
        return
    near = difflib.get_close_matches(monitor, names, n=3, cutoff=0.0)
    why = "" if trainer.enable_validation else ", as `trainer.limit_val_batches`=0 leaves validation out"
    raise UserError(f"monitor is {monitor!r}, which no epoch measures{why}; set monitor to {' or '.join(near)}")


def measured_names(trainer: Trainer, module: LightningModule) -> list[str]:
    """Return the names of what each epoch logs and a training can be judged by."""
    evaluations = [callback for callback in trainer.callbacks if isinstance(callback, RankingEvaluation)]  # type: ignore[attr-defined]
    names = [name for evaluation in evaluations if trainer.enable_validation for name in evaluation.validation_names]
    return names + [f"train/{name}" for name in (module.loss_names if isinstance(module, SequenceModule) else ())]
