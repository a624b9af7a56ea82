"""Time RecTools 0.19's SASRec (PyPI: rectools[torch]==0.19.0) on one sequence file, for side-by-side ratios.

Run it in a virtual environment of its own:
    python rectools_sasrec.py --data beauty.txt.gz --layout user-per-line --max-length 50 --loss softmax --epochs 1
Losses: softmax, sampled_softmax, BCE, gBCE; --ligr makes it eSASRec. Trains on all but the last event (no validation),
then recommends for every user with seen items filtered. Prints one JSON line.
"""

import argparse
import gzip
import json
import resource
import time
from typing import ClassVar

import numpy as np
import pandas as pd
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback
from rectools import Columns
from rectools.dataset import Dataset
from rectools.models import SASRecModel


def read(path: str) -> dict[str, list[int]]:
    opener = gzip.open if path.endswith(".gz") else open
    users: dict[str, list[int]] = {}
    with opener(path, "rt") as lines:
        for line in lines:
            user, *items = line.split()
            users.setdefault(user, []).extend(map(int, items))
    return users


class Clock(Callback):
    train: ClassVar[list[float]] = []  # on the class: RecTools deep-copies the trainer

    def on_train_epoch_start(self, *_) -> None:
        self.start = time.perf_counter()

    def on_train_epoch_end(self, *_) -> None:
        self.train.append(time.perf_counter() - self.start)


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
    parser.add_argument("--loss", default="softmax")
    parser.add_argument("--num-negatives", type=int, default=256)
    parser.add_argument("--ligr", action="store_true")
    parser.add_argument("--epochs", type=int, default=1)
    args = parser.parse_args()
    pl.seed_everything(0)
    users = {u: s for u, s in read(args.data).items() if len(s) >= 4}
    rows = [(u, i, t) for u, s in users.items() for t, i in enumerate(s[:-1])]
    frame = pd.DataFrame(rows, columns=[Columns.User, Columns.Item, Columns.Datetime])
    frame[Columns.Datetime] = pd.to_datetime(frame[Columns.Datetime], unit="D")
    frame[Columns.Weight] = 1
    dataset = Dataset.construct(frame)

    def trainer() -> pl.Trainer:
        return pl.Trainer(
            max_epochs=args.epochs,
            accelerator="cpu",
            callbacks=[Clock()],
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
        )

    extra = {}
    if args.ligr:
        from rectools.models.nn.transformers.ligr import LiGRLayers

        extra = {
            "transformer_layers_type": LiGRLayers,
            "transformer_layers_kwargs": {"ff_factors_multiplier": 4},
            "use_key_padding_mask": True,
        }
    model = SASRecModel(
        n_blocks=args.num_layers,
        n_heads=args.num_heads,
        n_factors=args.embedding_dim,
        dropout_rate=args.dropout,
        session_max_len=args.max_length,
        loss=args.loss,
        n_negatives=args.num_negatives,
        batch_size=args.batch_size,
        epochs=args.epochs,
        get_trainer_func=trainer,
        recommend_torch_device="cpu",
        **extra,
    )
    model.fit(dataset)
    start = time.perf_counter()
    recommended = model.recommend(users=np.array(list(users)), dataset=dataset, k=10, filter_viewed=True)
    recommend_s = time.perf_counter() - start
    target = recommended[Columns.User].map({u: s[-1] for u, s in users.items()})
    hits = recommended[recommended[Columns.Item] == target]
    print(
        json.dumps(
            {
                "peer": "rectools 0.19 SASRecModel",
                "args": vars(args),
                "threads": torch.get_num_threads(),
                "train_epoch_s": Clock.train,
                "recommend_s": recommend_s,
                "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
                "hit_rate_10": len(hits) / len(users),
                "ndcg_10": float((1 / np.log2(hits[Columns.Rank] + 1)).sum() / len(users)),
            }
        )
    )


if __name__ == "__main__":
    main()
