import json
import sys
from types import SimpleNamespace

import pytest

from seqmine.app.processes import is_finished, metric_of, run_in_process


@pytest.mark.parametrize("status", [0, 3])
def test_a_job_gets_its_arguments_its_folder_and_the_name_of_its_sweep(status, tmp_path, monkeypatch):
    seen = []

    def started(command, env, check):
        seen.extend([command, env["SEQMINE_SWEEP"], check])
        return SimpleNamespace(returncode=status)

    monkeypatch.setattr("subprocess.run", started)
    assert run_in_process("mine", ["seed=3"], tmp_path / "it's 1", "sweep") == status
    folder = str(tmp_path / "it's 1").replace("'", "\\'")
    assert seen == [[sys.executable, "-m", "seqmine.mine", "seed=3", f"hydra.run.dir='{folder}'"], "sweep", False]


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
