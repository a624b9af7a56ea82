import json
from types import SimpleNamespace

import polars as pl
import pytest
from lightning import Callback

from seqmine.training.clock import Clock
from seqmine.training.learning_curve import LearningCurve
from seqmine.training.results import results_of
from tests.tiny import train


class Own(Callback):
    def __init__(self):
        self.results = {"own/number": 3.0}
        self.per_user = {"test": pl.DataFrame({"rank": [1.0]})}


def trainer(*callbacks):
    return SimpleNamespace(callbacks=list(callbacks))


def test_whatever_measures_is_heard():
    curve = LearningCurve()
    curve.epochs.append({"train/loss": 1.0})
    found = results_of(trainer(Callback(), Own(), curve, Clock()))
    assert found.metrics["own/number"] == 3.0
    assert found.metrics["time/total_s"] > 0
    assert found.epochs == [{"train/loss": 1.0}]
    assert found.per_user["test"]["rank"].to_list() == [1.0]


def test_without_any_the_results_are_empty():
    found = results_of(trainer(Callback()))
    assert (found.metrics, found.per_user, found.epochs) == ({}, {}, ())


@pytest.mark.parametrize("left_out", ["learning_curve", "clock", "clock,learning_curve,progress_bar"])
def test_a_training_without_a_callback_keeps_its_results(left_out, small_log, tmp_path, capsys):
    overrides = [f"~callbacks.{name}" for name in left_out.split(",")]
    folder = train(small_log, tmp_path / "run", "trainer.max_epochs=2", *overrides)
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["best_epoch"] in (0, 1)
    assert metrics["best_value"] == pytest.approx(metrics["val/ndcg@10"])
    assert (folder / "per_user.parquet").is_file()
    assert (folder / "learning_curve.png").exists() is ("learning_curve" not in left_out)
    assert ("time/total_s" in metrics) is ("clock" not in left_out)
    assert f"run folder: {folder}" in capsys.readouterr().out.replace("\n", "")
