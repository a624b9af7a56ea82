"""A training that ends by the seconds of processor that it has used, so that models compare at equal cost."""

import time

from lightning import Callback, LightningModule, Trainer

from seqmine.structs import SequenceBatch
from seqmine.structs.bounds import PositiveFloat


class ProcessorBudget(Callback):
    """End training once this process has used its seconds of processor, those of its start and validations included.

    On a machine that others use too, time on the clock (``trainer.max_time``) tells who was disturbed; this does not.
    A budget that ends within an epoch measures the weights that it had by then.

    Args:
        processor_s: seconds of processor, of all threads together.
    """

    def __init__(self, *, processor_s: PositiveFloat) -> None:
        self.processor_s = processor_s

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,  # noqa: ARG002
        outputs: object,  # noqa: ARG002
        batch: SequenceBatch,  # noqa: ARG002
        batch_idx: int,  # noqa: ARG002
    ) -> None:
        """End the epoch where the budget is used up; all devices end together."""
        used = time.process_time() >= self.processor_s
        if trainer.strategy.reduce_boolean_decision(used, all=False):
            trainer.should_stop = True
