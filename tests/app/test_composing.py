import pytest
from lightning.fabric.utilities.exceptions import MisconfigurationException

from seqmine.app.checks import check_settings
from seqmine.app.composing import (
    compose_checked,
    mistake_behind,
    named_group,
    rank_suffix,
    stamp,
    trainer_arguments,
    without_hydra,
)
from seqmine.app.typed import setting
from seqmine.structs import UserError


def test_runs_of_one_second_have_names_of_their_own():
    assert len({stamp() for _ in range(50)}) == 50


def test_processes_of_one_launcher_share_a_name(monkeypatch):
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "x")
    assert stamp() == stamp()


@pytest.mark.parametrize(("environment", "suffix"), [({}, ""), ({"RANK": "0"}, ""), ({"RANK": "2"}, "_rank2")])
def test_each_process_has_a_log_of_its_own(monkeypatch, environment, suffix):
    for name in ("RANK", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert rank_suffix() == suffix


@pytest.mark.parametrize(
    ("argument", "read"),
    [
        ("data.engine=spark", "data/engine=spark"),
        ("model.loss=bce,gbce", "model/loss=bce,gbce"),
        ("data.engine=flink", "data.engine=flink"),
        ("data.augmentation=[crop,mask]", "data/augmentation=[crop,mask]"),
        ("data.path=spark", "data.path=spark"),
        ("model=lstm", "model=lstm"),
        ("--multirun", "--multirun"),
    ],
)
def test_the_choice_of_a_group_may_be_written_like_a_setting(argument, read):
    assert named_group(argument) == read


@pytest.mark.parametrize(
    ("program", "argument", "read"),
    [
        ("train", "trainer.max_epochs=3", "trainer.max_epochs=3"),
        ("train", "trainer.enable_progress_bar=false", "++trainer.enable_progress_bar=false"),
        ("train", "+trainer.profiler=simple", "+trainer.profiler=simple"),
        ("train", "trainer.logger=false", "trainer.logger=false"),
        ("train", "trainer.profile=simple", "trainer.profile=simple"),
        ("evaluate", "trainer.precision=32-true", "++trainer.precision=32-true"),
        ("evaluate", "trainer.devices=2", "trainer.devices=2"),
        ("leaderboard", "trainer.devices=2", "trainer.devices=2"),
    ],
)
def test_every_argument_of_the_trainer_can_be_set_where_a_program_has_one(program, argument, read):
    assert trainer_arguments(program, [argument]) == [read]


def test_a_setting_that_lightning_refuses_later_is_told_in_a_sentence():
    error = RuntimeError("while building")
    error.__cause__ = MisconfigurationException("raise the limit")
    assert str(mistake_behind(error)) == "raise the limit"
    assert mistake_behind(ValueError("x")) is None


def test_any_value_is_composed_as_it_is():
    values = ["it's 1, {a: b}", "C:\\new\\", "a\\'b", "${seed}", " x=[1] ", True, 3, 0.5, None]
    config = compose_checked("train", [setting("tags", values), setting("run_name", "it's\\"), "hydra.run.dir=x"])
    assert list(config.tags) == values
    assert config.run_name == "it's\\"


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("optimiser.lr=1", "optimiser.lr is no setting; did you mean optimizer.lr"),
        ("data=interactions", "data.path is not set"),
        ("model=sasrek", "model is 'sasrek', allowed are bert4rec, bsarec"),
        ("model=sasrek", "did you mean model=sasrec?"),
        ("model/loss=nosuch", "model/loss is 'nosuch', allowed are bce, bpr, cross_entropy"),
        ("seed=1,2", "seed"),
        ("scheduler=null", "scheduler is null, allowed are constant, cosine; write scheduler=<choice>"),
        ("model/norm@model.encoder.norm=null", "model.norm is null, allowed are"),
        ("model/loss=null", "model.loss is null, allowed are bce, bpr, cross_entropy"),
        ("seed=[", "seed"),
    ],
)
def test_mistakes_are_one_sentence(override, sentence):
    with pytest.raises(UserError) as raised:
        compose_checked("train", [override])
    assert sentence in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("override", ["protocol=null", "experiment=null"])
def test_a_group_of_which_nothing_is_chosen_may_be_written_so(override):
    check_settings("train", without_hydra(compose_checked("train", [override, "hydra.run.dir=x"])), [override])


def test_the_mistake_of_the_user_is_found_behind_what_it_was_wrapped_into():
    mistake = UserError("x is 1")
    wrapped = RuntimeError("building failed")
    wrapped.__cause__ = mistake
    assert mistake_behind(wrapped) is mistake
    assert mistake_behind(RuntimeError("no mistake of the user")) is None


def test_a_package_that_is_missed_where_it_is_first_needed_is_told():
    told = str(mistake_behind(ModuleNotFoundError("No module named 'tensorboard'", name="tensorboard")))
    assert told.startswith("this run needs tensorboard, which is not installed; install it")
    assert mistake_behind(ModuleNotFoundError("No module named 'seqmine.x'", name="seqmine.x")) is None


@pytest.mark.parametrize(
    "query", ["select u, i from 'a.csv' where n = 1", 'from [1,2] select "x" -- ${no}', "'select 1'"]
)
def test_a_query_reaches_its_source_as_it_was_typed(query):
    config = compose_checked("prepare", ["data=query", f"data.query={query}", "data.items_query=null"])
    assert config.data.source.query == (query[1:-1] if query[0] == "'" else query)
    assert config.data.source.items_query is None


def test_a_place_that_cannot_be_written_is_told_behind_any_error():
    wrapped = RuntimeError("training failed")
    wrapped.__cause__ = OSError(28, "No space left on device", "run/metrics.csv")
    assert str(mistake_behind(wrapped)).startswith("run/metrics.csv has no room ([Errno 28]")
    assert "mend that, or let the setting that names it, such as hydra.run.dir" in str(mistake_behind(wrapped))
    assert mistake_behind(FileNotFoundError(2, "No such file", "x")) is None
    wrapped.__cause__.__cause__ = UserError("x is 1")
    assert str(mistake_behind(wrapped)) == "x is 1"
