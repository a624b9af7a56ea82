import re
from copy import deepcopy
from functools import cache

import pytest
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig, OmegaConf

from seqmine.app.checks import (
    check_checkpoints,
    check_complete,
    check_credentials,
    check_groups,
    check_settings,
    check_trust,
    may_be_trainer_argument,
    unknown_key,
)
from seqmine.app.program_settings import settings_of_program
from seqmine.runs.components import CONF_DIR
from seqmine.runs.nodes import components_in, keys_of, path_of, setting_of
from seqmine.runs.settings import nodes
from seqmine.structs import UserError

DEFAULTS = OmegaConf.create({"epochs": 3, "lr": 0.1, "flag": True, "name": "x", "limit": None})


@cache
def composed(program: str, *choices: str) -> DictConfig:
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        return compose(program, list(choices))


def checked(program: str, change: str) -> None:
    key, _, value = change.partition("=")
    config = deepcopy(composed(program))
    OmegaConf.update(config, key, OmegaConf.create(f"x: {value}").x, force_add=True)
    check_settings(program, config, [change])


@pytest.mark.parametrize(
    "change",
    [
        "trainer.max_epochs=5", "optimizer.lr=1", "run_name=a", "trainer.max_time=00:01:00:00", "trainer.devices=auto",
        "trainer.deterministic=warn", "trainer.enable_progress_bar=false", "trainer.profiler=simple",
        "trainer.overfit_batches=0.1", "trainer.gradient_clip_algorithm=null", "trainer.max_epochs=-1",
        "data.batch_tokens=null", "callbacks.early_stopping=null", "tags=[1, a]", "data.num_users=100",
    ],
)  # fmt: skip
def test_values_that_a_component_takes_pass(change):
    checked("train", change)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("trainer.max_epochs=abc", "trainer.max_epochs is 'abc', allowed are whole numbers from 1, -1 or null; change"),
        ("trainer.max_steps=1.5", "trainer.max_steps is 1.5, allowed are whole numbers from 1"),
        ("trainer.enable_progress_bar=off_", "trainer.enable_progress_bar is 'off_', allowed are true, false or null"),
        ("trainer.accumulate_grad_batches=-1", "trainer.accumulate_grad_batches is -1, allowed are whole numbers"),
        ("trainer.limit_test_batches=0", "trainer.limit_test_batches is 0, allowed are"),
        ("seed=x", "seed is 'x', allowed are whole numbers from 0 and up to 4294967295; change seed"),
        ("seed=null", "seed is null, allowed"),
        ("debug=1", "debug is 1, allowed are true or false"),
        ("resume=yes_", "resume is 'yes_', allowed are auto or null"),
        ("monitor=null", "monitor is null, allowed are texts"),
        ("recipe=abc", "recipe is 'abc', allowed are names with values or null"),
        ("optimizer.lr=.nan", "optimizer.lr is nan, allowed are numbers above 0"),
        ("optimizer.lr=1.0e+99", "optimizer.lr is 1e"),
        ("data.batch_tokens=.nan", "data.batch_tokens is nan, allowed are whole numbers from 1 or null"),
        ("model.embedding_dim=0", "model.embedding_dim is 0, allowed are whole numbers from 1; change model.emb"),
        ("scheduler.final_share=-1", "scheduler.final_share is -1, allowed are numbers from 0 and up to 1"),
        ("scheduler.warmup_steps=-1", "scheduler.warmup_steps is -1"),
        ("callbacks.early_stopping.patience=-1", "callbacks.early_stopping.patience is -1"),
        ("model.loss=null", "model.loss is null, allowed are bce, bpr, cross_entropy"),
        ("data.num_users=null", "data.num_users is null, allowed are whole numbers from 1; change data.num_users"),
    ],
)  # fmt: skip
def test_values_that_it_does_not_take_are_told_by_the_setting(change, sentence):
    with pytest.raises(UserError, match=re.escape(sentence)):
        checked("train", change)


@pytest.mark.parametrize("program", sorted(path.stem for path in CONF_DIR.glob("*.yaml")))
def test_every_setting_says_what_it_may_be(program):
    """A setting is a parameter of a component, or stands among those that a program reads itself."""
    config = composed(program)
    known = {path_of(part) for part in components_in(config)} | {"program", *settings_of_program(program)}
    known |= {setting_of(part, key) for part in components_in(config) for key in keys_of(part)}
    for name, node in nodes(config):
        is_leaf = not isinstance(node, DictConfig) or node._is_none()
        if is_leaf and not node._is_interpolation():
            parts = name.split(".")
            assert any(".".join(parts[:length]) in known for length in range(1, len(parts) + 1)), name


def test_an_unknown_key_comes_with_the_nearest_known_one():
    assert "did you mean epochs?" in str(unknown_key("epoch", DEFAULTS))


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("data.columns.event_type", "data.columns.behavior"),
        ("data.columns.item", "data.columns.item_id"),
        ("optimizer.learning_rate", "optimizer.lr"),
        ("learning_rate", "optimizer.lr"),
        ("lr", "optimizer.lr"),
        ("trainer.epochs", "trainer.max_epochs"),
        ("model.d_model", "model.embedding_dim"),
        ("model.encoder.d_model", "model.encoder.embedding_dim"),
        ("model.encoder.n_heads", "model.encoder.num_heads"),
        ("train.max_epochs", "trainer.max_epochs"),
        ("scheduler.warmup_step", "scheduler.warmup_steps"),
    ],
)
def test_an_unknown_key_that_others_use_comes_with_the_one_of_this_library(key, meant):
    config = composed("train", "data=interactions")
    assert re.search(rf"did you mean {re.escape(meant)}(\?| or)", str(unknown_key(key, config))), unknown_key(
        key, config
    )


def test_a_setting_without_a_value_is_named_even_beside_references():
    config = OmegaConf.create({"path": "???", "home": "${nowhere:}", "copy": "${path}"})
    with pytest.raises(UserError, match="path is not set and has no default; write path=<value>"):
        check_complete(config)
    config.path = "x"
    check_complete(config)


def test_a_value_in_the_place_of_a_group_is_told_the_slash():
    defaults = OmegaConf.create({"model": {"loss": {"_target_": "x"}}})
    with pytest.raises(UserError, match="model.loss is a group; write model/loss=bce"):
        check_groups(OmegaConf.create({"model": {"loss": "bce"}}), defaults)


TRAINER = OmegaConf.create({"trainer": {"max_epochs": 3, "devices": 1, "deterministic": False, "max_time": None}})


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


def test_checkpoints_stay_in_the_folder_of_the_run():
    config = OmegaConf.create({"paths": {"run": "out"}, "callbacks": {"last": {"dirpath": "${paths.run}/checkpoints"}}})
    check_checkpoints(config)
    config.callbacks.last.dirpath = "elsewhere"
    with pytest.raises(UserError, match=r"callbacks\.last\.dirpath is elsewhere, allowed is the folder checkpoints"):
        check_checkpoints(config)
    check_settings("train", composed("train"), [])
