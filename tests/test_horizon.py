"""A run that predicts several events together: what is measured, delivered and compared is one thing."""

import json

import numpy as np
import polars as pl
import pytest

from tests.programs import run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """People walk round a ring of 24 things, so what comes next is known, in order."""
    folder, random = tmp_path_factory.mktemp("horizon"), np.random.default_rng(0)
    lines = ["user_id,item_id,timestamp"]
    for user in range(80):
        place, day = int(random.integers(24)), 1_700_000_000
        for _ in range(int(random.integers(10, 16))):
            place, day = (place + 1) % 24, day + 86_400 + int(random.integers(9000))
            lines.append(f"u{user:02},i{place},{day}")
    (folder / "log.csv").write_text("\n".join(lines) + "\n")
    shared = ["data=interactions", "data.path=log.csv", "trainer=cpu", "logger=none", "baselines=none"]
    shared += ["evaluation.seen=none", "data.horizon=3"]
    small = ["model.embedding_dim=16", "trainer.max_epochs=12", "optimizer.lr=0.03", "data.batch_size=20"]
    run("train", "model=gru", *small, *shared, f"hydra.run.dir={folder / 'runs' / 'gru'}", cwd=folder)
    run("train", "model=popularity", *shared, f"hydra.run.dir={folder / 'runs' / 'popularity'}", cwd=folder)
    return folder


def metrics(path) -> dict:
    return json.loads((path / "metrics.json").read_text())


def test_the_last_three_events_are_measured_together_and_learned(folder):
    found = metrics(folder / "runs" / "gru")
    ranks = pl.read_parquet(folder / "runs" / "gru" / "per_user.parquet").filter(split="test")
    log = pl.read_csv(folder / "log.csv").group_by("user_id", maintain_order=True).agg("item_id")
    assert ranks.group_by("user_id").agg(pl.col("item_id").sort()).sort("user_id")["item_id"].to_list() == [
        sorted(items[-3:]) for items in log.sort("user_id")["item_id"].to_list()
    ]
    assert ranks.select("user_id", "position").is_unique().all()
    hits = ranks.group_by("user_id").agg(recall=(pl.col("rank") <= 5).mean(), hit=(pl.col("rank") <= 5).any())
    assert found["test/recall@5"] == pytest.approx(hits["recall"].mean())
    assert found["test/hit_rate@5"] == pytest.approx(hits["hit"].mean())
    assert found["test/recall@5"] > 0.6 and found["protocol"]["horizon"] == "3 events"


def test_a_list_before_the_horizon_recalls_as_often_as_measured(folder):
    place = folder / "runs" / "gru"
    run("recommend", f"run={place}", "history=test", "top_k=5", f"output={folder}/lists.parquet", cwd=folder)
    lists = pl.read_parquet(folder / "lists.parquet")
    assert lists["user_id"].n_unique() == 80 and len(lists) == 400
    ranks = pl.read_parquet(place / "per_user.parquet").filter(split="test")
    hits = (
        ranks.join(lists, on=["user_id", "item_id"], how="left")
        .group_by("user_id")
        .agg(pl.col("score").is_not_null().mean())
    )
    assert hits["score"].mean() == pytest.approx(metrics(place)["test/recall@5"])


def test_the_leaderboard_resamples_users_with_their_horizons(folder):
    board = folder / "board"
    run(
        "leaderboard",
        f"runs={folder}/runs/*",
        "metric=recall@5",
        "against=gru",
        "num_resamples=200",
        f"hydra.run.dir={board}",
        cwd=folder,
    )
    tests = pl.read_csv(board / "comparisons.csv").to_dicts()[0]
    one, other = (metrics(folder / "runs" / name)["test/recall@5"] for name in ("gru", "popularity"))
    assert tests["difference"] == pytest.approx(other - one)
    slices = pl.read_csv(board / "slices.csv").filter(slice="all", row="gru").to_dicts()[0]
    assert (slices["num_users"], slices["value"]) == (80, pytest.approx(one))
