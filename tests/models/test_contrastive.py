from dataclasses import replace
from functools import partial

import pytest
import torch
from lightning import Trainer
from torch import nn
from torch.utils.data import DataLoader

from seqmine.models.contrastive import AugmentedViewContrast, TwoViewContrast, last_states, view_contrast
from seqmine.models.encoders.recurrent import RecurrentEncoder
from seqmine.models.losses.cross_entropy import CrossEntropy
from seqmine.models.module import SequenceModule
from seqmine.models.schedules import constant
from seqmine.structs import Catalog, SequenceBatch, UserError


def make_batch():
    items = torch.tensor([[1, 2, 3], [4, 5, 0], [6, 0, 0]])
    targets = torch.tensor([[2, 3, 9], [5, 9, 0], [7, 0, 0]])
    return SequenceBatch(items, targets, torch.tensor([3, 2, 1]), torch.arange(3))


def make_module(contrast_weight, kind=TwoViewContrast):
    torch.manual_seed(0)
    return SequenceModule(
        embedding_dim=8,
        encoder=RecurrentEncoder(embedding_dim=8, hidden_dim=8, num_layers=1, dropout=0.3, cell=nn.GRU),
        loss=CrossEntropy(),
        auxiliary={"contrast": kind(weight=contrast_weight, temperature=0.5)},
        catalog=Catalog.of_size(9),
        optimizer=partial(torch.optim.SGD, lr=0.1),
        scheduler=constant,
    )


def test_views_of_one_history_and_of_one_target_belong_together():
    batch = make_batch()
    first = torch.zeros(3, 3, 3)
    first[0, 2], first[1, 1], first[2, 0] = torch.tensor([[1.0, 0, 0], [1.0, 0, 0], [0, 1.0, 0]])
    apart = first.clone()
    apart[1, 1] = torch.tensor([0.0, 0, 1.0])
    together = view_contrast(first, first, batch, 0.1)
    assert together < 1e-3
    assert view_contrast(first, apart, batch, 0.1) > together


def test_histories_without_a_target_are_no_views_of_one_intent():
    batch, states = make_batch(), torch.randn(3, 3, 4, generator=torch.Generator().manual_seed(0))
    untold = batch.targets.clone()
    untold[torch.arange(3), batch.lengths - 1] = 0
    apart = untold.clone()
    apart[torch.arange(3), batch.lengths - 1] = torch.tensor([7, 8, 9])
    losses = [view_contrast(states, states, replace(batch, targets=targets), 0.5) for targets in (untold, apart)]
    assert losses[0] == losses[1] > 0


def test_only_the_last_event_of_each_history_is_a_view():
    batch, first = make_batch(), torch.randn(3, 3, 4)
    other = first.clone()
    other[0, :2] = 7.0
    other[1:, 2] = 7.0
    assert view_contrast(first, other, batch, 0.5) == view_contrast(first, first, batch, 0.5)


def train_one_step(contrast_weight, folder, kind=TwoViewContrast, batch=None):
    module = make_module(contrast_weight, kind)
    trainer = Trainer(
        max_epochs=1,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=folder,
    )
    trainer.fit(module, DataLoader([batch or make_batch()], batch_size=None))
    return module.item_embedding.weight.detach(), trainer.callback_metrics


@pytest.mark.filterwarnings("ignore:You defined a `validation_step`")
def test_the_contrast_changes_what_a_step_learns(tmp_path):
    plain, without = train_one_step(0.0, tmp_path)
    contrasted, logged = train_one_step(0.5, tmp_path)
    assert logged["train/loss"] == without["train/loss"] > 0
    assert logged["train/contrast"] == without["train/contrast"] > 0
    assert not torch.allclose(plain, contrasted)
    assert not torch.allclose(plain, make_module(0.0).item_embedding.weight)


def make_views():
    items = torch.tensor([[1, 2], [4, 0], [6, 0], [2, 3], [5, 0], [6, 0]])
    nothing = torch.zeros_like(items)
    return SequenceBatch(items, nothing, torch.tensor([2, 1, 1, 2, 1, 1]), torch.arange(3).repeat(2))


@pytest.mark.filterwarnings("ignore:You defined a `validation_step`")
def test_augmented_views_change_what_a_step_learns(tmp_path):
    batch = replace(make_batch(), views=make_views())
    plain, without = train_one_step(0.0, tmp_path, AugmentedViewContrast, batch)
    contrasted, logged = train_one_step(0.5, tmp_path, AugmentedViewContrast, batch)
    assert logged["train/loss"] == without["train/loss"] > 0
    assert logged["train/contrast"] == without["train/contrast"] > 0
    assert not torch.allclose(plain, contrasted)


def test_the_contrast_of_augmented_views_is_normalized_temperature_cross_entropy(tmp_path, monkeypatch):
    module, views, logged = make_module(1.0, AugmentedViewContrast).eval(), make_views(), {}
    module.trainer = type("Trainer", (), {"world_size": 1})()
    monkeypatch.setattr(module, "log", lambda name, value, **_: logged.update({name: value}))
    module.training_step(replace(make_batch(), views=views), 0)
    states = torch.nn.functional.normalize(last_states(module(views), views), dim=1)
    scores = (states @ states.T / 0.5).fill_diagonal_(-torch.inf)
    partners = torch.tensor([3, 4, 5, 0, 1, 2])
    torch.testing.assert_close(logged["train/contrast"], torch.nn.functional.cross_entropy(scores, partners))


def test_a_task_without_views_is_refused():
    with pytest.raises(UserError, match="set module.task=two_views"):
        make_module(1.0, AugmentedViewContrast).training_step(make_batch(), 0)


def test_a_temperature_of_0_is_refused():
    for kind in (TwoViewContrast, AugmentedViewContrast):
        with pytest.raises(UserError, match="temperature is 0.0, allowed are numbers above 0"):
            kind(weight=1.0, temperature=0.0)
