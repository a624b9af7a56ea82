import logging
import warnings

import pytest
import torch
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf

from seqmine.app.job import job, plain_errors, quiet, settings_of
from seqmine.runs.components import build
from seqmine.runs.folder import read_command, read_config
from seqmine.structs import UserError


def test_a_job_leaves_what_later_programs_read_and_nothing_of_hydra(tmp_path):
    with job("train", ["model=gru", f"hydra.run.dir={tmp_path / 'run'}", "optimizer.lr=0.5"]) as config:
        assert config.paths.run == str(tmp_path / "run")
        assert config.run_name == "gru"
        assert "hydra" not in config
        OmegaConf.save(OmegaConf.to_container(config, resolve=True), tmp_path / "run" / "config.yaml")
        logging.getLogger("seqmine.somewhere").info("told to the log")
    assert not GlobalHydra.instance().is_initialized()
    assert not HydraConfig.initialized()
    kept = read_config(str(tmp_path / "run"))
    assert (kept.run_name, kept.optimizer.lr, kept.paths.run) == ("gru", 0.5, str(tmp_path / "run"))
    kept.seed = 7
    assert kept.data.module.seed == 7  # references between settings are alive
    written = OmegaConf.load(tmp_path / "run" / ".hydra" / "config.yaml")
    assert OmegaConf.to_container(written)["run_name"] == "${hydra:runtime.choices.model}"
    assert OmegaConf.load(tmp_path / "run" / ".hydra" / "overrides.yaml") == ["model=gru", "optimizer.lr=0.5"]
    command = read_command(str(tmp_path / "run"))
    assert command["overrides"][0] == "model=gru"
    assert command["choices"]["model"] == "gru"
    assert "told to the log" in (tmp_path / "run" / "events.log").read_text()


def test_settings_alone_leave_no_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = settings_of("recommend", ["run=x", "hydra.run.dir=y"])
    assert config.paths.run == str(tmp_path / "y")
    assert not list(tmp_path.iterdir())


def test_checkpoints_stay_in_the_folder_of_the_run_in_python_too():
    with pytest.raises(UserError, match=r"callbacks\.checkpoint\.dirpath is y, allowed is the folder checkpoints"):
        settings_of("train", ["hydra.run.dir=x", "callbacks.checkpoint.dirpath=y"])


def test_what_is_the_callers_stays(capfd):
    logger = logging.getLogger("seqmine")
    before = (logger.level, logger.propagate, list(logger.handlers), list(warnings.filters), torch.get_rng_state())
    with quiet():
        torch.manual_seed(3)
        logger.info("for nobody")
        logging.getLogger("lightning.pytorch.utilities").info("for nobody either")
        warnings.warn_explicit("not for a caller", UserWarning, "x", 1, module="lightning.pytorch.trainer")
        logger.warning("for the caller")
    after = (logger.level, logger.propagate, list(logger.handlers), list(warnings.filters), torch.get_rng_state())
    assert before[:4] == after[:4]
    assert torch.equal(before[4], after[4])
    assert "nobody" not in capfd.readouterr().err


def test_warnings_reach_the_loggers_of_the_caller(caplog):
    with quiet():
        logging.getLogger("seqmine.data").warning("3 rows are dropped")
        logging.getLogger("seqmine.data").info("a detail")
    assert [record.message for record in caplog.records] == ["3 rows are dropped"]


def test_a_mistake_is_raised_as_it_is():
    mistake = UserError("x is 1")

    def build():
        try:
            raise mistake
        except UserError as error:
            raise RuntimeError("building failed") from error

    with pytest.raises(UserError) as raised, plain_errors():
        build()
    assert raised.value is mistake
    assert raised.value.__suppress_context__
    with pytest.raises(ZeroDivisionError), plain_errors():
        _ = 1 / 0


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["data.path=gone.csv"], "data.path=gone.csv does not exist; set data.path to the path of an existing file"),
        (["data.columns.item_id=what"], "data.columns.item_id=what is not a column of .*; set data.columns.item_id to"),
        (
            ["data/split=global_time"],
            "no timestamps, which data.split=global_time needs; name their column in data.columns.timestamp",
        ),
        (["data.target_behavior=buy"], "change data.target_behavior, data.never_recommended or data.columns.behavior$"),
        (["data.time_format=no"], "^data.time_format=no is unknown; set data.time_format to one of"),
        (["data.items_path=gone.csv"], "data.items_path=gone.csv does not exist; set data.items_path"),
    ],
    ids=["path", "column", "split", "behavior", "format", "items"],
)
def test_a_mistake_in_the_log_names_the_setting_of_the_command_line(overrides, sentence, tmp_path):
    (tmp_path / "log.csv").write_text("user_id,item_id\nu,a\nu,b\nu,c\n")
    config = settings_of("prepare", ["data=interactions", f"data.path={tmp_path}/log.csv", *overrides])
    config.paths.store = str(tmp_path / "store")
    with pytest.raises(UserError, match=sentence):
        _ = build(config.data.module).prepared
