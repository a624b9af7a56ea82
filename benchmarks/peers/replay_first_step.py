"""Leave after the first training step of RePlay 0.22 on a CSV file: see benchmarks/first_step.py."""

import os
import sys
import tempfile
from pathlib import Path

import lightning as L
import pandas as pd
from lightning.pytorch.callbacks import Callback
from replay.data import FeatureHint, FeatureType
from replay.data.nn import ParquetModule, TensorFeatureInfo, TensorSchema
from replay.nn.lightning import LightningModule
from replay.nn.sequential import SasRec
from replay.nn.transform.template import make_default_sasrec_transforms

LENGTH = 50


class FirstStep(Callback):
    def on_train_batch_end(self, *_) -> None:
        os._exit(0)


frame = pd.read_csv(sys.argv[1]).sort_values(["user_id", "timestamp"], kind="stable")
frame["item_id"], items = pd.factorize(frame["item_id"])
folder = Path(tempfile.mkdtemp())
frame.groupby("user_id", sort=False)["item_id"].agg(list).reset_index().to_parquet(folder / "train.parquet")
schema = TensorSchema(
    [
        TensorFeatureInfo(
            name="item_id",
            is_seq=True,
            padding_value=len(items),
            cardinality=len(items),
            embedding_dim=64,
            feature_type=FeatureType.CATEGORICAL,
            feature_hint=FeatureHint.ITEM_ID,
        )
    ]
)
data = ParquetModule(
    train_path=folder / "train.parquet",
    batch_size=128,
    metadata={"train": {"item_id": {"shape": LENGTH + 1, "padding": len(items)}}},
    transforms=make_default_sasrec_transforms(schema),
)
model = LightningModule(
    SasRec.from_params(
        schema=schema, embedding_dim=64, max_sequence_length=LENGTH, num_heads=1, num_blocks=2, dropout=0.2
    )
)
L.Trainer(
    max_epochs=1,
    accelerator="cpu",
    callbacks=[FirstStep()],
    logger=False,
    limit_val_batches=0,
    enable_checkpointing=False,
    enable_progress_bar=False,
).fit(model, datamodule=data)
