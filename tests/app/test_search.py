import polars as pl
import pytest

from tests.programs import TINY, error_of, run


def test_a_search_proposes_settings_and_goes_on_in_its_folder(small_log, tmp_path):
    arguments = ["-m", "sweep=optuna", f"sweep.folder={tmp_path / 'search'}", "sweep.num_trials=1", "data=sequences",
                 f"data.path={small_log}", *TINY, "trainer=smoke", "baselines=none"]  # fmt: skip
    space = ["optimizer.lr=tag(log,interval(1e-4,1e-2))", "model.encoder.dropout=0.1,0.3"]
    run("train", *arguments, *space, cwd=tmp_path)
    done = run("train", *arguments, *space, cwd=tmp_path)
    board = pl.read_csv(tmp_path / "search" / "leaderboard.csv")
    assert len(board) == board["overrides"].n_unique() == 2
    assert "best of 2 runs: val/ndcg@10" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["sweep=optuna"], "add -m"),
        (["-m", "sweep=optuna", "optimizer.lr=1e-3"], "nothing to search"),
    ],
)
def test_a_search_that_cannot_be_made_is_told(arguments, sentence, tmp_path):
    assert sentence in error_of(run("train", *arguments, cwd=tmp_path, status=1))
