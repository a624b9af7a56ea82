"""The precision that is fastest on the device of a run."""

from typing import Any

import torch
from lightning import Trainer

from seqmine.callbacks.flops import peak_operations

_CLEARLY_FASTER = 1.5  # casting costs too, so products must gain more than a little


def trainer(*, accelerator: str, precision: str, **settings: Any) -> Trainer:
    """Build Lightning's trainer, which also knows the precision ``fastest``.

    Args:
        accelerator: ``auto``, ``gpu``, ``cpu`` ...
        precision: ``fastest``, or a precision of Lightning.
        settings: what else Lightning's trainer takes.
    """
    if precision == "fastest":
        precision = fastest_precision(accelerator)
    return Trainer(accelerator=accelerator, precision=precision, **settings)  # type: ignore[arg-type]


def fastest_precision(accelerator: str) -> str:
    """Return ``bf16-mixed`` where the hardware has it and is faster with it, else ``32-true``.

    On a CPU both are measured: many have bf16 instructions and are slower with them.

    Args:
        accelerator: ``auto``, ``gpu``, ``cpu`` ...
    """
    if accelerator in ("auto", "gpu", "cuda") and torch.cuda.is_available():
        return "bf16-mixed" if torch.cuda.is_bf16_supported(including_emulation=False) else "32-true"
    cpu = torch.device("cpu")
    gain = peak_operations(cpu, "bf16-mixed") / peak_operations(cpu, "32-true")
    return "bf16-mixed" if gain > _CLEARLY_FASTER else "32-true"
