import json

import pytest
import torch

from seqmine.structs import UserError
from seqmine.training.monitor import EarlyStop
from tests.tiny import train


@pytest.mark.parametrize(("monitor", "mode"), [("val/loss", "min"), ("val/mrr@20", "max")])
def test_early_stop_waits_for_a_value_that_is_better(monitor, mode):
    assert EarlyStop(monitor=monitor, patience=3, check_finite=True).mode == mode


@pytest.fixture
def one_thread():
    """Digits of a diverging training depend on the number of threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.usefixtures("one_thread")
def test_the_epoch_of_the_lowest_loss_is_kept(small_log, tmp_path):
    """With a learning rate that is far too high the loss rises from epoch to epoch."""
    rising = ["monitor=val/loss", "trainer.max_epochs=3", "optimizer.lr=1", "scheduler=constant",
              "scheduler.warmup_steps=0", "trainer.gradient_clip_val=null"]  # fmt: skip
    folder = train(small_log, tmp_path / "run", *rising)
    metrics = json.loads((folder / "metrics.json").read_text())
    curve = next(
        state["history"]
        for name, state in torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)["callbacks"].items()
        if name == "LearningCurve"
    )
    losses = [row["val/loss"] for row in curve]
    assert losses[0] < losses[-1], "the case is as the test wants it"
    assert metrics["best_epoch"] == losses.index(min(losses))
    assert metrics["val/loss"] == pytest.approx(min(losses))
    assert metrics["best_value"] == pytest.approx(min(losses))


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (["monitor=val/ncdg@10"], r"monitor is 'val/ncdg@10', which no epoch measures; set monitor to val/ndcg@10 or"),
        (["monitor=test/ndcg@10"], r"monitor is 'test/ndcg@10', which no epoch measures; set monitor to .*val/"),
        (["monitor=train/contrast"], r"set monitor to .*train/loss"),
        (["trainer.limit_val_batches=0"], r"trainer.limit_val_batches=0 leaves validation out; set monitor to train/loss"),
        (["monitor=val/x", "++trainer.enable_checkpointing=false"], "no epoch measures"),
    ],
)  # fmt: skip
def test_what_no_epoch_measures_is_refused_before_the_first(settings, sentence, small_log, tmp_path):
    with pytest.raises(UserError, match=sentence):
        train(small_log, tmp_path / "run", *settings)
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_a_training_without_validation_is_judged_by_its_loss(small_log, tmp_path):
    folder = train(small_log, tmp_path / "run", "trainer.limit_val_batches=0", "monitor=train/loss")
    assert (folder / "checkpoints" / "best.ckpt").is_file()
