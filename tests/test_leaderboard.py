import json

import polars as pl
import pytest

from tests.finished import finished_run, ranks_of
from tests.programs import TINY, error_of, run


@pytest.fixture(scope="module")
def folder(small_log, tmp_path_factory):
    """A multirun of two learning rates with two seeds each."""
    folder = tmp_path_factory.mktemp("leaderboard")
    arguments = ["data=sequences", f"data.path={small_log}", *TINY, "trainer=cpu", "trainer.max_epochs=1"]
    sweep = ["seed=1,2", "optimizer.lr=0.01,0.0001", f"hydra.sweep.dir={folder / 'runs'}"]
    run("train", "-m", *arguments, *sweep, cwd=folder)
    return folder


def test_a_multirun_is_compared(folder):
    done = run(
        "leaderboard", f"runs={folder}/runs/*", "num_resamples=200", f"hydra.run.dir={folder / 'out'}", cwd=folder
    )
    board = pl.read_csv(folder / "out" / "leaderboard.csv")
    models = board.filter(kind="model")
    assert models["row"].to_list() == ["transformer lr=0.01", "transformer lr=0.0001"]
    assert models["num_runs"].to_list() == [2, 2]
    assert {"markov", "popularity"} <= set(board["row"])
    metrics = [json.loads((folder / "runs" / str(number) / "metrics.json").read_text()) for number in range(4)]
    expected = [metrics[number]["test/ndcg@10"] for number in (0, 2)]
    assert models["test/ndcg@10"][0] == pytest.approx(sum(expected) / 2)
    slices = pl.read_csv(folder / "out" / "slices.csv")
    assert {"all", "history_length", "train_count", "repeat_share", "target_in_history"} == set(slices["slice"])
    whole = slices.filter(slice="all", row="transformer lr=0.01")
    assert whole["value"][0] == pytest.approx(sum(expected) / 2)
    assert (folder / "out" / "config.yaml").is_file()
    assert "reference: transformer lr=0.01" in done.stdout


def test_a_row_is_named_on_the_command_line(folder):
    named = "against='transformer lr=0.0001'"
    run("leaderboard", f"runs={folder}/runs/*", named, f"hydra.run.dir={folder / 'named'}", cwd=folder)
    assert pl.read_csv(folder / "named" / "comparisons.csv")["against"].to_list() == ["transformer lr=0.0001"]


def test_several_globs_and_runs_of_other_data(folder, tmp_path):
    finished_run(tmp_path / "other", ranks=ranks_of(0))
    done = run("leaderboard", f"runs=[{folder}/runs/*,{tmp_path}/*]", cwd=tmp_path, status=1)
    assert "data_fingerprint is " in error_of(done)
    assert "abc in other" in error_of(done)


def test_no_run_is_told_in_one_sentence(tmp_path):
    done = run("leaderboard", f"runs={tmp_path}/*", cwd=tmp_path, status=1)
    assert "matches no finished run among 0 paths; set runs to a glob" in error_of(done)
