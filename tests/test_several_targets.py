"""Two test targets a user, on a log whose users come back to items: every program says the same of them."""

import json

import numpy as np
import polars as pl
import pytest
from omegaconf import OmegaConf

from tests.programs import run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """People go round four things of their own; a rare thing that training never saw comes before some targets."""
    folder, random = tmp_path_factory.mktemp("several"), np.random.default_rng(0)
    lines = []
    for user in range(60):
        items = [f"i{item}" for item in np.resize(random.permutation(30)[:4], random.integers(8, 12))]
        if user % 10 == 0:
            items[-2] = f"rare{user}"
        lines.append(" ".join([f"u{user:02}", *items]))
    (folder / "log.txt").write_text("\n".join(lines) + "\n")
    shared = ["data=sequences", "data.path=log.txt", "data.layout=user_per_line", "data/split=leave_last_k"]
    shared += ["trainer=cpu", "logger=none", "baselines=none"]
    for name in ("markov", "popularity"):
        run("train", f"model={name}", *shared, f"hydra.run.dir={folder / 'runs' / name}", cwd=folder)
    return folder


def metrics(path) -> dict:
    return json.loads((path / "metrics.json").read_text())


def test_ranks_are_told_apart_by_position_and_the_protocol_is_what_the_log_asked_for(folder):
    log = {line.split()[0]: line.split()[1:] for line in (folder / "log.txt").read_text().splitlines()}
    ranks = pl.read_parquet(folder / "runs" / "markov" / "per_user.parquet").filter(split="test")
    assert len(ranks) == 120 and ranks.select("user_id", "position").is_unique().all()
    for user, position, item in ranks.select("user_id", "position", "item_id").iter_rows():
        assert log[user][position] == item
    assert metrics(folder / "runs" / "markov")["protocol"]["seen"] == "none"
    assert OmegaConf.load(folder / "runs" / "markov" / "config.yaml").evaluation.seen == "none"


def test_lists_before_each_target_hit_as_often_as_measured_and_seen_tells_them_otherwise(folder):
    place = f"run={folder / 'runs' / 'markov'}"
    for name, more in (("follow", []), ("full", ["seen=full"])):
        run("recommend", place, "history=test", "top_k=5", f"output={folder / name}.parquet", *more, cwd=folder)
    ranks = pl.read_parquet(folder / "runs" / "markov" / "per_user.parquet").filter(split="test")
    keys = ["user_id", "position", "item_id"]
    follow, full = (pl.read_parquet(folder / f"{name}.parquet") for name in ("follow", "full"))
    hits = len(follow.join(ranks, on=keys))
    assert hits / 120 == pytest.approx(metrics(folder / "runs" / "markov")["test/hit_rate@5"]) and hits > 60
    assert len(full.join(ranks, on=keys)) == 0, "all known targets were seen before"


def test_evaluate_and_leaderboard_agree_with_the_runs(folder):
    again = folder / "again" / "markov"
    run("evaluate", f"run={folder / 'runs' / 'markov'}", f"hydra.run.dir={again}", cwd=folder)
    first = metrics(folder / "runs" / "markov")
    assert metrics(again)["test/ndcg@10"] == pytest.approx(first["test/ndcg@10"])
    assert metrics(again)["protocol"]["seen"] == "none"
    runs = f"runs=[{again},{folder / 'runs' / 'popularity'}]"
    run("leaderboard", runs, "against=markov", "num_resamples=200", f"hydra.run.dir={folder / 'board'}", cwd=folder)
    slices = pl.read_csv(folder / "board" / "slices.csv").filter(slice="all", row="markov").to_dicts()[0]
    assert (slices["num_users"], slices["num_targets"]) == (60, 120)
    assert slices["value"] == pytest.approx(first["test/ndcg@10"])
    tests = pl.read_csv(folder / "board" / "comparisons.csv").to_dicts()[0]
    other = metrics(folder / "runs" / "popularity")["test/ndcg@10"]
    assert tests["difference"] == pytest.approx(other - first["test/ndcg@10"])
    assert tests["high"] < 0
