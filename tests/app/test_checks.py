import pytest
from omegaconf import OmegaConf

from seqmine.app.checks import (
    check_complete,
    check_credentials,
    check_trust,
    check_types,
    may_be_trainer_argument,
    unknown_key,
)
from seqmine.structs import UserError

DEFAULTS = OmegaConf.create({"epochs": 3, "lr": 0.1, "flag": True, "name": "x", "limit": None})


@pytest.mark.parametrize("change", [{"epochs": 5}, {"lr": 1}, {"flag": False}, {"name": 7}, {"limit": "00:01:00"}])
def test_values_of_the_right_kind_pass(change):
    check_types(OmegaConf.merge(DEFAULTS, change), DEFAULTS)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"epochs": "abc"}, "epochs is 'abc', allowed is a whole number; change epochs"),
        ({"epochs": 1.5}, "epochs is 1.5, allowed is a whole number"),
        ({"epochs": True}, "epochs is True, allowed is a whole number"),
        ({"lr": "high"}, "lr is 'high', allowed is a number"),
        ({"flag": 1}, "flag is 1, allowed is true or false"),
    ],
)
def test_values_of_the_wrong_kind_are_named(change, sentence):
    with pytest.raises(UserError, match=sentence):
        check_types(OmegaConf.merge(DEFAULTS, change), DEFAULTS)


def test_an_unknown_key_comes_with_the_nearest_known_one():
    assert "did you mean epochs?" in str(unknown_key("epoch", DEFAULTS))


def test_a_setting_without_a_value_is_named_even_beside_references():
    config = OmegaConf.create({"path": "???", "home": "${nowhere:}", "copy": "${path}"})
    with pytest.raises(UserError, match="path is not set and has no default; write path=<value>"):
        check_complete(config)
    config.path = "x"
    check_complete(config)


def test_a_value_in_the_place_of_a_group_is_told_the_slash():
    defaults = OmegaConf.create({"model": {"loss": {"_target_": "x"}}})
    with pytest.raises(UserError, match="model.loss is a group; write model/loss=bce"):
        check_types(OmegaConf.create({"model": {"loss": "bce"}}), defaults)


def test_a_default_that_hydra_fills_in_can_be_changed():
    defaults = OmegaConf.create({"run_name": "${hydra:runtime.choices.model}"})
    check_types(OmegaConf.create({"run_name": "mine"}), defaults)


TRAINER = OmegaConf.create({"trainer": {"max_epochs": 3, "devices": 1, "deterministic": False, "max_time": None}})


@pytest.mark.parametrize(
    "change",
    [
        {"devices": "auto"}, {"deterministic": "warn"}, {"enable_progress_bar": False}, {"profiler": "simple"},
        {"overfit_batches": 0.1}, {"max_time": "00:01:00:00"}, {"gradient_clip_algorithm": None},
    ],
)  # fmt: skip
def test_whatever_lightning_takes_as_an_argument_of_its_trainer_passes(change):
    check_types(OmegaConf.merge(TRAINER, {"trainer": change}), TRAINER)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"max_epochs": "abc"}, "trainer.max_epochs is 'abc', allowed is a whole number"),
        (
            {"enable_progress_bar": "off"},
            "trainer.enable_progress_bar is 'off', allowed is true or false, null; change",
        ),
        ({"max_steps": 1.5}, "trainer.max_steps is 1.5, allowed is a whole number; change trainer.max_steps"),
    ],
)
def test_other_kinds_are_named(change, sentence):
    with pytest.raises(UserError, match=sentence):
        check_types(OmegaConf.merge(TRAINER, {"trainer": change}), TRAINER)


def test_misspelled_arguments_of_the_trainer_come_with_the_nearest():
    assert "trainer.limit_predict_batches" in str(unknown_key("trainer.limit_predict_batch", TRAINER))
    assert may_be_trainer_argument("trainer.profiler")
    assert not any(map(may_be_trainer_argument, ("trainer.logger", "trainer.callbacks", "trainer.profile", "profiler")))


def test_trust_is_given_on_the_command_line_alone():
    config = OmegaConf.create({"trusted": ["mine.Net"]})
    check_trust(config, ["seed=2", "trusted=[mine.Net]"])
    check_trust(OmegaConf.create({"trusted": []}), [])
    check_trust(OmegaConf.create({}), [])
    with pytest.raises(UserError, match=r"trusted is \[mine.Net\] in a file.*add trusted=\[mine.Net\]"):
        check_trust(config, ["seed=2", "data.trusted_by=me"])


def test_credentials_stand_in_the_environment_alone(monkeypatch):
    monkeypatch.setenv("SHOP", "postgresql://me:secret@host/shop")
    check_credentials(OmegaConf.create({"data": {"connection": "${oc.env:SHOP}", "path": "http://host:80/a"}}))
    with pytest.raises(
        UserError, match=r"data.connection is postgresql://\*\*\*@host/shop, whose credentials would be"
    ):
        check_credentials(OmegaConf.create({"data": {"connection": "postgresql://me:secret@host/shop"}}))
