import json

import polars as pl
import pytest

from tests.finished import finished_run, ranks_of
from tests.programs import TINY, error_of, run


def test_the_runs_of_a_multirun_are_one_row_beside_their_baselines(small_log, tmp_path):
    arguments = ["data=sequences", f"data.path={small_log}", *TINY, "trainer=cpu", "trainer.max_epochs=1"]
    run("train", "-m", *arguments, "seed=1,2", f"hydra.sweep.dir={tmp_path / 'runs'}", cwd=tmp_path)
    done = run("leaderboard", f"runs={tmp_path}/runs/*", f"hydra.run.dir={tmp_path / 'out'}", cwd=tmp_path)
    board = pl.read_csv(tmp_path / "out" / "leaderboard.csv")
    model = board.filter(kind="model").to_dicts()[0]
    assert (model["row"], model["num_runs"]) == ("transformer", 2)
    assert {"markov", "popularity"} <= set(board["row"])
    values = [json.loads((tmp_path / "runs" / seed / "metrics.json").read_text())["test/ndcg@10"] for seed in "01"]
    assert values[0] != values[1]
    assert model["test/ndcg@10"] == pytest.approx(sum(values) / 2)
    slices = pl.read_csv(tmp_path / "out" / "slices.csv")
    assert {
        "all",
        "history_length",
        "train_count",
        "repeat_share",
        "target_in_history",
        "training_events",
        "transitions",
    } == set(slices["slice"])
    assert slices.filter(slice="all")["value"][0] == pytest.approx(sum(values) / 2)
    assert (tmp_path / "out" / "config.yaml").is_file()
    assert "one row has ranks of its users, so nothing is tested" in done.stdout


def test_rows_are_tested_against_the_one_that_is_named(tmp_path):
    for number, dropout in enumerate([0.1, 0.2]):
        finished_run(tmp_path / "runs" / str(number), ranks=ranks_of(number), dropout=dropout)
    named = "against='net dropout=0.2'"
    done = run("leaderboard", f"runs={tmp_path}/runs/*", named, f"hydra.run.dir={tmp_path / 'out'}", cwd=tmp_path)
    assert "reference: net dropout=0.2 (named by against)" in done.stdout
    assert pl.read_csv(tmp_path / "out" / "comparisons.csv")["row"].to_list() == ["net dropout=0.1"]
    assert (tmp_path / "out" / "leaderboard.png").is_file()


def test_runs_of_other_data_are_refused_over_several_globs(tmp_path):
    finished_run(tmp_path / "a" / "1", ranks=ranks_of(0))
    finished_run(tmp_path / "b" / "2", ranks=ranks_of(1), protocol={"data_fingerprint": "other"})
    done = run("leaderboard", f"runs=[{tmp_path}/a/*,{tmp_path}/b/*]", cwd=tmp_path, status=1)
    assert f"data_fingerprint is abc in {tmp_path}/a/1 and other in {tmp_path}/b/2; narrow runs" in error_of(done)
    assert not list(tmp_path.glob("outputs/**/leaderboard.csv"))
