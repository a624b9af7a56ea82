"""What loggers have of a run that was killed and gone on with is what they have of one that never was."""

import json
import subprocess
import sys

import polars as pl
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.tiny import train
from tests.training.test_last_checkpoint import SETTINGS, killed

# 7 batches an epoch
LOGGED = [*SETTINGS, "logger=[default,tensorboard]", "trainer.log_every_n_steps=1"]


def rows(folder):
    """Return the numbers of ``metrics.csv`` that are the same in every run: not seconds and what follows from them."""
    table = pl.read_csv(folder / "csv" / "metrics.csv", infer_schema_length=None)
    kept = [name for name in table.columns if name == "step" or name.startswith(("train/", "val/", "test/"))]
    return table.select(sorted(kept)).filter(pl.any_horizontal(pl.exclude("step").is_not_null()))


def history(folder):
    done = subprocess.run(
        [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(folder)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return [record["history"]["item"] for record in found if record["type"] == "history"]


@pytest.fixture(scope="module")
def folders(small_log, tmp_path_factory):
    """A whole run, and one that died in its second epoch, two steps after its last checkpoint but one."""
    place = tmp_path_factory.mktemp("continued")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WANDB_MODE", "offline")
        train(small_log, place / "whole", *SETTINGS, "logger=csv", "trainer.log_every_n_steps=1")
        killed(small_log, place / "run", 9, patch, *LOGGED)
        before = rows(place / "run")
        (place / "run" / "checkpoints" / "last.ckpt").unlink()
        patch.undo()
        patch.setenv("WANDB_MODE", "offline")
        train(small_log, place / "run", *LOGGED, "resume=auto")
    return place / "whole", place / "run", before


def test_the_rows_of_before_stay_and_none_is_there_twice(folders):
    whole, run, before = folders
    assert before["step"].max() == 8
    assert rows(run).equals(rows(whole))


def test_wandb_goes_on_with_the_same_run(folders):
    _, run, _ = folders
    first, second = sorted(run.glob("wandb/offline-run-*"))
    assert first.name.rpartition("-")[2] == second.name.rpartition("-")[2]
    steps = [row["trainer/global_step"] for row in history(second) if "train/lr" in row]
    assert steps == list(range(8, 21))


def test_tensorboard_has_every_step_once(folders):
    events = EventAccumulator(str(folders[1] / "tensorboard"))
    events.Reload()
    assert [event.step for event in events.Scalars("train/lr")] == list(range(21))
    assert len(events.Scalars("val/ndcg@10")) == 3


def test_a_run_that_starts_anew_in_its_folder_has_rows_of_its_own(folders, small_log):
    train(small_log, folders[1], *SETTINGS, "logger=csv", "trainer.max_epochs=1")
    assert rows(folders[1])["step"].max() == 7
