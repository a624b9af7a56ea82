import json
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace

import optuna
import polars as pl
import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf
from optuna.trial import TrialState

from seqmine.app.lock import alone_in
from seqmine.app.search import _open_study, search, suggest
from seqmine.structs.files import write_json
from seqmine.training.pruning import PRUNED, TRIAL
from seqmine.training.stop_signals import Stopped
from tests.programs import TINY, error_of, run

SPACE = ["optimizer.lr=tag(log,interval(1e-4,1e-2))", "model.encoder.dropout=interval(0.1,0.5)"]


@pytest.fixture
def jobs(monkeypatch):
    """Stand-ins for the processes of runs: the value of a run is its dropout, on test the opposite; what they were told.

    ``before`` is called at the start of each with its number and may stop it.
    """
    seen = SimpleNamespace(told=[], typed=[], before=lambda number: None)

    def started(command, env):
        folder = Path(next(word for word in command if word.startswith("hydra.run.dir=")).split("=")[1].strip("'"))
        typed = [word for word in command[3:] if not word.startswith("hydra.run.dir=")]
        seen.told.append(json.loads(env[TRIAL]))
        seen.typed.append(typed)
        folder.mkdir(parents=True, exist_ok=True)
        OmegaConf.save({"overrides": typed, "choices": {}}, folder / "command.yaml")
        settings = dict(word.split("=") for word in typed)
        value, monitor = float(settings["model.encoder.dropout"]), settings.get("monitor", "val/ndcg@10")

        def wait():
            if seen.before(int(folder.name)):
                return 1
            numbers = {monitor: value, "val/ndcg@5": 0.5, "test/ndcg@10": -value, "test/mrr@10": -value}
            write_json(folder / "metrics.json", numbers)
            return 0

        return nullcontext(SimpleNamespace(wait=wait, terminate=lambda: None))

    monkeypatch.setattr("subprocess.Popen", started)
    monkeypatch.setattr("seqmine.reporting.sweep_pictures.draw_search", lambda *_: None)  # seconds
    return seen


def searched(folder, num_trials, *more):
    search("train", ["sweep=optuna", f"sweep.folder={folder}", f"sweep.num_trials={num_trials}", *SPACE, *more])
    return study_of(folder)


def study_of(folder):
    return optuna.load_study(study_name="seqmine", storage=f"sqlite:///{folder / 'study.db'}")


def test_a_search_trains_what_it_proposes(small_log, tmp_path):
    mine = tmp_path / "mine" / "optimizer" / "mine.yaml"
    mine.parent.mkdir(parents=True)
    mine.write_text("defaults:\n  - adamw\n")
    done = run("train", "-m", "--config-dir", str(tmp_path / "mine"), "optimizer=mine", "sweep=optuna",
               f"sweep.folder={tmp_path / 'search'}", "sweep.num_trials=2", *SPACE,
               "data=sequences", f"data.path={small_log}", *TINY, "trainer=smoke", "baselines=none", cwd=tmp_path)  # fmt: skip
    board = pl.read_csv(tmp_path / "search" / "leaderboard.csv")
    assert len(board) == board["overrides"].n_unique() == 2
    assert "best of 2 runs: val/ndcg@10" in done.stdout
    for trial in study_of(tmp_path / "search").trials:
        assert list(trial.intermediate_values.values()) == [pytest.approx(trial.value)], "one epoch was told"
    pictures = {path.name for path in (tmp_path / "search").glob("*.png")}
    assert pictures == {"leaderboard.png", "importance.png", "parallel_coordinates.png"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["sweep=optuna"], "add -m"),
        (["-m", "sweep=optuna", "optimizer.lr=1e-3"], "nothing to search"),
        (["-m", "sweep=optuna", "--config-name=mine"], "takes no flag but -m; leave --config-name=mine out"),
    ],
)
def test_a_search_that_cannot_be_made_is_told(arguments, sentence, tmp_path):
    assert sentence in error_of(run("train", *arguments, cwd=tmp_path, status=1))


