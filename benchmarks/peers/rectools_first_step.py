"""Leave after the first training step of RecTools 0.19 on a CSV file: see benchmarks/first_step.py."""

import os
import sys

import pandas as pd
import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import SASRecModel


class FirstStep(Callback):
    def on_train_batch_end(self, *_) -> None:
        os._exit(0)


def trainer() -> pl.Trainer:
    return pl.Trainer(
        max_epochs=1,
        accelerator="cpu",
        callbacks=[FirstStep()],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
    )


frame = pd.read_csv(sys.argv[1])
frame.columns = [Columns.User, Columns.Item, Columns.Datetime]
frame[Columns.Datetime] = pd.to_datetime(frame[Columns.Datetime], unit="s")
frame[Columns.Weight] = 1
SASRecModel(
    n_blocks=2,
    n_heads=1,
    n_factors=64,
    dropout_rate=0.2,
    session_max_len=50,
    loss="sampled_softmax",
    n_negatives=256,
    batch_size=128,
    epochs=1,
    get_trainer_func=trainer,
).fit(Dataset.construct(frame))
