from types import SimpleNamespace

import pytest
from lightning import Callback

from seqmine.app import fit
from seqmine.app.fit import fit_and_test
from seqmine.app.job import settings_of
from tests.tiny import train


def test_watching_callbacks_come_after_those_of_the_configuration(monkeypatch, tmp_path):
    """The trainer is stopped at its making: whole trainings are tested where programs and Python start them."""
    watching, seen = Callback(), {}

    class StoppedError(Exception):
        pass

    def trainer(callbacks, logger):
        seen.update(callbacks=callbacks, logger=logger)
        raise StoppedError

    config = settings_of("train", [f"hydra.run.dir={tmp_path}"])
    datamodule = SimpleNamespace(catalog="catalog", seen=config.evaluation.seen)
    built = {"module": datamodule, "model": lambda catalog: catalog, "trainer": trainer}
    built |= {"callbacks": {"a": Callback()}, "logger": {}}
    nodes = {id(config.data.module): "module"} | {id(config[name]): name for name in built if name in config}
    for name in ("build", "build_group"):
        monkeypatch.setattr(fit, name, lambda node, trusted: built[nodes[id(node)]])
    for name in ("keep_catalog", "start_from", "Belonging"):
        monkeypatch.setattr(fit, name, lambda *_: "belonging")
    with pytest.raises(StoppedError):
        fit_and_test(config, [watching])
    assert seen["callbacks"] == [built["callbacks"]["a"], "belonging", watching]


def test_callbacks_and_baselines_are_switched_off_by_null(small_log, tmp_path):
    off = ["callbacks.early_stopping=null", "baselines=default", "baselines.markov=null"]
    folder = train(small_log, tmp_path / "run", *off, "trainer.limit_train_batches=2")
    metrics = (folder / "metrics.json").read_text()
    assert "baseline/popularity" in metrics
    assert "baseline/markov" not in metrics
