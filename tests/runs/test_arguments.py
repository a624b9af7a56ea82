import inspect
from importlib import import_module
from typing import Any

import pytest
import torch
from lightning.pytorch.callbacks import EarlyStopping

from seqmine.models.masked import MaskedItemModule
from seqmine.runs.arguments import _OUTSIDE, arguments_of
from seqmine.runs.components import shipped_targets
from seqmine.structs.bounds import fits
from seqmine.training.best_checkpoint import BestCheckpoint
from seqmine.training.trainer import trainer


def located(name: str) -> Any:
    module, _, name = name.rpartition(".")
    return getattr(import_module(module), name)


def test_what_a_class_hands_on_is_known_too():
    assert not fits(0, arguments_of(MaskedItemModule).kinds["embedding_dim"])
    assert not fits(0, arguments_of(MaskedItemModule).kinds["cosine_temperature"])
    assert not fits(0, arguments_of(BestCheckpoint).kinds["every_n_epochs"])
    assert "monitr" not in arguments_of(BestCheckpoint).kinds and not arguments_of(BestCheckpoint).is_open


def test_a_trainer_takes_what_lightnings_does_within_bounds():
    takes = arguments_of(trainer)
    assert "profiler" in takes.kinds and not takes.is_open
    for name in ("accumulate_grad_batches", "max_epochs", "limit_test_batches", "devices"):
        assert not fits(0, takes.kinds[name])
    assert fits(-1, takes.kinds["max_epochs"]) and fits("auto", takes.kinds["devices"])


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.AdamW, torch.optim.RMSprop])
def test_every_optimizer_has_the_bounds_of_optimizers(optimizer):
    kinds = arguments_of(optimizer).kinds
    assert not fits(-1.0, kinds["lr"]) and not fits(float("nan"), kinds["weight_decay"]) and fits(1e-3, kinds["lr"])


def test_a_constructor_of_which_nothing_is_known_takes_anything():
    assert arguments_of(dict).is_open
    assert arguments_of(torch.nn.GRU).kinds["num_layers"]


@pytest.mark.parametrize("name", sorted(_OUTSIDE))
def test_bounds_are_declared_of_what_is_there(name):
    """A parameter that an outside package renames would lose its bounds in silence."""
    if name == "torch.optim.optimizer.Optimizer":
        return
    assert set(_OUTSIDE[name]) <= set(inspect.signature(located(name).__init__).parameters), name


def test_early_stopping_of_lightning_has_its_bounds():
    assert not fits(-1, arguments_of(EarlyStopping).kinds["patience"])


@pytest.mark.parametrize("name", sorted(shipped_targets()))
def test_every_number_of_a_component_says_what_it_may_be(name):
    """Not a number and text are no number; what may be any number says so by ``int`` or ``float``."""
    kinds = arguments_of(located(name)).kinds
    for parameter, kind in kinds.items():
        if fits(1, kind) and kind is not Any and not fits("x", kind):
            assert not fits(float("nan"), kind), parameter
