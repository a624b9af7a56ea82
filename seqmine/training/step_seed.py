"""Randomness of training as a function of seed, step and device."""

import torch
from lightning import Callback, LightningModule, Trainer

from seqmine.structs import SequenceBatch
from seqmine.structs.bounds import Seed


class StepSeed(Callback):
    """Seed torch before each batch, so that a resumed run draws what the uninterrupted one would have.

    Nothing random is kept in a checkpoint: dropout and negatives depend on the number of the batch alone.

    Args:
        seed: of the run.
    """

    def __init__(self, *, seed: Seed) -> None:
        self.seed = seed

    def on_train_batch_start(
        self,
        trainer: Trainer,
        pl_module: LightningModule,  # noqa: ARG002
        batch: SequenceBatch,  # noqa: ARG002
        batch_idx: int,
    ) -> None:
        """Seed by epoch, batch and device."""
        torch.manual_seed(hash((self.seed, trainer.current_epoch, batch_idx, trainer.global_rank)) % 2**63)
