"""What components take: the parameters of their constructors, each with what it may be."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any, Literal, get_type_hints

from seqmine.structs.bounds import (
    AtLeastTwo,
    InnerShare,
    NonNegativeFloat,
    NonNegativeInt,
    Penalty,
    PositiveFloat,
    PositiveInt,
    PositiveShare,
    Share,
    ShareBelowOne,
)

# Lightning's trainer is built by a function of this project, which hands on what it does not know
_HANDED_ON = {"seqmine.training.trainer.trainer": "lightning.pytorch.trainer.trainer.Trainer"}
_OF_BATCHES = NonNegativeInt | Share | None
# What others annotate as a number without saying which; of a class also for those that are made of it.
_OUTSIDE: Mapping[str, Mapping[str, Any]] = {
    "lightning.pytorch.trainer.trainer.Trainer": {
        "devices": Literal["auto"] | PositiveInt | str | list[NonNegativeInt],
        "num_nodes": PositiveInt,
        "max_epochs": PositiveInt | Literal[-1] | None,
        "min_epochs": PositiveInt | None,
        "max_steps": PositiveInt | Literal[-1],
        "min_steps": PositiveInt | None,
        "limit_train_batches": PositiveInt | PositiveShare | None,
        "limit_val_batches": _OF_BATCHES,
        "limit_test_batches": PositiveInt | PositiveShare | None,
        "limit_predict_batches": _OF_BATCHES,
        "overfit_batches": NonNegativeInt | Share,
        "val_check_interval": PositiveInt | PositiveShare | str | dict | None,
        "check_val_every_n_epoch": PositiveInt | None,
        "num_sanity_val_steps": NonNegativeInt | Literal[-1] | None,
        "log_every_n_steps": PositiveInt | None,
        "accumulate_grad_batches": PositiveInt,
        "gradient_clip_val": NonNegativeFloat | None,
        "reload_dataloaders_every_n_epochs": NonNegativeInt,
        "fast_dev_run": NonNegativeInt | bool,
    },
    "lightning.pytorch.callbacks.progress.rich_progress.RichProgressBar": {"refresh_rate": NonNegativeInt},
    "lightning.pytorch.callbacks.progress.tqdm_progress.TQDMProgressBar": {"refresh_rate": NonNegativeInt},
    "lightning.pytorch.callbacks.early_stopping.EarlyStopping": {
        "patience": NonNegativeInt,
        "mode": Literal["min", "max"],
    },
    "lightning.pytorch.callbacks.model_checkpoint.ModelCheckpoint": {
        "dirpath": str | None,
        "filename": str | None,
        "mode": Literal["min", "max"],
        "save_top_k": Literal[-1] | NonNegativeInt,
        "every_n_epochs": PositiveInt | None,
        "every_n_train_steps": PositiveInt | None,
    },
    "lightning.pytorch.loggers.csv_logs.CSVLogger": {"flush_logs_every_n_steps": PositiveInt},
    "torch.optim.optimizer.Optimizer": {
        "lr": PositiveFloat,
        "weight_decay": Penalty,
        "eps": PositiveFloat,
        "betas": tuple[ShareBelowOne, ShareBelowOne],
        "momentum": ShareBelowOne,
        "dampening": Share,
        "alpha": InnerShare,
    },
    "torch.nn.modules.rnn.RNNBase": {"num_layers": PositiveInt, "dropout": ShareBelowOne, "bidirectional": bool},
    "torch.nn.modules.normalization.LayerNorm": {
        "eps": PositiveFloat,
        "normalized_shape": AtLeastTwo | list[AtLeastTwo],
    },
    "torch.nn.modules.normalization.RMSNorm": {
        "eps": PositiveFloat | None,
        "normalized_shape": AtLeastTwo | list[AtLeastTwo],
    },
    "torch.nn.modules.activation.GELU": {"approximate": Literal["none", "tanh"]},
}


@dataclass(frozen=True)
class Arguments:
    """What a component takes.

    Args:
        kinds: what each parameter may be.
        is_open: True where it takes others too, of which nothing is known.
    """

    kinds: Mapping[str, Any]
    is_open: bool


@cache
def arguments_of(function: Callable[..., Any]) -> Arguments:
    """Return what a component takes, also what a class hands on to the one that it is made of.

    >>> from seqmine.training.trainer import trainer
    >>> str(arguments_of(trainer).kinds["accumulate_grad_batches"].__metadata__[0])
    ' from 1'
    """
    kinds: dict[str, Any] = {}
    is_open = True
    for owner in _owners(function):
        parameters = _parameters(owner)
        outside = {name: kind for part in _family(owner) for name, kind in _OUTSIDE.get(_name(part), {}).items()}
        named = [item for item in parameters if item.kind not in (item.VAR_POSITIONAL, item.VAR_KEYWORD)]
        kinds = {item.name: outside.get(item.name, item.annotation) for item in named} | kinds
        is_open = any(item.kind is item.VAR_KEYWORD for item in parameters)
        if not is_open:
            break
    return Arguments(kinds, is_open)


def _owners(function: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """Yield a component and those that it hands on arguments to."""
    if isinstance(function, type):
        yield from (kind for kind in function.__mro__ if "__init__" in vars(kind))
        return
    yield function
    if _name(function) in _HANDED_ON:
        module, _, name = _HANDED_ON[_name(function)].rpartition(".")
        yield from _owners(getattr(import_module(module), name))


def _family(owner: Callable[..., Any]) -> list[Callable[..., Any]]:
    """Return what is declared of a component from outside: of its own and of what it is made of, the nearest last."""
    if _name(owner).startswith("seqmine."):
        return []
    return list(reversed(owner.__mro__)) if isinstance(owner, type) else [owner]


def _parameters(owner: Callable[..., Any]) -> list[inspect.Parameter]:
    """Return the parameters of a constructor or a function; any where nothing is known, as of some of torch."""
    takes = owner.__init__ if isinstance(owner, type) else owner  # type: ignore[misc]
    try:
        parameters = list(inspect.signature(takes).parameters.values())[isinstance(owner, type) :]
    except ValueError:
        return [inspect.Parameter("others", inspect.Parameter.VAR_KEYWORD)]
    try:
        hints = get_type_hints(takes, include_extras=True)
    except NameError:  # of what is imported for type checkers alone
        hints = {}
    return [item.replace(annotation=hints.get(item.name, Any)) for item in parameters]


def _name(function: Callable[..., Any]) -> str:
    return f"{getattr(function, '__module__', '')}.{getattr(function, '__qualname__', '')}"
