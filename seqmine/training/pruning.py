"""A run of a search that tells the search how it goes, and ends early where the search sees no hope in it."""

import json
import logging
import os

from lightning import Callback, LightningModule, Trainer

from seqmine.structs.bounds import PositiveInt

_log = logging.getLogger(__name__)
TRIAL = "SEQMINE_TRIAL"
"""Environment variable of a run of a search: what ``Pruning`` takes, as JSON."""
STUDY = "seqmine"
"""Name of the study of a search in its storage."""
PRUNED = "pruned after epoch"
"""Attribute of a trial that the search ended early."""
_FIRST_TRIALS = 5  # are never ended: they are what others are held against


def pruning_of_search(monitor: str) -> list[Callback]:
    """Return what tells the search of this process how the run goes; nothing where the process is of none.

    Args:
        monitor: the metric that the search looks at.
    """
    told = os.environ.get(TRIAL)
    return [Pruning(**json.loads(told), monitor=monitor)] if told else []


class Pruning(Callback):
    """Report the monitored value of each epoch, and end the training where it is below the median of other runs.

    Optuna's ``MedianPruner`` compares the best value so far with the others at the same epoch. The run goes on to its
    test as one that stopped early, so that what it was good for is known.

    Args:
        storage: address of the study.
        trial: id of the trial in it.
        prune_after: epochs of which a run is sure; None only reports.
        monitor: metric that is reported.
    """

    def __init__(self, *, storage: str, trial: int, prune_after: PositiveInt | None, monitor: str) -> None:
        self.storage, self.trial, self.prune_after, self.monitor = storage, trial, prune_after, monitor

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Report, and stop where the study says so; all processes do what the first one was told."""
        value = trainer.callback_metrics.get(self.monitor)
        hopeless = (
            trainer.is_global_zero and value is not None and self._is_hopeless(float(value), trainer.current_epoch)
        )
        if trainer.strategy.broadcast(hopeless):
            trainer.should_stop = True

    def _is_hopeless(self, value: float, epoch: int) -> bool:
        from optuna import Trial, load_study
        from optuna.pruners import MedianPruner, NopPruner

        sure = self.prune_after
        pruner = NopPruner() if sure is None else MedianPruner(_FIRST_TRIALS, n_warmup_steps=sure - 1)
        trial = Trial(load_study(study_name=STUDY, storage=self.storage, pruner=pruner), self.trial)
        trial.report(value, epoch)
        if not trial.should_prune():
            return False
        trial.set_user_attr(PRUNED, epoch + 1)
        _log.warning("the search ends this run after epoch %d: most others had a better %s", epoch + 1, self.monitor)
        return True
