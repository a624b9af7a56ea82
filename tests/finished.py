"""Folders of finished runs, written without a training."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from omegaconf import OmegaConf

from seqmine.metrics.comparison import rank_gains

PROTOCOL = {
    "split": "LeaveOneOut", "seen": "full", "ties": "pessimistic", "unseen_targets": "keep", "candidates": "full",
    "max_length": 8, "num_items": 9, "num_test_targets": 40, "data_fingerprint": "abc", "chosen_by": "val/ndcg@10",
}  # fmt: skip
FREE = list(OmegaConf.load(Path(__file__).parent.parent / "conf" / "leaderboard.yaml").free_settings)


def finished_run(
    folder: Path, *, ranks: np.ndarray, val: float = 0.1, name: str = "net", seed: int = 1, dropout: float = 0.5,
    protocol: dict[str, Any] | None = None, metrics: dict[str, float] | None = None, traits: bool = True,
    targets: int = 1, positions: bool = True,
) -> Path:  # fmt: skip
    """Write the folder of a run with the given test ranks, ``targets`` a user."""
    model = {"encoder": {"dropout": dropout}}
    config = {"program": "train", "seed": seed, "run_name": name, "model": model, "paths": {"run": str(folder)}}
    config |= {"data": {"path": f"{folder}.txt", "seed": "${seed}"}, "evaluation": {"seed": 0}}
    (folder / ".hydra").mkdir(parents=True)
    OmegaConf.save(OmegaConf.create(config), folder / ".hydra" / "config.yaml")
    OmegaConf.save(OmegaConf.create(config), folder / "config.yaml", resolve=True)
    found = {f"test/{name}": float(rank_gains(ranks, name).mean()) for name in ("ndcg@10", "hit_rate@10", "mrr@10")}
    found["test/coverage@10"] = 0.5
    costs = {"best_epoch": 3, "parameters": 1234, "time/total_s": 60.0, "memory/peak_mib": 500.0}
    stated = {**PROTOCOL, "seed": seed, **(protocol or {})}
    values = {"val/ndcg@10": val, **found, **costs, **(metrics or {}), "protocol": stated}
    (folder / "metrics.json").write_text(json.dumps(values))
    users = [f"u{place // targets:03}" for place in range(len(ranks))]
    items = [f"i{user % 10}" for user in range(len(ranks))]
    frame = pl.DataFrame({"user_id": users, "split": "test", "item_id": items, "rank": ranks})
    if positions:
        frame = frame.with_columns(position=10 + np.arange(len(ranks)) % targets)
    if traits:
        lengths = np.arange(len(ranks)) % 7
        frame = frame.with_columns(history_length=lengths, repeat_share=lengths / 10, target_in_history=lengths > 5)
        frame = frame.with_columns(training_events=lengths, transitions=lengths // 2)
    frame.sample(fraction=1.0, shuffle=True, seed=seed).write_parquet(folder / "per_user.parquet")
    # item i9 is not in the catalog: training never saw it
    counts = {"item_id": [f"i{item}" for item in range(9)], "item_index": range(1, 10), "train_count": range(1, 10)}
    pl.DataFrame(counts).write_parquet(folder / "catalog.parquet")
    return folder


def ranks_of(seed: int, num_users: int = 40, worst: int = 30) -> np.ndarray:
    """Draw ranks."""
    return np.random.default_rng(seed).integers(1, worst, size=num_users).astype(np.float64)
