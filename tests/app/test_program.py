import errno
import subprocess
import sys

import pytest
from lightning.pytorch.utilities import rank_zero_only
from omegaconf import OmegaConf

from seqmine.app.program import _alone, _checked_command_line, _lost_process, _run_one, fail, program
from seqmine.structs import UserError
from tests.programs import error_of, run


def test_an_error_is_one_line_and_status_one(capsys):
    with pytest.raises(SystemExit) as stopped:
        fail(ValueError("x is 1,\n  change x"))
    assert stopped.value.code == 1
    assert capsys.readouterr().err == "error: x is 1, change x\n"


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


def test_a_process_that_died_is_told_by_the_others():
    lost = _lost_process(RuntimeError("[gloo/pair.cc] Connection closed by peer [127.0.0.1]:1"))
    assert "another process of the run has died" in str(lost)
    assert _lost_process(RuntimeError("shapes differ")) is None


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["-m", "optimizer.lr=0.01,-1"], "optimizer.lr is -1, allowed are numbers above 0"),
        (["-m", "seed=1,2", "optimizer=adamw,nosuch"], "optimizer is 'nosuch', allowed are adamw"),
        (["-m", "optimizer.lrr=1,2"], "optimizer.lrr is no setting; did you mean optimizer.lr"),
        (["--multirun", "seed=1,x"], "seed is 'x', allowed are whole numbers"),
    ],
)
def test_each_value_of_a_sweep_is_checked_before_the_first_job(arguments, sentence, capsys):
    with pytest.raises(SystemExit):
        _checked_command_line("train", [*arguments, "hydra.run.dir=x"])
    assert sentence in capsys.readouterr().err


def test_a_folder_that_hydra_cannot_write_is_told(capsys):
    def start():
        raise OSError(errno.ENOSPC, "No space left on device", "run/.hydra/config.yaml")

    with pytest.raises(SystemExit):
        _run_one(start)
    assert capsys.readouterr().err.startswith("error: run/.hydra/config.yaml has no room")


def test_the_settings_of_many_jobs_are_not_shown_as_those_of_one(capsys):
    with pytest.raises(SystemExit):
        _checked_command_line("train", ["-m", "--cfg", "job", "seed=1,2"])
    assert "--cfg shows the settings of one job" in capsys.readouterr().err


def test_the_second_process_of_a_run_watches_the_first_from_its_start(monkeypatch):
    watched = []
    monkeypatch.setattr("seqmine.app.program.end_with_parent", lambda: watched.append(True))
    monkeypatch.setattr(sys, "argv", ["train", "seed=x"])
    for rank, times in (("0", 0), ("1", 1)):
        monkeypatch.setenv("LOCAL_RANK", rank)
        with pytest.raises(SystemExit):
            program("train")(lambda config: None)()
        assert len(watched) == times


def test_a_sweep_of_right_values_stays_as_it_is():
    right = ["-m", "seed=1,2", "hydra.run.dir=x"]
    assert _checked_command_line("train", right) == right


def test_the_first_process_holds_the_folder_for_all_of_a_distributed_run(tmp_path, monkeypatch):
    config = OmegaConf.create({"paths": {"run": str(tmp_path)}})
    with _alone(config):
        with pytest.raises(UserError, match=r"hydra\.run\.dir is .* runs; wait for its end"), _alone(config):
            pass
        monkeypatch.setattr(rank_zero_only, "rank", 1)  # as SLURM, torchrun or Lightning tell it
        with _alone(config):
            pass
