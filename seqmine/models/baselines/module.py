"""Run a baseline like a model: counted instead of trained, through the same evaluation."""

from lightning import LightningModule
from torch import Tensor

from seqmine.structs import Baseline, Catalog, SequenceBatch


class BaselineModule(LightningModule):
    """A recommender that counts the training part once and is measured once, whatever epochs the trainer has.

    Args:
        recommender: has ``fit(log, num_items)`` and ``score(batch)``.
        catalog: the items to recommend.
    """

    def __init__(self, *, recommender: Baseline, catalog: Catalog) -> None:
        super().__init__()
        self.recommender = recommender
        self.catalog = catalog

    def on_fit_start(self) -> None:
        """Count the training part; every device counts the same. More epochs than one with a validation add nothing."""
        self.trainer.fit_loop.max_epochs = self.trainer.check_val_every_n_epoch or 1
        self.recommender.fit(self.trainer.datamodule.prepared.training_log(), self.catalog.num_items)  # type: ignore[attr-defined]

    def score(self, batch: SequenceBatch) -> Tensor:
        """Return the score of each row of the item table after the last event of each row."""
        return self.recommender.score(batch)

    def training_step(self, batch: SequenceBatch, batch_index: int) -> None:
        """Learn nothing more."""

    def validation_step(self, batch: SequenceBatch, batch_index: int) -> Tensor:  # noqa: ARG002
        """Return the scores of the catalog."""
        return self.score(batch)

    def test_step(self, batch: SequenceBatch, batch_index: int) -> Tensor:  # noqa: ARG002
        """Return the scores of the catalog."""
        return self.score(batch)

    def configure_optimizers(self) -> None:
        """Use no optimizer."""
