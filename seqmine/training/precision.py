"""The precision that is fastest on the device of a run, and a warning of one that only costs time there."""

import logging

import torch
from lightning.pytorch.utilities import rank_zero_only

from seqmine.training.flops import is_faster_than_single

_log = logging.getLogger(__name__)
_CLEARLY_FASTER = 1.5  # casting costs too, so products must gain more than a little


def fastest_precision(accelerator: str) -> str:
    """Return ``bf16-mixed`` where the hardware has it and is faster with it, else ``32-true``.

    On a CPU both are measured: many have bf16 instructions and are slower with them.

    Args:
        accelerator: ``auto``, ``gpu``, ``cpu`` ...
    """
    if _is_gpu(accelerator):
        return "bf16-mixed" if _gpu_has_bf16() else "32-true"
    return "bf16-mixed" if is_faster_than_single(torch.device("cpu"), "bf16-mixed", _CLEARLY_FASTER) else "32-true"


@rank_zero_only
def warn_of_slow_precision(accelerator: str, precision: str) -> None:
    """Warn when a precision of half the digits, which is there for speed, is slower than single on the device of a run.

    Args:
        accelerator: ``auto``, ``gpu``, ``cpu`` ...
        precision: of Lightning.
    """
    if not precision.startswith(("16", "bf16")):
        return
    if _is_gpu(accelerator):
        slower = precision.startswith("bf16") and not _gpu_has_bf16()
    else:  # where half precision is asked of a CPU, Lightning takes bf16
        slower = accelerator in ("auto", "cpu") and not is_faster_than_single(torch.device("cpu"), "bf16-mixed")
    if slower:
        _log.warning(
            "trainer.precision is %s, which this device only emulates: a step is slower than in single precision; "
            "set trainer.precision=fastest",
            precision,
        )


def _is_gpu(accelerator: str) -> bool:
    return accelerator in ("auto", "gpu", "cuda") and torch.cuda.is_available()


def _gpu_has_bf16() -> bool:
    return torch.cuda.is_bf16_supported(including_emulation=False)
