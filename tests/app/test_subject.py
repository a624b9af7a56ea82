from types import SimpleNamespace

import pytest
import torch
import yaml
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from seqmine.app.subject import changes_of_run, refuse_split, subject_of, tell_of_horizon
from seqmine.data.features import Features
from seqmine.runs.components import CONF_DIR
from seqmine.structs.errors import UserError
from tests.listing import Listing, Told


@pytest.fixture
def run(tmp_path):
    """The folder of a run that was made with one choice of data."""
    choices = {"data": "interactions", "data/split": "leave_one_out", "model": "gru"}
    (tmp_path / "command.yaml").write_text(yaml.safe_dump({"overrides": [], "choices": choices}))
    return str(tmp_path)


def changed(run, *overrides):
    config = {"run": run, "data": {"path": "new.csv", "max_length": 9, "module": {"seen": "none"}}}
    return changes_of_run(OmegaConf.create({**config, "evaluation": {"seen": "none"}}), overrides)


def test_a_run_brings_its_settings_and_single_ones_may_be_changed(run):
    assert changed(run, "miner.min_count=5", "run=x") == {"data": {}, "evaluation": {}}
    found = changed(run, "data.path=new.csv", "evaluation.seen=none", "seed=3")
    assert found == {"data": {"path": "new.csv"}, "evaluation": {"seen": "none"}}


def test_the_choice_of_the_run_may_be_repeated_and_another_is_refused(run):
    assert changed(run, "data=interactions", "data/split=leave_one_out") == {"data": {}, "evaluation": {}}
    with pytest.raises(UserError, match=r"data is 'synthetic', but run .* was trained with data=interactions.*leave"):
        changed(run, "data=synthetic")
    with pytest.raises(UserError, match=r"data/split is 'global_time', but run .* with data/split=leave_one_out"):
        changed(run, "data/split=global_time")


def test_a_run_that_does_not_say_what_it_was_made_with_takes_no_choice(run, tmp_path):
    (tmp_path / "command.yaml").unlink()
    assert changed(run, "data.path=new.csv") == {"data": {"path": "new.csv"}, "evaluation": {}}
    with pytest.raises(UserError, match=r"has no command.yaml, .* leave data= out"):
        changed(run, "data=interactions")


@pytest.mark.parametrize(
    ("part", "run", "message"),
    [
        ("test", None, "part is 'test', allowed are train or all; change part"),
        ("all", "somewhere", "part is 'all', but a model knows .* set part=train"),
    ],
)
def test_parts_that_cannot_be_mined_are_refused(part, run, message):
    with pytest.raises(UserError, match=message):
        subject_of(OmegaConf.create({"part": part, "run": run}))


def test_all_events_go_through_the_cleaning_that_is_chosen(tmp_path):
    (tmp_path / "log.csv").write_text("user_id,item_id,behavior\nu1,a,view\nu1,b,buy\nu2,a,view\nu2,c,buy\nu2,c,buy\n")
    chosen = ["data=interactions", f"data.path={tmp_path / 'log.csv'}", "data.columns.behavior=behavior", "part=all"]
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        config = compose("mine", [*chosen, "data/cleaning=buys", f"paths.store={tmp_path / 'store'}"])
        assert subject_of(config).item_ids == ["b", "c"]


@pytest.mark.parametrize(
    "setting", ["data/split=global_time", "data.split.test_share=0.2", "data.target_behavior=buy", "data.horizon=5"]
)
def test_a_split_of_all_events_is_refused(setting):
    name, value = setting.split("=")
    with pytest.raises(UserError, match=f"{name} is '{value}', but part=all mines every event"):
        refuse_split(["seed=1", setting])
    refuse_split(["data.columns.item_id=x"])


def test_a_model_that_names_its_items_is_not_held_against_patterns(run, monkeypatch):
    model = Listing(Told(torch.zeros(1, 3)))
    monkeypatch.setattr("seqmine.app.subject.restore_run", lambda config: (config, model, None))
    config = {"part": "train", "run": run, "trusted": [], "paths": {"run": "x"}, "trainer": {"devices": None}}
    with pytest.raises(UserError, match="whose model names its best items and .*, which mine needs; set run to one"):
        subject_of(OmegaConf.create(config))


@pytest.mark.parametrize(("horizon", "told"), [(None, []), (5, ["within 5 events (data.horizon): "])])
def test_what_a_probability_is_of_is_told_where_a_horizon_is_predicted(horizon, told, caplog):
    caplog.set_level("INFO")
    tell_of_horizon(SimpleNamespace(features=Features(horizon=horizon)))
    assert len(caplog.records) == len(told) and all(words in caplog.text for words in told)
