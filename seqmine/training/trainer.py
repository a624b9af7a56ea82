"""Lightning's trainer: all that it takes can be set, wrong settings are told in a sentence."""

import re
from collections.abc import Sequence
from typing import Any

from lightning import Callback, Trainer
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import Checkpoint, ModelSummary, ProgressBar

from seqmine.structs import UserError
from seqmine.training.precision import fastest_precision, warn_of_slow_precision

_OPTIONAL_CALLBACKS = {
    "enable_checkpointing": Checkpoint,
    "enable_progress_bar": ProgressBar,
    "enable_model_summary": ModelSummary,
}


def trainer(*, accelerator: str, precision: str, callbacks: Sequence[Callback] = (), **settings: Any) -> Trainer:
    """Build Lightning's trainer, which also knows the precision ``fastest``.

    Args:
        accelerator: ``auto``, ``gpu``, ``cpu`` ...
        precision: ``fastest``, or a precision of Lightning.
        callbacks: what happens beside training; those that a setting turns off are left out.
        settings: what else Lightning's trainer takes.

    Raises:
        UserError: a setting that Lightning refuses, or would stumble over later.
    """
    max_time = settings.get("max_time")
    if max_time is not None and not re.fullmatch(r"\d+(:\d\d){3}", str(max_time)):
        raise UserError(
            f"max_time is {max_time!r}, allowed are days, hours, minutes and seconds, such as '00:01:30:00'"
        )
    if settings.get("max_epochs") == -1 and settings.get("max_steps", -1) == -1:
        raise UserError(
            "max_epochs is -1 without a last step, which the learning rate falls towards; set `max_steps` too"
        )
    if precision == "fastest":
        precision = fastest_precision(accelerator)
    else:
        warn_of_slow_precision(accelerator, str(precision))
    off = tuple(kind for name, kind in _OPTIONAL_CALLBACKS.items() if settings.get(name) is False)
    kept = [callback for callback in callbacks if not isinstance(callback, off)]  # type: ignore[redundant-expr]
    try:
        return Trainer(accelerator=accelerator, precision=precision, callbacks=kept, **settings)  # type: ignore[arg-type]
    except (MisconfigurationException, ValueError, TypeError) as error:
        raise UserError(f"{str(error).rstrip('.')}; change the setting of trainer") from error
