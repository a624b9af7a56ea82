"""Lightning's trainer, in the precision that is fastest on the device of a run; wrong settings told in a sentence."""

import re
from typing import Any

import torch
from lightning import Trainer
from lightning.fabric.utilities.exceptions import MisconfigurationException

from seqmine.structs import UserError
from seqmine.training.flops import peak_operations

_CLEARLY_FASTER = 1.5  # casting costs too, so products must gain more than a little


def trainer(*, accelerator: str, precision: str, **settings: Any) -> Trainer:
    """Build Lightning's trainer, which also knows the precision ``fastest``.

    Args:
        accelerator: ``auto``, ``gpu``, ``cpu`` ...
        precision: ``fastest``, or a precision of Lightning.
        settings: what else Lightning's trainer takes.

    Raises:
        UserError: a setting that Lightning refuses, or would stumble over later.
    """
    for name, endless in (("max_epochs", True), ("check_val_every_n_epoch", False)):
        value = settings.get(name, 1)
        if value < 1 and not (endless and value == -1):
            raise UserError(f"trainer.{name} is {value}, allowed are whole numbers from 1; change trainer.{name}")
    max_time = settings.get("max_time")
    if max_time is not None and not re.fullmatch(r"\d+(:\d\d){3}", str(max_time)):
        raise UserError(
            f"trainer.max_time is {max_time!r}, allowed are days, hours, minutes and seconds; "
            "write trainer.max_time='00:01:30:00'"
        )
    if precision == "fastest":
        precision = fastest_precision(accelerator)
    try:
        return Trainer(accelerator=accelerator, precision=precision, **settings)  # type: ignore[arg-type]
    except (MisconfigurationException, ValueError) as error:
        raise UserError(f"{str(error).rstrip('.')}; change the setting of trainer") from error


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
