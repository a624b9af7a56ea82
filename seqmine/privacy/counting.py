"""Counted models with a promise to each user: one release of noisy counts, and nothing else that looks at users."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from lightning import Callback, LightningModule, Trainer

from seqmine.models.baselines.module import BaselineModule
from seqmine.privacy.accountant import Budget
from seqmine.privacy.allowed import require_private_log, require_quiet
from seqmine.structs import UserError
from seqmine.structs.promises import require_delta


@runtime_checkable
class SpendsBudget(Protocol):
    """A recommender that counts with noise, and says what that cost."""

    budget: Budget


class PrivateCounting(Callback):
    """Let a counted model be fitted once within its budget; ``results`` has what was spent."""

    def __init__(self) -> None:
        self._budget: Budget | None = None
        self._released = False

    @property
    def results(self) -> dict[str, float]:
        """Promise, what was spent of it, and how; nothing of a run that did not count."""
        if self._budget is None or not self._budget.spent:
            return {}
        [(noise, rate, steps)] = self._budget.spent
        return {
            "privacy/epsilon": self._budget.epsilon,
            "privacy/epsilon_spent": self._budget.epsilon_spent,
            "privacy/delta": self._budget.delta,
            "privacy/sample_rate": rate,
            "privacy/noise_multiplier": noise,
            "privacy/max_grad_norm": 1.0,
            "privacy/steps": steps,
        }

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Refuse what would look at users beside the release, before anything is counted.

        Raises:
            UserError: another model, a preparation that looks at others to decide about one, a ``delta`` that protects
                nobody, several processes, or numbers that leave the house.
        """
        if stage != "fit":
            return
        recommender = pl_module.recommender if isinstance(pl_module, BaselineModule) else None
        if not isinstance(recommender, SpendsBudget):
            raise UserError(
                f"model is a {type(recommender or pl_module).__name__}, allowed with privacy=counts is "
                "model=private_patterns; change model, or set privacy=dp_sgd"
            )
        if trainer.world_size > 1:
            raise UserError(
                f"trainer.devices is {trainer.world_size}, whose processes would each count with noise of their own; "
                "allowed with privacy=counts is 1: set trainer.devices=1"
            )
        data = trainer.datamodule
        require_private_log(data, "counts")
        require_quiet(trainer, "counts")
        require_delta(recommender.budget.delta, int((data.prepared.split.train_stops > 0).sum()))
        self._budget = recommender.budget

    def state_dict(self) -> dict[str, bool]:
        """Say in checkpoints that their counts were released."""
        return {"released": bool(self._budget is not None and self._budget.spent)}

    def load_state_dict(self, state_dict: Mapping[str, bool]) -> None:
        """Know whether the counts of a checkpoint were released."""
        self._released = state_dict["released"]

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Refuse to pay twice, before anything is counted.

        Raises:
            UserError: the training goes on from a release.
        """
        if self._released:
            raise UserError(
                "ckpt_path or resume goes on from a run whose counts were released, which going on would pay again; "
                "set ckpt_path=null and resume=null"
            )
