"""A training that was killed after any save, or stopped, goes on to the bits of one that never was."""

import json
import os
import shutil
import signal

import pytest
import torch

from benchmarks.kills import compare
from seqmine.runs.checkpoints import resumed_from
from seqmine.training.last_checkpoint import LastCheckpoint, room_of
from seqmine.training.stop_signals import Stopped, stoppable
from tests.tiny import train

# 7 batches an epoch: saves within an epoch, before its last batch, and after it
SETTINGS = ["trainer.max_epochs=3", "callbacks.last_checkpoint.every_n_train_steps=1", "baselines=none"]
SAVES = {"first": 1, "within": 3, "before the last batch": 6, "epoch": 7, "second epoch": 9, "complete": 21}


class Killed(BaseException):
    """Takes the place of a kill: nothing of the training runs after it."""


def killed(log, folder, step, monkeypatch, *more):
    """Train until the save of a step, and die right after it."""
    save = LastCheckpoint._save

    def dying(self, trainer):
        save(self, trainer)
        if trainer.global_step == step:
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(LastCheckpoint, "_save", dying)
        with pytest.raises(Killed):
            train(log, folder, *SETTINGS, *more)


@pytest.fixture(scope="module")
def whole(small_log, tmp_path_factory):
    return train(small_log, tmp_path_factory.mktemp("whole") / "run", *SETTINGS)


def curve(folder):
    last = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)
    epochs = last["callbacks"]["LearningCurve"]["history"]
    return [{name: value for name, value in epoch.items() if not name.startswith("throughput")} for epoch in epochs]


@pytest.mark.parametrize("moment", SAVES)
def test_a_killed_training_goes_on_to_the_same_bits(moment, whole, small_log, tmp_path, monkeypatch):
    killed(small_log, tmp_path / "run", SAVES[moment], monkeypatch)
    train(small_log, tmp_path / "run", *SETTINGS, "resume=auto")
    assert compare(whole, tmp_path / "run") == "equal"
    assert curve(tmp_path / "run") == curve(whole)


def test_steps_of_several_batches_a_moving_average_and_a_part_of_the_batches(small_log, tmp_path, monkeypatch):
    more = ["callbacks=averaged", "trainer.accumulate_grad_batches=2", "trainer.limit_train_batches=5"]
    expected = train(small_log, tmp_path / "whole", *SETTINGS, *more)
    for step in (2, 3):
        killed(small_log, tmp_path / f"{step}", step, monkeypatch, *more)
        train(small_log, tmp_path / f"{step}", *SETTINGS, *more, "resume=auto")
        assert compare(expected, tmp_path / f"{step}") == "equal", step


def test_a_torn_last_checkpoint_gives_way_to_the_one_before_it(whole, small_log, tmp_path, monkeypatch):
    killed(small_log, tmp_path / "run", 9, monkeypatch)
    last = tmp_path / "run" / "checkpoints" / "last.ckpt"
    last.write_bytes(last.read_bytes()[:5000])
    assert resumed_from(None, "auto", str(tmp_path / "run")) == str(last.with_name("before_last.ckpt"))
    train(small_log, tmp_path / "run", *SETTINGS, "resume=auto")
    assert compare(whole, tmp_path / "run") == "equal"


def test_a_complete_run_is_whole_again_after_it_goes_on(whole, small_log, tmp_path):
    shutil.copytree(whole, tmp_path / "run")
    for name in ("metrics.json", "per_user.parquet", "catalog.parquet"):
        (tmp_path / "run" / name).unlink()
    train(small_log, tmp_path / "run", *SETTINGS, "resume=auto")
    assert compare(whole, tmp_path / "run") == "equal"


def test_a_training_that_stopped_early_stays_stopped(small_log, tmp_path):
    early = ["trainer.max_epochs=9", "callbacks.early_stopping.patience=1", "optimizer.lr=1e-9"]
    folder = train(small_log, tmp_path / "run", *SETTINGS, *early)
    shutil.copytree(folder, tmp_path / "again")
    train(small_log, tmp_path / "again", *SETTINGS, *early, "resume=auto")
    assert compare(folder, tmp_path / "again") == "equal"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_training_is_saved_and_goes_on(number, whole, small_log, tmp_path, monkeypatch):
    due = LastCheckpoint._is_due

    def asked(self, trainer, *arguments):
        if trainer.global_step == 3:
            os.kill(os.getpid(), number)
        return due(self, trainer, *arguments)

    with monkeypatch.context() as patched, stoppable():
        patched.setattr(LastCheckpoint, "_is_due", asked)
        with pytest.raises(Stopped):
            train(small_log, tmp_path / "run", *SETTINGS)
    last = torch.load(tmp_path / "run" / "checkpoints" / "last.ckpt", weights_only=True)
    assert last["global_step"] == 4
    assert json.loads((whole / "metrics.json").read_text())
    train(small_log, tmp_path / "run", *SETTINGS, "resume=auto")
    assert compare(whole, tmp_path / "run") == "equal"


def test_the_room_of_checkpoints_is_that_of_weights_and_their_means():
    module = torch.nn.BatchNorm1d(8)  # two learned vectors, two that are not, and a count
    assert room_of(module) == 4 * (4 * 8 * 4 + 8 + 2 * 2 * 8 * 4)
    module.requires_grad_(False)
    assert room_of(module) == 4 * (4 * 8 * 4 + 8)
