import json
import sys
from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from seqmine.app.processes import is_finished, metric_of, run_in_process


@pytest.mark.parametrize("status", [0, 3])
def test_a_job_gets_its_arguments_its_folder_and_the_name_of_its_sweep(status, tmp_path, monkeypatch):
    seen = []

    def started(command, env):
        seen.extend([command, env["SEQMINE_SWEEP"], env["MORE"]])
        return nullcontext(SimpleNamespace(wait=lambda: status))

    monkeypatch.setattr("subprocess.Popen", started)
    assert run_in_process("mine", ["seed=3"], tmp_path / "it's 1", "sweep", {"MORE": "x"}) == status
    folder = str(tmp_path / "it's 1").replace("'", "\\'")
    assert seen == [[sys.executable, "-m", "seqmine.mine", "seed=3", f"hydra.run.dir='{folder}'"], "sweep", "x"]


def test_a_job_that_was_interrupted_goes_on_and_another_in_its_folder_does_not(tmp_path, monkeypatch):
    commands = []

    def started(command, env):
        commands.append(command)
        return nullcontext(SimpleNamespace(wait=lambda: 0))

    monkeypatch.setattr("subprocess.Popen", started)
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "before_last.ckpt").touch()
    (tmp_path / "command.yaml").write_text("overrides: [seed=1, hydra.run.dir=x, resume=auto]\nchoices: {}\n")
    run_in_process("train", ["seed=1"], tmp_path, "sweep")
    run_in_process("train", ["seed=2"], tmp_path, "sweep")
    (tmp_path / "metrics.json").write_text("{}")
    run_in_process("train", ["seed=1"], tmp_path, "sweep")
    assert [command[-1] == "resume=auto" for command in commands] == [True, False, False]


def test_a_job_is_stopped_with_its_sweep_and_waited_for(tmp_path, monkeypatch):
    told = []

    class Job:
        def wait(self):
            told.append("waits")
            if len(told) == 1:
                raise SystemExit(143)

        def terminate(self):
            told.append("is told")

    monkeypatch.setattr("subprocess.Popen", lambda *_, **__: nullcontext(Job()))
    with pytest.raises(SystemExit):
        run_in_process("train", [], tmp_path, "sweep")
    assert told == ["waits", "is told", "waits"]


def test_a_job_is_finished_where_its_results_are_of_the_same_settings(tmp_path):
    (tmp_path / "command.yaml").write_text("overrides: [seed=1, data.password=***]\nchoices: {}\n")
    typed = ["seed=1", "data.password=x"]
    assert not is_finished(tmp_path, typed), "it was stopped before it had results"
    (tmp_path / "metrics.json").write_text("{}")
    assert is_finished(tmp_path, typed)
    assert not is_finished(tmp_path, ["seed=2", "data.password=x"])


def test_a_job_is_judged_by_what_it_measured(tmp_path):
    assert metric_of(tmp_path, "val/mrr@10") is None
    (tmp_path / "metrics.json").write_text(json.dumps({"val/mrr@10": 0.5, "best_value": 0.1}))
    assert metric_of(tmp_path, "val/mrr@10") == 0.5
    assert metric_of(tmp_path, "train/loss") == 0.1
