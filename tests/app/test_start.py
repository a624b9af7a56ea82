import io
import json
import logging
from types import SimpleNamespace

import pytest
from omegaconf import OmegaConf

from seqmine.app.start import quiet_lightning, settle_protocol, start_run


@pytest.mark.parametrize("asked", [True, False])
def test_a_run_begins_with_its_settings_and_its_environment_and_shows_them_on_request(tmp_path, capsys, asked):
    settings = {"paths": {"run": str(tmp_path)}, "seed": 7, "twin": "${seed}", "api_key": "secret"}
    start_run(OmegaConf.create({**settings, "print_config": asked}))
    written = OmegaConf.load(tmp_path / "config.yaml")
    assert (written.twin, written.api_key) == (7, "***")
    composed = OmegaConf.to_container(OmegaConf.load(tmp_path / "composed.yaml"), resolve=False)
    assert (composed["twin"], composed["api_key"]) == ("${seed}", "***")
    assert json.loads((tmp_path / "environment.json").read_text())["versions"]["seqmine"]
    shown = capsys.readouterr().err
    assert ("configuration" in shown) is asked
    assert "secret" not in shown


def test_the_terminal_shows_no_talk_of_the_framework_and_its_warnings(monkeypatch):
    root, stream, kept = logging.getLogger(), io.StringIO(), []
    terminal, file = logging.StreamHandler(stream), logging.Handler()
    file.emit = lambda record: kept.append(record.getMessage())
    monkeypatch.setattr(root, "handlers", [terminal, file])
    monkeypatch.setattr(root, "level", logging.INFO)
    quiet_lightning()
    framework, own = logging.getLogger("lightning.pytorch.anything"), logging.getLogger("seqmine.anything")
    framework.info("GPU available")
    framework.warning("careful")
    own.info("data")
    assert stream.getvalue().splitlines() == ["careful", "data"]
    assert kept == ["GPU available", "careful", "data"]


def test_what_the_protocol_became_is_stored_in_place_of_auto(tmp_path):
    config = OmegaConf.create({"paths": {"run": str(tmp_path)}, "evaluation": {"seen": "auto"}})
    settle_protocol(config, SimpleNamespace(seen="none"))
    assert config.evaluation.seen == "none"
    assert OmegaConf.load(tmp_path / "config.yaml").evaluation.seen == "none"


def test_a_reference_between_settings_stays_alive_whatever_its_name(tmp_path):
    raw = {"paths": {"run": str(tmp_path)}, "item": None, "items_key": "${item}", "api_key": "${oc.env:HOME,abc}"}
    start_run(OmegaConf.create(raw))
    composed = OmegaConf.to_container(OmegaConf.load(tmp_path / "composed.yaml"), resolve=False)
    assert (composed["items_key"], composed["api_key"]) == ("${item}", "***")


def test_what_a_program_was_asked_is_kept_beside_the_settings_of_the_run(tmp_path):
    settings = OmegaConf.create({"paths": {"run": str(tmp_path)}, "program": "train"})
    start_run(settings, asked=OmegaConf.create({"program": "evaluate", "run": "x"}))
    assert OmegaConf.load(tmp_path / "config.yaml").program == "train"
    assert OmegaConf.load(tmp_path / "composed.yaml").program == "evaluate"
