import json

import pytest

from seqmine.structs import UserError
from tests.tiny import train


def test_callbacks_and_baselines_are_switched_off_by_null(small_log, tmp_path):
    off = ["callbacks.early_stopping=null", "baselines=default", "baselines.markov=null"]
    folder = train(small_log, tmp_path / "run", *off, "trainer.limit_train_batches=2")
    metrics = (folder / "metrics.json").read_text()
    assert "baseline/popularity" in metrics
    assert "baseline/markov" not in metrics


def test_a_split_that_leaves_nothing_to_measure_is_told_before_training(tmp_path):
    log = tmp_path / "log.txt"
    log.write_text("".join(f"u{user} a b\n" for user in range(9)))
    with pytest.raises(
        UserError, match="the test part has no target: LeaveOneOut finds none among 9 users of at most 2"
    ):
        train(log, tmp_path / "run")
    log.write_text("".join(f"u{user} a b c d\n" for user in range(9)))
    holdout = ["data/split=user_holdout", "data.split.val_share=0.01", "data.split.test_share=0.5"]
    with pytest.raises(UserError, match="the validation part has no target: UserHoldout finds none"):
        train(log, tmp_path / "run", *holdout)
    assert not (tmp_path / "run" / "metrics.json").exists()
    folder = train(log, tmp_path / "run", *holdout, "monitor=train/loss")
    assert json.loads((folder / "metrics.json").read_text())["protocol"]["chosen_by"] == "train/loss"
