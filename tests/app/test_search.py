from pathlib import Path
from types import SimpleNamespace

import optuna
import polars as pl
import pytest
from omegaconf import OmegaConf

from seqmine.app.search import _open_study, search
from seqmine.structs.files import write_json
from tests.programs import TINY, error_of, run


def test_a_search_proposes_settings_and_goes_on_in_its_folder(small_log, tmp_path):
    mine = tmp_path / "mine" / "optimizer" / "mine.yaml"
    mine.parent.mkdir(parents=True)
    mine.write_text("defaults:\n  - adamw\n")
    arguments = ["-m", "--config-dir", str(tmp_path / "mine"), "optimizer=mine", "sweep=optuna", f"sweep.folder={tmp_path / 'search'}",
                 "sweep.num_trials=1", "data=sequences", f"data.path={small_log}", *TINY, "trainer=smoke", "baselines=none"]  # fmt: skip
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
        (["-m", "sweep=optuna", "--config-name=mine"], "takes no flag but -m; leave --config-name=mine out"),
    ],
)
def test_a_search_that_cannot_be_made_is_told(arguments, sentence, tmp_path):
    assert sentence in error_of(run("train", *arguments, cwd=tmp_path, status=1))


@pytest.mark.parametrize("monitor", ["val/ndcg@10", "val/mrr@10"])
def test_a_search_looks_at_the_metric_that_chooses_and_at_no_test_metric(monitor, tmp_path, monkeypatch):
    """The better a run is on validation, the worse it is on test."""

    def trained(command, **_):
        folder = Path(command[-1].removeprefix("hydra.run.dir=").strip("'"))
        dropout = float(next(word for word in command if word.startswith("model.encoder.dropout=")).split("=")[1])
        folder.mkdir(parents=True)
        OmegaConf.save({"overrides": command[3:-1], "choices": {}}, folder / "command.yaml")
        write_json(folder / "metrics.json", {monitor: dropout, "test/ndcg@10": -dropout, "test/mrr@10": -dropout})
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr("subprocess.run", trained)
    search("train", ["sweep=optuna", f"sweep.folder={tmp_path}", "sweep.num_trials=4", f"monitor={monitor}",
                     "model.encoder.dropout=interval(0.1,0.5)"])  # fmt: skip
    board = pl.read_csv(tmp_path / "leaderboard.csv")
    assert board[monitor].is_sorted(descending=True)
    study = optuna.load_study(study_name="seqmine", storage=f"sqlite:///{tmp_path / 'study.db'}")
    assert study.best_value == board[monitor].max()
    assert sorted(trial.value for trial in study.trials) == sorted(board[monitor])


@pytest.mark.parametrize(("monitor", "best"), [("val/loss", 1.0), ("val/ndcg@10", 3.0)])
def test_a_search_looks_for_what_is_better(monitor, best, tmp_path):
    study = _open_study(tmp_path, OmegaConf.create({"seed": 1}), monitor)
    for value in (2.0, 1.0, 3.0):
        study.tell(study.ask(), value)
    assert study.best_value == best
