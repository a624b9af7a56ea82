from types import SimpleNamespace

import pytest
import torch
from lightning import LightningModule, Trainer
from lightning.pytorch.loggers import Logger
from torch import nn

from seqmine.training.step_log import StepLog, gradient_norm


class Kept(Logger):
    name = version = "kept"

    def __init__(self) -> None:
        super().__init__()
        self.rows = []

    def log_hyperparams(self, *_, **__) -> None:
        pass

    def log_metrics(self, metrics, step=None) -> None:
        self.rows.append((step, metrics))


class Line(LightningModule):
    """A weight whose gradient is 10 in every step, which is clipped to 1."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def training_step(self, batch, batch_index):
        return 10 * self.weight.sum()

    def configure_optimizers(self):
        optimizer = torch.optim.SGD(self.parameters(), lr=0.5)
        schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.1)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def test_rate_and_gradient_are_logged_every_few_steps_before_the_clip(tmp_path):
    kept = Kept()
    trainer = Trainer(
        max_epochs=1, accelerator="cpu", callbacks=[StepLog()], logger=kept, gradient_clip_val=1.0, log_every_n_steps=2,
        enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False, default_root_dir=tmp_path,
    )  # fmt: skip
    trainer.fit(Line(), torch.utils.data.DataLoader(torch.zeros(4, 1)))
    assert [(step, row) for step, row in kept.rows if "train/lr" in row] == [
        (0, {"train/lr": 0.5, "train/gradient_norm": 10.0}),
        (2, {"train/lr": pytest.approx(0.005), "train/gradient_norm": 10.0}),
    ]


def test_a_counted_model_takes_no_step():
    kept = Kept()
    trainer = SimpleNamespace(loggers=[kept], global_step=0, log_every_n_steps=1)
    StepLog().on_before_optimizer_step(trainer, nn.Linear(1, 1), SimpleNamespace(param_groups=[]))
    assert kept.rows == []


def test_rows_of_a_sparse_gradient_that_were_taken_twice_are_summed_first():
    table = nn.Embedding(4, 1, sparse=True)
    (3 * table(torch.tensor([1, 1])).sum() + 8 * table(torch.tensor([2])).sum()).backward()
    assert gradient_norm(table) == 10.0
