"""Lightning's trainer: all that it takes can be set, wrong settings are told in a sentence."""

import inspect
import re
import types
from collections.abc import Sequence
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from lightning import Callback, Trainer
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.callbacks import Checkpoint, ModelSummary, ProgressBar

from seqmine.structs import UserError
from seqmine.training.precision import fastest_precision, warn_of_slow_precision

_BUILT_BY_GROUPS = ("callbacks", "logger")
_OPTIONAL_CALLBACKS = {
    "enable_checkpointing": Checkpoint,
    "enable_progress_bar": ProgressBar,
    "enable_model_summary": ModelSummary,
}
_WORDS = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text",
    list: "a list",
    dict: "a mapping",
    type(None): "null",
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
    for name, endless in (("max_epochs", True), ("check_val_every_n_epoch", False)):
        value = settings.get(name)
        if value is not None and value < 1 and not (endless and value == -1):
            raise UserError(f"{name} is {value}, allowed are whole numbers from 1")
    max_time = settings.get("max_time")
    if max_time is not None and not re.fullmatch(r"\d+(:\d\d){3}", str(max_time)):
        raise UserError(
            f"max_time is {max_time!r}, allowed are days, hours, minutes and seconds, such as '00:01:30:00'"
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


def trainer_arguments() -> dict[str, Any]:
    """Return the type of each argument of Lightning's trainer that can be set below ``trainer``.

    Callbacks and loggers are groups of their own.

    >>> "profiler" in trainer_arguments(), "callbacks" in trainer_arguments()
    (True, False)
    """
    types_of = get_type_hints(Trainer.__init__)
    names = inspect.signature(Trainer).parameters
    return {name: types_of[name] for name in names if name not in _BUILT_BY_GROUPS}


def is_of_type(value: Any, kind: Any) -> bool:
    """Tell whether a value of a configuration is of an annotated type.

    >>> is_of_type(1, float | None), is_of_type("auto", list[int] | str), is_of_type(True, int), is_of_type("a", int)
    (True, True, False, False)
    """
    if get_origin(kind) in (Union, types.UnionType):
        return any(is_of_type(value, option) for option in get_args(kind))
    if get_origin(kind) is Literal:
        return value in get_args(kind)
    kind = get_origin(kind) or kind
    if isinstance(value, bool):
        return kind is bool
    return isinstance(value, int | float) if kind is float else isinstance(value, kind)


def type_names(kind: Any) -> str:
    """Return in words what a configuration may write for an annotated type.

    >>> type_names(int | Literal["auto", "all"] | None)
    'a whole number, auto, all, null'
    """
    if get_origin(kind) in (Union, types.UnionType):
        return ", ".join(dict.fromkeys(words for option in get_args(kind) if (words := type_names(option))))
    if get_origin(kind) is Literal:
        return ", ".join(map(str, get_args(kind)))
    return _WORDS.get(get_origin(kind) or kind, "")
