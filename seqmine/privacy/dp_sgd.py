"""Training with a promise to each user (DP-SGD, Abadi et al. 2016, arXiv:1607.00133; one user is one sample).

Differs from the paper in that the sum of gradients is divided by the expected size of a batch, as is usual: the true
size tells who is in it. The catalog (which items there are) and the number of users are taken to be public.

Of several processes each draws a batch and noise of its own, and a step follows the mean of their gradients. It is paid
as one step for each of them, so that an epoch costs the same on any number of processes.
"""

import secrets
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from lightning import Callback, LightningModule, Trainer
from torch import Tensor, nn

from seqmine.data.public_users import PublicUsers
from seqmine.models.module import SequenceModule
from seqmine.privacy.accountant import Budget, Step
from seqmine.privacy.allowed import (
    require_private_data,
    require_private_model,
    require_private_trainer,
)
from seqmine.privacy.canaries import Canaries
from seqmine.privacy.membership import attack, history_losses, one_run_audit
from seqmine.privacy.user_gradients import add_noise, clipped_sum
from seqmine.structs import SequenceBatch, UserError
from seqmine.structs.bounds import NonNegativeInt, PositiveFloat, Seed
from seqmine.structs.promises import require_delta

_CONFIDENCE = 0.95


class PrivateTraining(Callback):
    """Bound what each user adds to a step, add noise, and end the training when the budget is spent.

    The noise is what the whole training needs for ``epsilon``, found when it starts. A training that goes on from a
    checkpoint goes on with its noise and with what is left of its budget. ``results`` has what was spent.

    Args:
        epsilon: most that may be spent, at ``delta``.
        delta: chance that the promise does not hold, below one over the number of users.
        max_grad_norm: most that the gradient of one user may be long.
        canaries: users to plant, of whom half are trained on like others; what they add is noise to the model, and
            makes no difference to the promise to others. When the model is tested, ``results`` has how well an attack
            by the loss tells both halves apart, and the epsilon that this proves at least.
        noise_seed: of the noise; None takes one from the operating system and keeps it nowhere. A number makes runs
            that can be repeated, whose promise holds only towards those who do not know it.

    Raises:
        UserError: a number that is out of range.
    """

    def __init__(
        self,
        *,
        epsilon: PositiveFloat,
        delta: PositiveFloat,
        max_grad_norm: PositiveFloat,
        canaries: NonNegativeInt = 0,
        noise_seed: Seed | None = None,
    ) -> None:
        for name, value in {"epsilon": epsilon, "delta": delta, "max_grad_norm": max_grad_norm}.items():
            if not value > 0:
                raise UserError(f"`{name}` is {value}, allowed are numbers above 0; change `{name}`")
        self.budget = Budget(epsilon, delta)
        self.max_grad_norm = max_grad_norm
        self.noise_multiplier: float | None = None
        self.sample_rate = self.expected_size = 0.0
        self._steps_left = self._num_public = 0
        self._num_processes = 1
        self.num_canaries = canaries
        self.canaries: Canaries | None = None
        self._attack: dict[str, float] = {}
        self._noise_seed = noise_seed
        self._generator: torch.Generator | None = None
        self._throws = np.random.default_rng(0)

    @property
    def results(self) -> dict[str, float]:
        """Promise, what was spent of it, and how; nothing of a run that did not train."""
        if self.noise_multiplier is None:
            return {}
        return {
            "privacy/epsilon": self.budget.epsilon,
            "privacy/epsilon_spent": self.budget.epsilon_spent,
            "privacy/delta": self.budget.delta,
            "privacy/sample_rate": self.sample_rate,
            "privacy/noise_multiplier": self.noise_multiplier,
            "privacy/max_grad_norm": self.max_grad_norm,
            "privacy/steps": self.budget.num_steps,
            **({"privacy/public_users": self._num_public} if self._num_public else {}),
            **self._attack,
        }

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Take the place of the training step, which is all that reads users.

        Raises:
            UserError: a model or data in which one user is not one sample, or a ``delta`` that protects nobody.
        """
        if stage != "fit":
            return
        model = require_private_model(pl_module)
        batching = require_private_data(trainer.datamodule)  # type: ignore[attr-defined]
        num_users = len(trainer.datamodule._training_batches().epoch_windows(0))  # type: ignore[attr-defined]
        require_delta(self.budget.delta, num_users)
        data = trainer.datamodule  # type: ignore[attr-defined]
        if isinstance(data.split, PublicUsers):
            self._num_public = len(np.unique(data.prepared.split.val.users))
        self.sample_rate = batching.sample_rate(num_users)
        self.expected_size = self.sample_rate * num_users
        self._num_processes = trainer.world_size
        self._generator = torch.Generator(pl_module.device).manual_seed(seed_of(self._noise_seed, trainer.global_rank))
        self._throws = np.random.default_rng(seed_of(self._noise_seed, trainer.global_rank))
        if self.num_canaries:
            length = trainer.datamodule.max_length  # type: ignore[attr-defined]
            drawn = Canaries.drawn(self.num_canaries, model.num_items, length, self._throws)
            self.canaries = trainer.strategy.broadcast(drawn)
        model.training_step = self._step_of(model)  # type: ignore[method-assign]

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Find the noise of the training, or the steps that the rest of a budget pays.

        Raises:
            UserError: a budget that is spent, a checkpoint of a training without one, or a trainer that is no use.
        """
        require_private_trainer(trainer)
        planned = (int(trainer.estimated_stepping_batches) - trainer.global_step) * self._num_processes
        if self.noise_multiplier is None and trainer.global_step > 0:
            raise UserError(
                f"ckpt_path is {str(trainer.ckpt_path)!r}, which was trained without privacy, so no promise holds for "
                "it; allowed with privacy=dp_sgd are checkpoints of private trainings: change ckpt_path"
            )
        if self.noise_multiplier is None:
            self.noise_multiplier = self.budget.noise_for(self.sample_rate, planned)
            self._steps_left = planned
            return
        self._steps_left = self.budget.steps_left(self.noise_multiplier, self.sample_rate, planned)
        if self._steps_left < self._num_processes:
            raise UserError(
                f"`epsilon` is {self.budget.epsilon}, of which {self.budget.epsilon_spent:.3f} are spent after "
                f"{self.budget.num_steps} steps, too much for another one; raise `epsilon` or keep the model as it is"
            )

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,  # noqa: ARG002
        outputs: Any,  # noqa: ARG002
        batch: SequenceBatch,  # noqa: ARG002
        batch_idx: int,  # noqa: ARG002
    ) -> None:
        """End the training with the last step that the budget pays."""
        if self._steps_left < self._num_processes:
            trainer.should_stop = True

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Tell planted users that were trained on from those that were not, by the likelihood of their histories."""
        if self.canaries is None or not self.budget.spent:
            return
        scores = -history_losses(require_private_model(pl_module), self.canaries.rows())
        included = self.canaries.included.cpu().numpy()
        found = attack(scores[included], scores[~included], _CONFIDENCE)
        proved = one_run_audit(scores, included, self.budget.delta, _CONFIDENCE)
        self._attack = {
            **{f"privacy/attack_{name}": found[name] for name in ("auc", "auc_low", "auc_high")},
            "privacy/planted_users": len(scores),
            "privacy/epsilon_low": proved["epsilon_low"],
        }

    def state_dict(self) -> dict[str, Any]:
        """Keep what was spent in checkpoints."""
        planted = {} if self.canaries is None else vars(self.canaries)
        spent = [list(step) for step in self.budget.spent]
        return {"spent": spent, "noise_multiplier": self.noise_multiplier, **planted}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from what was spent."""
        spent: list[Step] = [(float(noise), float(rate), int(count)) for noise, rate, count in state_dict["spent"]]
        self.budget.spent, self.noise_multiplier = spent, state_dict["noise_multiplier"]
        if "included" in state_dict:
            self.canaries = Canaries(state_dict["items"], state_dict["included"])

    def private_gradients(
        self, module: SequenceModule, parameters: list[nn.Parameter], batch: SequenceBatch
    ) -> list[Tensor]:
        """Return the gradient that a batch is worth, and count the step, that of each process.

        Args:
            module: to be trained.
            parameters: that are trained.
            batch: users that were drawn, one row each.
        """
        assert self.noise_multiplier is not None
        assert self._generator is not None
        total, _ = clipped_sum(
            lambda user: module.training_losses(user)[0],
            parameters,
            [*batch.rows(), *self._planted()],
            self.max_grad_norm,
        )
        add_noise(total, self.noise_multiplier * self.max_grad_norm, self._generator)
        for _ in range(self._num_processes):
            self.budget.take(self.noise_multiplier, self.sample_rate)
        self._steps_left -= self._num_processes
        torch._foreach_div_(total, self.expected_size)
        return total

    def _planted(self) -> list[SequenceBatch]:
        """Return the canaries that this step draws, among those that are trained on, as it draws users."""
        if self.canaries is None:
            return []
        drawn = self._throws.random(len(self.canaries.included)) < self.sample_rate
        taken = torch.from_numpy(drawn) & self.canaries.included
        return Canaries(self.canaries.items[taken], self.canaries.included[taken]).rows()

    def _step_of(self, module: SequenceModule) -> Any:
        def training_step(batch: SequenceBatch, batch_idx: int) -> Tensor:  # noqa: ARG001
            """Return a number whose gradient is the private one; it says nothing of users itself."""
            parameters = [parameter for parameter in module.parameters() if parameter.requires_grad]
            gradients = self.private_gradients(module, parameters, batch)
            products = [(parameter * gradient).sum() for parameter, gradient in zip(parameters, gradients, strict=True)]
            return torch.stack(products).sum()

        return training_step


def seed_of(noise_seed: int | None, rank: int) -> int:
    """Return the seed of a process: its own, as equal noise would not become smaller in the mean, nor hide as much.

    Args:
        noise_seed: that makes runs repeatable; None takes a seed from the operating system.
        rank: number of the process.

    >>> seed_of(5, 0), seed_of(5, 1)
    (5, 6)
    """
    return secrets.randbits(63) if noise_seed is None else noise_seed + rank
