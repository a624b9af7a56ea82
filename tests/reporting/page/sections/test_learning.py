import shutil

import pytest

from seqmine.reporting.page.sections.learning import curve, epochs_of
from seqmine.structs import UserError
from tests.pages import page_subject, writer


def test_every_epoch_is_drawn_and_the_best_is_told(subject):
    losses, monitor = writer(subject, "learning")(subject)
    values = losses.spec["data"]["values"]
    assert [row["x"] for row in values if row["by"] == "val/loss"] == [1, 2, 3, 4]
    best = max(monitor.spec["data"]["values"], key=lambda row: row["y"])
    assert f"best in epoch {best['x']} of 4: {subject.metrics['val/ndcg@10']:.4f}" in monitor.caption


def test_without_a_checkpoint_there_is_no_curve(page_folder, tmp_path):
    shutil.copytree(page_folder, tmp_path / "run")
    (tmp_path / "run" / "checkpoints" / "last.ckpt").unlink()
    with pytest.raises(UserError, match=r"last\.ckpt is gone"):
        epochs_of(page_subject(tmp_path / "run"))


def test_epochs_without_a_metric_are_left_out():
    rows = [{"x": 1, "y": 1.0, "by": "a"}, {"x": 3, "y": 3.0, "by": "a"}]
    assert curve([{"a": 1.0}, {}, {"a": 3.0}], ["a"]) == rows
