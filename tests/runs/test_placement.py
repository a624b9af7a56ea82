import pytest
import torch
from omegaconf import OmegaConf
from torch import nn

from seqmine.runs import placement
from seqmine.runs.placement import device_for, place, require_one_device, require_placement_alone
from seqmine.structs import UserError


@pytest.fixture
def two_gpus(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


def test_a_gpu_is_taken_where_there_is_one(two_gpus):
    """That of the process, which is not the first one in every process, unless its number is given."""
    assert device_for("auto", 1) == device_for("gpu", 4) == device_for("cuda", "auto") == torch.device("cuda")
    assert device_for("gpu", [1]) == device_for("auto", OmegaConf.create([1, 0])) == torch.device("cuda", 1)
    assert device_for("cpu", [1]) == torch.device("cpu")
    for devices in ([2], [], [-1]):
        with pytest.raises(UserError, match=r"trainer.devices is \[.*\], but the GPUs .* the numbers 0 to 1; change"):
            device_for("gpu", devices)


def test_what_a_machine_does_not_have_is_told(no_gpu):
    assert device_for("auto", 1) == device_for("cpu", 3) == device_for("auto", [5]) == torch.device("cpu")
    for name in ("gpu", "cuda", "mps"):
        with pytest.raises(UserError, match=f"trainer.accelerator is '{name}', which this machine does not have; set"):
            device_for(name, 1)
    with pytest.raises(UserError, match="trainer.accelerator is 'tpu', allowed are auto, gpu, cuda, mps, cpu; change"):
        device_for("tpu", 1)


def test_a_module_is_moved_to_the_device_of_the_trainer(monkeypatch):
    monkeypatch.setattr(placement, "device_for", lambda accelerator, devices: torch.device("meta"))
    module = place(nn.Linear(2, 2), OmegaConf.create({"accelerator": "auto", "devices": 1}))
    assert module.weight.device.type == "meta"


@pytest.mark.parametrize("devices", [None, 1, [0], [3]])
def test_one_device_may_be_said_in_three_ways(devices):
    require_one_device(OmegaConf.create({"accelerator": None, "devices": devices}))


@pytest.mark.parametrize("devices", [2, 0, -1, "auto", "0,1", [0, 1], []])
def test_several_devices_are_refused_where_one_is_used(devices):
    with pytest.raises(UserError, match="trainer.devices is .*, allowed is one device: 1, or the number of a GPU"):
        require_one_device(OmegaConf.create({"accelerator": None, "devices": devices}))


@pytest.mark.parametrize("require", [require_one_device, require_placement_alone])
def test_settings_of_training_are_refused_where_nothing_is_trained(require):
    with pytest.raises(UserError, match="trainer.precision is set, allowed are trainer.accelerator and .*; leave out"):
        require(OmegaConf.create({"accelerator": None, "devices": 1, "precision": "bf16-mixed"}))
