import pickle
import sys

import polars as pl
import pytest
from hydra.core.utils import JobReturn, JobStatus
from hydra.errors import HydraException
from omegaconf import OmegaConf

from seqmine.app.multirun import FailedJobError, run_jobs, write_leaderboard
from seqmine.structs import UserError
from seqmine.structs.files import write_json


def test_jobs_that_finished_are_ranked_where_another_failed(tmp_path, monkeypatch):
    monkeypatch.setenv("HYDRA_FULL_ERROR", "")
    (tmp_path / "1").mkdir()
    write_json(tmp_path / "1" / "metrics.json", {"val/loss": 0.1})
    failed = FailedJobError(str(tmp_path / "0"), 1, str(tmp_path), "val/loss")

    def start() -> None:
        raise pickle.loads(pickle.dumps(failed))

    with pytest.raises(
        UserError, match=f"the run {tmp_path}/0 failed with status 1, as .*hydra.sweep.dir={tmp_path} runs"
    ):
        run_jobs(start)
    assert pl.read_csv(tmp_path / "leaderboard.csv")["run"].to_list() == [1]


def test_all_failed_jobs_are_named_and_none_by_a_list_of_its_overrides(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HYDRA_FULL_ERROR", "")
    monkeypatch.chdir(tmp_path)  # the folder of a multirun is as it was typed, those of jobs are whole
    for number in (0, 2, 10, 1):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "command.yaml").write_text("overrides: []\nchoices: {}\n")
    write_json(tmp_path / "1" / "metrics.json", {"val/loss": 0.1})

    def start() -> None:
        sys.stderr.write("of a job\n")
        failed = FailedJobError(str(tmp_path / "0"), 1, ".", "val/loss")
        job = JobReturn(overrides=["seed=1"], status=JobStatus.FAILED)
        job.return_value = failed
        job.return_value  # noqa: B018 - by which Hydra raises it

    with pytest.raises(UserError, match=f"the run {tmp_path}/0 failed with status 1, and so did 2, 10 beside it, as"):
        run_jobs(start)
    assert capsys.readouterr().err == "of a job\n"


def test_jobs_that_hydra_cannot_compose_are_told(monkeypatch):
    monkeypatch.setenv("HYDRA_FULL_ERROR", "")

    def start() -> None:
        raise HydraException("no such\nchoice")

    with pytest.raises(UserError, match="no such choice"):
        run_jobs(start)


def test_finished_runs_are_ranked_and_failed_ones_left_out(tmp_path, capsys):
    for number, value in enumerate([0.1, 0.3]):
        folder = tmp_path / str(number)
        folder.mkdir()
        OmegaConf.save(
            {"overrides": [f"seed={number}", "model=gru", "resume=auto"], "choices": {}}, folder / "command.yaml"
        )
        spent = {"privacy/epsilon_spent": 4.0, "privacy/delta": 1e-5}
        write_json(folder / "metrics.json", {"val/ndcg@10": value, "protocol": {}, **spent})
    (tmp_path / "2").mkdir()
    write_leaderboard(tmp_path, "val/ndcg@10")
    assert "2 private runs spent epsilon 8.000" in capsys.readouterr().out
    board = pl.read_csv(tmp_path / "leaderboard.csv")
    assert board["run"].to_list() == [1, 0]
    assert board["overrides"].to_list() == ["seed=1 model=gru", "seed=0 model=gru"]


def test_a_sweep_without_a_finished_run_writes_nothing(tmp_path):
    write_leaderboard(tmp_path, None)
    assert list(tmp_path.iterdir()) == []


def test_the_lowest_loss_comes_first(tmp_path):
    for number, value in enumerate([0.3, 0.1, 0.2]):
        folder = tmp_path / str(number)
        folder.mkdir()
        write_json(folder / "metrics.json", {"val/loss": value})
    write_leaderboard(tmp_path, "val/loss")
    assert pl.read_csv(tmp_path / "leaderboard.csv")["run"].to_list() == [1, 2, 0]