@pytest.mark.parametrize("monitor", ["val/ndcg@10", "val/mrr@10"])
def test_a_search_looks_at_the_metric_that_chooses_and_at_no_test_metric(monitor, tmp_path, jobs):
    """The better a run is on validation, the worse it is on test."""
    study = searched(tmp_path, 4, f"monitor={monitor}")
    board = pl.read_csv(tmp_path / "leaderboard.csv")
    assert board[monitor].is_sorted(descending=True)
    assert study.best_value == board[monitor].max()
    assert sorted(trial.value for trial in study.trials) == sorted(board[monitor])


def test_a_search_has_as_many_runs_as_it_is_told_however_often_it_is_called(tmp_path, jobs, capsys):
    assert len(searched(tmp_path, 2).trials) == 2
    assert len(searched(tmp_path, 2).trials) == 2
    study = searched(tmp_path, 3)
    assert len(jobs.typed) == len({tuple(typed) for typed in jobs.typed}) == 3
    assert [told["trial"] for told in jobs.told] == [trial._trial_id for trial in study.trials]
    assert {told["prune_after"] for told in jobs.told} == {3}
    assert "best of 3 runs: val/ndcg@10" in capsys.readouterr().out


def test_a_search_that_was_stopped_goes_on_with_the_run_it_was_in(tmp_path, jobs, capsys):
    def stop(number):
        if number == 1 and len(jobs.typed) == 2:
            raise Stopped(2)

    jobs.before = stop
    with pytest.raises(Stopped):
        searched(tmp_path, 3)
    assert f"the same command and sweep.folder={tmp_path}" in capsys.readouterr().err
    assert [trial.state for trial in study_of(tmp_path).trials] == [TrialState.COMPLETE, TrialState.RUNNING]
    assert len(pl.read_csv(tmp_path / "leaderboard.csv")) == 1
    study = searched(tmp_path, 3)
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETE] * 3
    assert jobs.typed[1] == jobs.typed[2]


def test_a_run_that_ended_without_its_worker_is_not_made_again(tmp_path, jobs):
    def die_later(number):
        if number == 0:
            write_json(tmp_path / "0" / "metrics.json", {"val/ndcg@10": 0.25})
            raise Stopped(15)

    jobs.before = die_later
    with pytest.raises(Stopped):
        searched(tmp_path, 1)
    assert searched(tmp_path, 1).best_value == 0.25
    assert len(jobs.typed) == 1


@pytest.mark.parametrize("place", [".workers/0", "0"], ids=["its worker lives", "its run lives"])
def test_a_worker_leaves_the_runs_of_others_alone(place, tmp_path, jobs):
    with _held_trial(tmp_path, place):
        study = searched(tmp_path, 2)
    assert [trial.state for trial in study.trials] == [TrialState.RUNNING, TrialState.COMPLETE]
    assert len(jobs.typed) == 1
    assert searched(tmp_path, 2).trials[0].state == TrialState.COMPLETE


def _held_trial(folder, place):
    _open_study(folder, "val/ndcg@10").ask()
    return alone_in(folder / place)


def test_a_failed_run_and_one_that_was_ended_are_told_from_the_others(tmp_path, jobs, capsys):
    def end(number):
        if number == 1:
            study = study_of(tmp_path)
            study._storage.set_trial_user_attr(jobs.told[-1]["trial"], PRUNED, 3)
        return number == 2

    jobs.before = end
    study = searched(tmp_path, 4)
    states = [trial.state for trial in study.trials]
    assert states == [TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL, TrialState.COMPLETE]
    assert "best of 2 runs, 1 ended early, 1 failed: val/ndcg@10" in capsys.readouterr().out


def test_a_range_of_whole_numbers_is_searched_in_their_order():
    trial = optuna.create_study().ask()
    (override,) = OverridesParser.create().parse_overrides(["data.max_length=range(5,20,5)"])
    assert suggest(trial, override) in (5, 10, 15)
    assert trial.distributions == {"data.max_length": optuna.distributions.IntDistribution(5, 15, step=5)}


@pytest.mark.parametrize(("monitor", "best"), [("val/loss", 1.0), ("val/ndcg@10", 3.0)])
def test_a_search_looks_for_what_is_better(monitor, best, tmp_path):
    study = _open_study(tmp_path, monitor)
    for value in (2.0, 1.0, 3.0):
        study.tell(study.ask(), value)
    assert study.best_value == best
