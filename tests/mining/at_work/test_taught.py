from functools import partial
from types import SimpleNamespace

import pytest
import torch
from lightning import LightningDataModule, Trainer
from torch import nn
from torch.utils.data import DataLoader

from seqmine.mining.at_work.recommender import PatternRecommender
from seqmine.mining.at_work.taught import PatternDefects, defect_loss
from seqmine.models.encoders.recurrent import RecurrentEncoder
from seqmine.models.losses.cross_entropy import CrossEntropy
from seqmine.models.module import SequenceModule
from seqmine.models.schedules import constant
from seqmine.structs import Catalog, InteractionLog, SequenceBatch

LOG = InteractionLog.from_lists([[1, 2, 3], [1, 2, 4], [5, 6, 7]])


class Data(LightningDataModule):
    """One batch, and the log that the patterns are counted on."""

    prepared = SimpleNamespace(training_log=lambda: LOG)

    def train_dataloader(self):
        items = torch.tensor([[1, 2, 3], [4, 5, 0], [6, 0, 0]])
        targets = torch.tensor([[2, 3, 9], [5, 9, 0], [7, 0, 0]])
        return DataLoader([SequenceBatch(items, targets, torch.tensor([3, 2, 1]), torch.arange(3))], batch_size=None)


def trained(pattern_weight, folder, epochs=1):
    torch.manual_seed(0)
    module = SequenceModule(
        embedding_dim=8,
        encoder=RecurrentEncoder(embedding_dim=8, hidden_dim=8, num_layers=1, dropout=0.0, cell=nn.GRU),
        loss=CrossEntropy(),
        auxiliary={"defect": PatternDefects(patterns=PatternRecommender(), weight=pattern_weight)},
        catalog=Catalog.of_size(9),
        optimizer=partial(torch.optim.Adam, lr=0.05),
        scheduler=constant,
    )
    trainer = Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=folder,
    )
    trainer.fit(module, datamodule=Data())
    return module, trainer.callback_metrics


def test_what_the_model_knows_adds_nothing():
    told = torch.tensor([[0.0, 3.0, 1.0]])
    loss, missing = defect_loss(torch.tensor([[9.0, 3.0, 1.0]]).log(), told)
    assert loss.item() == pytest.approx(0, abs=1e-6)
    assert missing.item() == pytest.approx(0, abs=1e-6)


def test_the_gradient_raises_what_is_missing():
    scores = torch.zeros(1, 5, requires_grad=True)
    loss, missing = defect_loss(scores, torch.tensor([[0.0, 1.0, 0.0, 0.0, 0.0]]))
    loss.backward()
    assert missing.item() == pytest.approx(0.75)
    assert scores.grad[0, 1] < 0
    assert (scores.grad[0, 2:] > 0).all()


@pytest.mark.filterwarnings("ignore:You defined a `validation_step`")
def test_the_patterns_of_the_training_part_are_learnt(tmp_path):
    history = SequenceBatch(torch.tensor([[1]]), torch.tensor([[0]]), torch.tensor([1]), torch.tensor([0]))
    chances = [trained(w, tmp_path, 30)[0].score(history)[0, 1:].softmax(0)[2:4].sum().item() for w in (0.0, 2.0)]
    assert chances[1] > chances[0]


@pytest.mark.filterwarnings("ignore:You defined a `validation_step`")
def test_patterns_are_logged_and_no_part_of_the_checkpoint(tmp_path):
    module, logged = trained(0.5, tmp_path)
    assert 0 < logged["train/defect"] <= 1
    assert not [name for name in module.state_dict() if "pattern" in name]
