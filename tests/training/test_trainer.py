import json

import pytest
from lightning.pytorch.callbacks import ModelCheckpoint, ModelSummary, RichProgressBar

from seqmine.structs import UserError
from seqmine.training import trainer as building
from seqmine.training.trainer import trainer
from tests.tiny import train

SETTINGS = {"accelerator": "cpu", "precision": "32-true", "logger": False}


def test_the_trainer_gets_the_precision_that_was_found_and_warns_of_one_that_was_asked_for(monkeypatch):
    asked = []
    monkeypatch.setattr(building, "fastest_precision", lambda accelerator: "bf16-mixed")
    monkeypatch.setattr(building, "warn_of_slow_precision", lambda accelerator, precision: asked.append(precision))
    assert trainer(**{**SETTINGS, "precision": "fastest"}).precision == "bf16-mixed"
    assert asked == []
    assert trainer(**SETTINGS).precision == "32-true"
    assert asked == ["32-true"]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"precision": "foo"}, "'foo' is invalid. Allowed precision values"),
        ({"accelerator": "tpux"}, "accelerator='tpux'.*Available names are"),
        ({"devices": 0}, r"devices=0.*change the setting of trainer"),
        ({"strategy": "bar"}, "strategy='bar'"),
        ({"limit_train_batches": -2}, "-2 for limit_train_batches"),
        ({"max_epochs": -1}, "max_epochs is -1 without a last step, .*; set max_steps too"),
        ({"max_time": 5}, "max_time is 5, allowed are days, hours, minutes and seconds"),
        ({"max_time": "0:00:42"}, "max_time is '0:00:42'"),
    ],
)
def test_a_wrong_setting_is_told_in_a_sentence(settings, words):
    with pytest.raises(UserError, match=words):
        trainer(**{**SETTINGS, **settings})


@pytest.mark.parametrize(
    ("setting", "kind"),
    [
        ("enable_progress_bar", RichProgressBar), ("enable_checkpointing", ModelCheckpoint),
        ("enable_model_summary", ModelSummary),
    ],
)  # fmt: skip
def test_a_callback_steps_aside_when_its_setting_is_off(setting, kind):
    given = [RichProgressBar(), ModelCheckpoint(), ModelSummary()]
    assert any(isinstance(callback, kind) for callback in trainer(**SETTINGS, callbacks=given).callbacks)
    off = trainer(**SETTINGS, callbacks=given, **{setting: False})
    assert not any(isinstance(callback, kind) for callback in off.callbacks)
    assert sum(callback in off.callbacks for callback in given) == 2


@pytest.mark.parametrize(
    "settings",
    [
        ["++trainer.enable_checkpointing=false"],
        ["++trainer.fast_dev_run=true"],
        ["++trainer.max_steps=2", "trainer.gradient_clip_val=null"],
        ["trainer.check_val_every_n_epoch=2"],
        ["++trainer.overfit_batches=2", "trainer.num_sanity_val_steps=1", "trainer.limit_test_batches=1"],
        ["++trainer.val_check_interval=0.5", "++trainer.profiler=simple", "++trainer.detect_anomaly=true"],
    ],
    ids=lambda settings: settings[0].lstrip("+"),
)
def test_a_run_ends_well_under(settings, small_log, tmp_path):
    folder = train(small_log, tmp_path / "run", *settings)
    metrics = json.loads((folder / "metrics.json").read_text())
    assert "test/ndcg@10" in metrics
    limited = any("limit_test_batches" in setting or "fast_dev_run" in setting for setting in settings)
    assert metrics["protocol"].get("limit_test_batches") == (1 if limited else None)
    kept = not any("enable_checkpointing" in setting or "fast_dev_run" in setting for setting in settings)
    assert (folder / "checkpoints" / "best.ckpt").is_file() == kept
    was_measured = kept and not any("max_steps" in setting or "check_val" in setting for setting in settings)
    assert (metrics["protocol"]["chosen_by"] == "val/ndcg@10") == was_measured
