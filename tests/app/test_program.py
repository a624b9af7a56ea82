import subprocess
import sys

import pytest
from lightning.fabric.utilities.exceptions import MisconfigurationException

from seqmine.app.program import _mistake_behind, _named_group, _rank_suffix, _stamp, _trainer_arguments, fail
from tests.programs import error_of, run


def test_an_error_is_one_line_and_status_one(capsys):
    with pytest.raises(SystemExit) as stopped:
        fail(ValueError("x is 1,\n  change x"))
    assert stopped.value.code == 1
    assert capsys.readouterr().err == "error: x is 1, change x\n"


def test_runs_of_one_second_have_names_of_their_own():
    assert len({_stamp() for _ in range(50)}) == 50


def test_processes_of_one_launcher_share_a_name(monkeypatch):
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "x")
    assert _stamp() == _stamp()


@pytest.mark.parametrize(("environment", "suffix"), [({}, ""), ({"RANK": "0"}, ""), ({"RANK": "2"}, "_rank2")])
def test_each_process_has_a_log_of_its_own(monkeypatch, environment, suffix):
    for name in ("RANK", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert _rank_suffix() == suffix


@pytest.mark.parametrize(
    ("argument", "read"),
    [
        ("data.engine=spark", "data/engine=spark"),
        ("model.loss=bce,gbce", "model/loss=bce,gbce"),
        ("data.engine=flink", "data.engine=flink"),
        ("data.path=spark", "data.path=spark"),
        ("model=lstm", "model=lstm"),
        ("--multirun", "--multirun"),
    ],
)
def test_the_choice_of_a_group_may_be_written_like_a_setting(argument, read):
    assert _named_group(argument) == read


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
    assert _trainer_arguments(program, [argument]) == [read]


def test_a_setting_that_lightning_refuses_later_is_told_in_a_sentence():
    error = RuntimeError("while building")
    error.__cause__ = MisconfigurationException("raise the limit")
    assert str(_mistake_behind(error)) == "raise the limit"
    assert _mistake_behind(ValueError("x")) is None


def test_debug_shows_the_traceback(tmp_path):
    done = run("evaluate", "run=nowhere", "debug=true", cwd=tmp_path, status=1)
    assert "UserError" in done.stderr


def test_a_missing_setting_is_named(tmp_path):
    assert "run" in error_of(run("evaluate", cwd=tmp_path, status=1))


def test_the_start_imports_nothing_heavy(tmp_path):
    code = (
        "import sys, seqmine.train; print([m for m in ('torch', 'lightning', 'polars', 'numba') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
