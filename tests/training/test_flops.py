from dataclasses import replace
from functools import partial

import pytest
import torch
from hydra import compose, initialize_config_dir
from torch import nn

from seqmine.models.encoders.recurrent import RecurrentEncoder
from seqmine.models.encoders.sasrec import SASRecEncoder
from seqmine.models.losses.cross_entropy import CrossEntropy
from seqmine.models.losses.intent_prototypes import IntentPrototypes
from seqmine.models.module import SequenceModule
from seqmine.models.schedules import constant
from seqmine.runs.components import CONF_DIR, build
from seqmine.structs import Catalog, SequenceBatch
from seqmine.training import flops
from seqmine.training.flops import peak_operations, training_cost

D, V = 8, 50
BATCH = SequenceBatch(
    items=torch.tensor([[3, 4, 5, 6]]),
    targets=torch.tensor([[4, 5, 6, 7]]),
    lengths=torch.tensor([4]),
    user_index=torch.tensor([0]),
)


def module(encoder, loss=None) -> SequenceModule:
    return SequenceModule(
        embedding_dim=D, encoder=encoder, loss=loss or CrossEntropy(), catalog=Catalog.of_size(V),
        optimizer=partial(torch.optim.AdamW, lr=0.1, weight_decay=0.5), scheduler=constant,
    )  # fmt: skip


def test_cost_of_a_transformer_is_that_of_its_matrices():
    """A product of the forward pass is followed by two of the backward pass; attention has two products, then five."""
    cost = training_cost(
        module(SASRecEncoder(embedding_dim=D, max_length=20, num_layers=1, num_heads=2, dropout=0.0)), BATCH
    )
    assert cost.per_target == 3 * 2 * D * V
    assert cost.per_pair == (2 + 5) * 2 * D
    assert cost.per_event == 3 * 2 * 6 * D * D


@pytest.mark.parametrize(("cell", "gates"), [(nn.LSTM, 4), (nn.GRU, 3)])
def test_cost_of_recurrent_networks_is_counted(cell, gates):
    encoder = RecurrentEncoder(embedding_dim=D, hidden_dim=D, num_layers=1, dropout=0.0, cell=cell)
    cost = training_cost(module(encoder), BATCH)
    assert cost.per_event >= 3 * 2 * gates * 2 * D * D
    assert cost.per_pair == 0


def test_further_targets_of_a_batch_do_not_change_its_cost():
    net = module(SASRecEncoder(embedding_dim=D, max_length=20, num_layers=1, num_heads=2, dropout=0.0))
    several = replace(BATCH, later_targets=torch.tensor([[0, 3, 9], [7, 3, 9]]))  # also of rows that are not measured
    assert training_cost(net, several) == training_cost(net, BATCH)


def test_measuring_leaves_no_trace():
    loss = IntentPrototypes(
        loss=CrossEntropy(), embedding_dim=D, weight=0.1, temperature=0.1, num_intents=4, num_positions=9, decay=0.5
    )
    net = module(SASRecEncoder(embedding_dim=D, max_length=20, num_layers=1, num_heads=2, dropout=0.5), loss)
    net.training_losses(BATCH)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    training_cost(net, BATCH)
    assert torch.equal(torch.rand(1), expected)
    assert all(parameter.grad is None for parameter in net.parameters())
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


def test_a_batch_costs_what_its_real_events_cost():
    cost = training_cost(
        module(SASRecEncoder(embedding_dim=D, max_length=20, num_layers=1, num_heads=2, dropout=0.0)), BATCH
    )
    assert cost.of(torch.tensor([2, 5]), 6) == 7 * cost.per_event + 29 * cost.per_pair + 6 * cost.per_target


def test_peak_is_a_number_of_this_century():
    assert 1e8 < peak_operations(torch.device("cpu"), "32-true") < 1e16


@pytest.mark.parametrize(("bf16", "expected"), [(10.0, 100.0), (250.0, 250.0)])
def test_the_peak_of_a_device_is_that_of_its_fastest_precision(monkeypatch, bf16, expected):
    measured = []

    def peak(device, precision, size=None):
        measured.append((precision, size))
        return {"32-true": 100.0, "bf16-mixed": bf16}[precision]

    monkeypatch.setattr(flops, "peak_operations", peak)
    assert flops.fastest_peak(torch.device("cpu")) == expected
    assert (("bf16-mixed", None) in measured) == (bf16 > 100.0), "a large emulated product takes many seconds"


@pytest.mark.parametrize("kind", ["bert4rec", "cl4srec", "duorec"])
def test_every_task_can_be_measured(kind, tmp_path):
    """Of the model and the first batch that its configuration brings."""
    (tmp_path / "log.txt").write_text("".join(f"u{user} 1 2 3 4 5 {user % 5 + 1}\n" for user in range(20)))
    overrides = [f"model={kind}", "data=sequences", f"data.path={tmp_path / 'log.txt'}", f"paths.store={tmp_path}"]
    with initialize_config_dir(str(CONF_DIR), version_base=None):
        config = compose("train", [*overrides, "run_name=name", "paths.run=run", "model.embedding_dim=8"])
    data = build(config.data.module, [])
    net = build(config.model, [])(catalog=data.catalog)
    batch = next(iter(data.train_dataloader()))
    assert tuple(net.training_losses(batch)[1]) == net.loss_names
    cost = training_cost(net, batch)
    assert cost.per_event > 0 and cost.per_target == 3 * 2 * 8 * data.catalog.num_items
