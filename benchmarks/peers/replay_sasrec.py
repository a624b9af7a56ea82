"""Time RePlay 0.22's SASRec (PyPI: replay-rec[torch]==0.22.0) on one sequence file, for side-by-side ratios.

Run it in a virtual environment of its own:
    python replay_sasrec.py --data beauty.txt.gz --layout user-per-line --max-length 50 --epochs 1
Validation ranks all items but those of the history, as ours does (--keep-seen leaves them in). Prints one JSON line:
seconds per training epoch, seconds per validation pass, validation NDCG@10 of each epoch, peak memory (MiB).
"""

import argparse
import gzip
import json
import resource
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import lightning as L
import pandas as pd
import torch
from lightning.pytorch.callbacks import Callback
from replay.data import FeatureHint, FeatureType
from replay.data.nn import ParquetModule, TensorFeatureInfo, TensorSchema
from replay.nn.lightning import LightningModule
from replay.nn.lightning.callback import ComputeMetricsCallback
from replay.nn.lightning.postprocessor import SeenItemsFilter
from replay.nn.sequential import SasRec
from replay.nn.transform.template import make_default_sasrec_transforms


def read(path: str, layout: str) -> list[list[int]]:
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rt") as lines:
        if layout == "user-per-line":
            return [[int(x) for x in line.split()[1:]] for line in lines]
        users: dict[str, list[int]] = {}
        for line in lines:
            user, item = line.split()
            users.setdefault(user, []).append(int(item))
        return list(users.values())


class Clock(Callback):
    def __init__(self) -> None:
        self.train: list[float] = []
        self.validation: list[float] = []
        self.ndcg: list[float] = []

    def on_train_epoch_start(self, *_) -> None:
        self.start = time.perf_counter()

    def on_validation_start(self, trainer, *_) -> None:
        if not trainer.sanity_checking:
            self.train.append(time.perf_counter() - self.start)
            self.validation_start = time.perf_counter()

    def on_validation_end(self, trainer, *_) -> None:
        if not trainer.sanity_checking:
            self.validation.append(time.perf_counter() - self.validation_start)
            self.ndcg.append(float(trainer.callback_metrics["ndcg@10"]))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--layout", choices=["user-per-line", "event-per-line"], required=True)
    parser.add_argument("--embedding-dim", type=int, default=64)
    parser.add_argument("--num-layers", type=int, default=2)
    parser.add_argument("--num-heads", type=int, default=1)
    parser.add_argument("--max-length", type=int, default=50)
    parser.add_argument("--dropout", type=float, default=0.2)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--minutes", type=float, help="stop after this time")
    parser.add_argument("--keep-seen", action="store_true")
    args = parser.parse_args()
    L.seed_everything(0)
    sequences = [s for s in read(args.data, args.layout) if len(s) >= 4]
    items = {item: index for index, item in enumerate(sorted({i for s in sequences for i in s}))}
    encoded = [[items[i] for i in s] for s in sequences]
    num_items = len(items)
    folder = Path(tempfile.mkdtemp())
    pd.DataFrame({"user_id": range(len(encoded)), "item_id": [s[:-2] for s in encoded]}).to_parquet(
        folder / "train.parquet"
    )
    pd.DataFrame(
        {
            "user_id": range(len(encoded)),
            "item_id": [s[:-2] for s in encoded],
            "ground_truth": [[s[-2]] for s in encoded],
            "seen_ids": [s[:-2] for s in encoded],
        }
    ).to_parquet(folder / "validate.parquet")
    schema = TensorSchema(
        [
            TensorFeatureInfo(
                name="item_id",
                is_seq=True,
                padding_value=num_items,
                cardinality=num_items,
                embedding_dim=args.embedding_dim,
                feature_type=FeatureType.CATEGORICAL,
                feature_hint=FeatureHint.ITEM_ID,
            )
        ]
    )
    data = ParquetModule(
        train_path=folder / "train.parquet",
        validate_path=folder / "validate.parquet",
        batch_size=args.batch_size,
        metadata={
            "train": {"item_id": {"shape": args.max_length + 1, "padding": num_items}},
            "validate": {
                "item_id": {"shape": args.max_length, "padding": num_items},
                "ground_truth": {"shape": 1, "padding": -1},
                "seen_ids": {"shape": max(map(len, encoded)), "padding": -1},
            },
        },
        transforms=make_default_sasrec_transforms(schema),
    )
    model = LightningModule(
        SasRec.from_params(
            schema=schema,
            embedding_dim=args.embedding_dim,
            max_sequence_length=args.max_length,
            num_heads=args.num_heads,
            num_blocks=args.num_layers,
            dropout=args.dropout,
        )
    )
    clock = Clock()
    metrics = ComputeMetricsCallback(
        metrics=["recall", "ndcg"],
        ks=[10],
        postprocessors=[] if args.keep_seen else [SeenItemsFilter(num_items)],
        item_count=num_items,
        verbose=False,
    )
    trainer = L.Trainer(
        max_epochs=args.epochs,
        max_time=args.minutes and timedelta(minutes=args.minutes),
        accelerator="cpu",
        callbacks=[metrics, clock],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    trainer.fit(model, datamodule=data)
    print(
        json.dumps(
            {
                "peer": "replay 0.22 SasRec, full cross-entropy",
                "args": vars(args),
                "threads": torch.get_num_threads(),
                "train_epoch_s": clock.train,
                "validation_s": clock.validation,
                "ndcg": clock.ndcg,
                "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                "metrics": {k: float(v) for k, v in trainer.callback_metrics.items()},
            }
        )
    )


if __name__ == "__main__":
    main()
