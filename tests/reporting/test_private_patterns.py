import json

import polars as pl
import pytest

from tests.tiny import call


def test_a_private_mining_releases_noisy_counts_and_says_what_was_spent(small_log, tmp_path, capsys):
    asked = ["task=private", "miner.min_count=20", "miner.max_length=2", "task.budget.delta=1e-3", "logger=none"]
    run = call("mine", tmp_path / "run", "data=sequences", f"data.path={small_log}", *asked)
    table = pl.read_parquet(run / "release" / "private_patterns.parquet")
    assert table.columns == ["pattern", "noisy_users"]
    assert len(table) == 20
    about = json.loads((run / "release" / "privacy.json").read_text())
    assert (about["epsilon_spent"], about["delta"], about["noise_is_secret"]) == (1.0, 1e-3, True)
    told = " ".join(capsys.readouterr().out.split())
    assert "Patterns that most users have; users are noisy (95%" in told
    assert "epsilon 1 spent at delta 0.001, 50% of it to choose the patterns" in told
    assert not list(run.glob("patterns.parquet")), "exact supports are not written"


def test_what_a_private_run_spent_and_a_private_mining_are_told_together(small_log, tmp_path, capsys):
    counts = ["privacy=counts", "privacy.epsilon=3", "privacy.delta=1e-3", "model=private_patterns"]
    log = ["data=sequences", f"data.path={small_log}", "data.max_length=8", "trainer=cpu", "logger=none"]
    run = call("train", tmp_path / "run", *log, *counts, "baselines=none")
    asked = ["task=private", "miner.min_count=20", "miner.max_length=2", "task.budget.delta=1e-4", "logger=none"]
    mined = call("mine", tmp_path / "mined", f"run={run}", *asked)
    about = json.loads((mined / "release" / "privacy.json").read_text())
    assert (about["epsilon_of_run"], about["delta_of_run"]) == (pytest.approx(3.0, abs=0.01), 1e-3)
    assert (about["epsilon_together"], about["delta_together"]) == pytest.approx((4.0, 1.1e-3), abs=0.01)
    told = " ".join(capsys.readouterr().out.split())
    spent = f"{about['epsilon_together']:.3f} at delta 0.0011"
    assert f"both together spent epsilon {spent}; only release/ may leave the run folder" in told
