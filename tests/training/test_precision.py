import pytest
import torch

from seqmine.structs import UserError
from seqmine.training import precision


@pytest.mark.parametrize(("gain", "expected"), [(0.5, "32-true"), (1.2, "32-true"), (4.0, "bf16-mixed")])
def test_a_cpu_takes_bf16_only_where_it_is_clearly_faster(monkeypatch, gain, expected):
    peaks = {"32-true": 100.0, "bf16-mixed": 100.0 * gain}
    monkeypatch.setattr(precision, "peak_operations", lambda device, name: peaks[name])
    assert precision.fastest_precision("cpu") == expected


@pytest.mark.parametrize(("supported", "expected"), [(True, "bf16-mixed"), (False, "32-true")])
def test_a_gpu_takes_bf16_where_it_has_it(monkeypatch, supported, expected):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: supported)
    assert precision.fastest_precision("auto") == expected


def test_the_trainer_gets_the_precision_that_was_found(monkeypatch):
    monkeypatch.setattr(precision, "fastest_precision", lambda accelerator: "bf16-mixed")
    assert precision.trainer(accelerator="cpu", precision="fastest", logger=False).precision == "bf16-mixed"
    assert precision.trainer(accelerator="cpu", precision="32-true", logger=False).precision == "32-true"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"precision": "foo"}, "'foo' is invalid. Allowed precision values"),
        ({"accelerator": "tpux"}, "accelerator='tpux'.*Available names are"),
        ({"devices": 0}, r"devices=0.*change the setting of trainer"),
        ({"strategy": "bar"}, "strategy='bar'"),
        ({"limit_train_batches": -2}, "-2 for limit_train_batches"),
        ({"max_epochs": 0}, "trainer.max_epochs is 0, allowed are whole numbers from 1"),
        ({"check_val_every_n_epoch": 0}, "trainer.check_val_every_n_epoch is 0"),
        ({"max_time": 5}, "trainer.max_time is 5, allowed are days, hours, minutes and seconds"),
        ({"max_time": "0:00:42"}, "trainer.max_time is '0:00:42'"),
    ],
)
def test_a_wrong_setting_is_told_in_a_sentence(settings, words):
    with pytest.raises(UserError, match=words):
        precision.trainer(**{"accelerator": "cpu", "precision": "32-true", "logger": False, **settings})
