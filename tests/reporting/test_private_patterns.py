import json

import polars as pl

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
    assert "users are noisy" in told
    assert "epsilon 1 spent at delta 0.001, 50% of it to choose the patterns" in told
    assert not list(run.glob("patterns.parquet")), "exact supports are not written"
