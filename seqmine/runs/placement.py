"""Where a restored model computes: on the device that the settings of the trainer name."""

from collections.abc import Sequence
from typing import Any, TypeVar

import torch
from omegaconf import DictConfig, ListConfig
from torch import nn

from seqmine.structs import UserError

_Module = TypeVar("_Module", bound=nn.Module)
_KINDS = {"auto": ("cuda", "mps", "cpu"), "gpu": ("cuda", "mps"), "cuda": ("cuda",), "mps": ("mps",), "cpu": ("cpu",)}
_READ = ("accelerator", "devices")


def place(module: _Module, trainer: DictConfig) -> _Module:
    """Move a module to the device of a run, and return it; batches follow it, see ``device_of``.

    Args:
        module: of the run.
        trainer: settings of the run's trainer, perhaps with changes; of several devices the first is taken.

    Raises:
        UserError: this machine has no such device.
    """
    return module.to(device_for(trainer.accelerator, trainer.devices))


def device_for(accelerator: Any, devices: Any) -> torch.device:
    """Return the device that a setting of Lightning's trainer stands for.

    Args:
        accelerator: ``auto`` (a GPU if there is any, else the CPU), ``gpu``, ``cuda``, ``mps`` or ``cpu``.
        devices: a list names a GPU of several by its number; else that of the process is taken.

    Raises:
        UserError: this machine has no such device.

    >>> device_for("cpu", 4)
    device(type='cpu')
    """
    if accelerator not in _KINDS:
        raise UserError(
            f"trainer.accelerator is {accelerator!r}, allowed are {', '.join(_KINDS)}; change trainer.accelerator"
        )
    kind = next((kind for kind in _KINDS[accelerator] if _is_there(kind)), None)
    if kind is None:
        raise UserError(
            f"trainer.accelerator is {accelerator!r}, which this machine does not have; "
            "set trainer.accelerator to auto or cpu"
        )
    if kind == "cuda" and _is_list(devices):
        return torch.device("cuda", _number_of_gpu(devices))
    return torch.device(kind)


def require_placement_alone(trainer: DictConfig) -> None:
    """Refuse arguments of Lightning's trainer that nothing reads where a model only scores.

    Args:
        trainer: as the program was asked.

    Raises:
        UserError: one that says nothing of the device.
    """
    unread = [str(name) for name in trainer if name not in _READ]
    if unread:
        raise UserError(
            f"trainer.{unread[0]} is set, allowed are trainer.accelerator and trainer.devices, as nothing is trained; "
            f"leave out trainer.{unread[0]}"
        )


def require_one_device(trainer: DictConfig) -> None:
    """Refuse to score with more than one device, or with settings that nothing reads.

    Args:
        trainer: as the program was asked.

    Raises:
        UserError: several devices, or an argument that says nothing of the device.
    """
    require_placement_alone(trainer)
    devices = trainer.devices
    if devices in (None, 1) or (_is_list(devices) and len(devices) == 1):
        return
    raise UserError(
        f"trainer.devices is {devices}, allowed is one device: 1, or the number of a GPU as in [0]; "
        "change trainer.devices"
    )


def _is_there(kind: str) -> bool:
    if kind == "cuda":
        return torch.cuda.is_available()
    return kind == "cpu" or torch.backends.mps.is_available()


def _is_list(devices: Any) -> bool:
    return isinstance(devices, list | tuple | ListConfig)


def _number_of_gpu(devices: Sequence[Any]) -> int:
    count = torch.cuda.device_count()
    if not devices or devices[0] not in range(count):
        raise UserError(
            f"trainer.devices is {list(devices)}, but the GPUs of this machine have the numbers 0 to {count - 1}; "
            "change trainer.devices"
        )
    return int(devices[0])
