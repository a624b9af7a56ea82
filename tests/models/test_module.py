from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from seqmine.models.embeddings.attributes import AttributedItems
from seqmine.models.losses.cross_entropy import CrossEntropy
from seqmine.models.module import SequenceModule
from seqmine.models.optimizers import LazyAdamW
from seqmine.models.schedules import constant
from seqmine.structs import AttributeTable, Catalog, SequenceBatch, UserError


class Echo(nn.Module):
    """Returns what it is given."""

    def forward(self, embedded, batch):
        return embedded


def module(**settings) -> SequenceModule:
    torch.manual_seed(0)
    adamw = partial(torch.optim.AdamW, lr=0.1, weight_decay=0.5)
    return SequenceModule(
        embedding_dim=8, encoder=Echo(), loss=CrossEntropy(), scheduler=constant,
        **({"catalog": Catalog.of_size(20), "optimizer": adamw} | settings),
    )  # fmt: skip


BATCH = SequenceBatch(
    items=torch.tensor([[1, 2, 0], [3, 4, 5]]),
    targets=torch.tensor([[2, 7, 0], [0, 5, 6]]),
    lengths=torch.tensor([2, 3]),
    user_index=torch.tensor([0, 1]),
)


class Depth(nn.Module):
    """Tells how many rows and columns it is given beside the items."""

    def forward(self, embedded, batch):
        assert embedded.shape[:2] == batch.items.shape
        return embedded + 100 * batch.items.shape[1]


def test_rows_of_similar_length_are_encoded_together():
    net = module()
    whole = net(BATCH)
    net.encoder = Depth()
    states = net(replace(BATCH, groups=((1, 2), (2, 3))))
    assert states.shape == whole.shape
    torch.testing.assert_close(states[0, :2], whole[0, :2] + 200)
    torch.testing.assert_close(states[1], whole[1] + 300)
    assert not states[0, 2].any()


def test_scores_belong_to_the_last_event_of_each_row():
    net = module()
    scores = net.score(BATCH)
    expected = net.item_embedding(torch.tensor([[2, 5]]))[0] @ net.item_embedding.weight.T
    torch.testing.assert_close(scores, expected)


def test_scores_are_in_single_precision_where_the_model_computes_in_less():
    net = module()
    exact = net.score(BATCH)
    with torch.autocast("cpu", torch.bfloat16):
        low = net.score(BATCH)
    assert low.dtype == torch.float32
    torch.testing.assert_close(low, exact)


def test_cosine_scores_ignore_the_lengths_of_vectors_and_are_what_the_loss_sees(monkeypatch):
    net = module(cosine_temperature=0.5)
    net.trainer = SimpleNamespace(world_size=1)
    monkeypatch.setattr(net, "log", lambda *_, **__: None)
    scores, loss = net.score(BATCH), net.training_step(BATCH, 0)
    items = net.item_embedding.weight
    expected = nn.functional.cosine_similarity(items[[2, 5]].unsqueeze(1), items[1:].unsqueeze(0), dim=-1) / 0.5
    torch.testing.assert_close(scores[:, 1:], expected)
    with torch.no_grad():
        items *= torch.linspace(0.5, 2.0, 21).unsqueeze(1)
    torch.testing.assert_close(net.score(BATCH), scores)
    again = net.training_step(BATCH, 0)
    torch.testing.assert_close(again, loss)
    again.backward()
    assert torch.isfinite(items.grad).all()


@pytest.mark.parametrize("temperature", [0.0, -1.0])
def test_a_temperature_that_is_not_positive_is_refused(temperature):
    with pytest.raises(UserError, match=r"cosine_temperature is"):
        module(cosine_temperature=temperature)


def test_the_loss_is_the_mean_over_positions_with_a_target(monkeypatch):
    net = module()
    net.trainer = SimpleNamespace(world_size=1)
    monkeypatch.setattr(net, "log", lambda *_, **__: None)
    scores = net(BATCH) @ net.item_embedding.weight[1:].T
    rows = [(0, 0), (0, 1), (1, 1), (1, 2)]
    losses = [nn.functional.cross_entropy(scores[row], BATCH.targets[row] - 1) for row in rows]
    assert net.training_step(BATCH, 0).item() == pytest.approx(torch.stack(losses).mean().item(), rel=1e-5)


def test_devices_with_few_targets_weigh_less():
    """Two devices with 30 and 3 targets: their mean loss is the mean over the 33."""
    net = module()
    strategy = SimpleNamespace(reduce=lambda _, reduce_op: torch.tensor((30 + 3) / 2))
    net.trainer = SimpleNamespace(world_size=2, strategy=strategy)
    assert (2.0 * net._share_of_targets(30) + 5.0 * net._share_of_targets(3)) / 2 == pytest.approx(
        (2 * 30 + 5 * 3) / 33
    )


def test_only_matrices_decay():
    net = module()
    net.extra = nn.Linear(3, 3)
    net.trainer = SimpleNamespace(estimated_stepping_batches=10)
    groups = net.configure_optimizers()["optimizer"].param_groups
    assert [group["weight_decay"] for group in groups] == [0.5, 0.0]
    assert {parameter.ndim for parameter in groups[0]["params"]} == {2}
    assert {parameter.ndim for parameter in groups[1]["params"]} == {1}


def test_unseen_items_are_scored_behind_the_catalog_by_their_attributes_where_the_table_reads_them():
    random = np.random.default_rng(0)
    rows = AttributeTable(np.zeros((25, 0), np.int32), random.normal(size=(25, 3)).astype(np.float32), 0)
    catalog = replace(Catalog.of_size(20), attributes=rows.take(np.arange(20)).with_padding())
    net = module(catalog=catalog, item_table=AttributedItems)
    alone = net.score(BATCH)
    net.score_unseen(rows.take(np.arange(20, 25)))
    both = net.score(BATCH)
    assert torch.equal(both[:, :21], alone)
    content = net.item_embedding.attributes.embedding(None, torch.from_numpy(rows.values[20:])) / 8**0.5
    torch.testing.assert_close(both[:, 21:], net(BATCH)[[0, 1], [1, 2]] @ content.T)
    net.score_unseen(None)
    assert torch.equal(net.score(BATCH), alone)
    own = module()
    own.score_unseen(rows.take(np.arange(20, 25)))
    assert own.score(BATCH).shape == (2, 21)


def test_lazy_updates_are_refused_where_the_gradient_reaches_all_items():
    lazy = partial(LazyAdamW, lr=0.1, weight_decay=0.0, betas=(0.9, 0.99), fused=False)
    table = AttributeTable(np.ones((20, 1), np.int32), np.zeros((20, 0), np.float32), 1).with_padding()
    catalog = replace(Catalog.of_size(20), attributes=table)
    net = module(optimizer=lazy, catalog=catalog, item_table=AttributedItems)
    with pytest.raises(UserError, match="^optimizer is lazy_adamw .* set item_table=own or optimizer=adamw"):
        net.configure_optimizers()
    own = module(optimizer=lazy, catalog=catalog)
    own.trainer = SimpleNamespace(world_size=1, estimated_stepping_batches=10)
    assert isinstance(own.configure_optimizers()["optimizer"], LazyAdamW)


class Size(nn.Module):
    """The size of the hidden states, as an auxiliary loss with a parameter."""

    def __init__(self, weight, factor=1.0, num_passes=1):
        super().__init__()
        self.num_passes = num_passes
        self.weight, self.factor = weight, nn.Parameter(torch.tensor(factor))

    def forward(self, model, passes, batch):
        assert len(passes) >= self.num_passes
        assert model(batch).shape == passes[-1].shape == (*batch.items.shape, 8)
        term = self.factor * passes[-1].square().mean()
        return term, term.detach() * 7


def test_auxiliary_losses_are_added_by_their_weights_and_logged_by_their_names():
    plain, _ = module().training_losses(BATCH)
    net = module(auxiliary={"size": Size(0.5), "other": Size(2.0, factor=3.0)})
    assert net.loss_names == ("loss", "size", "other")
    loss, logged = net.training_losses(BATCH)
    size = net(BATCH).square().mean()
    torch.testing.assert_close(loss, plain + 0.5 * size + 2.0 * 3.0 * size)
    assert logged["loss"] == plain
    torch.testing.assert_close(logged["size"], 7 * size)
    torch.testing.assert_close(logged["other"], 7 * 3 * size)
    loss.backward()
    assert net.auxiliary["other"].factor.grad == pytest.approx(2.0 * size.item())


def test_auxiliary_losses_share_the_passes_through_the_encoder():
    net = module(auxiliary={"one": Size(1.0, num_passes=2), "other": Size(1.0, num_passes=2), "none": Size(1.0)})
    calls = []
    net.encoder.register_forward_hook(lambda *_: calls.append(1))
    net.training_losses(BATCH)
    assert len(calls) == 2 + 3, "each of the losses of this test asks once more"


@pytest.mark.parametrize(
    ("auxiliary", "message"),
    [
        ({"loss": Size(1.0)}, "auxiliary.loss has a name that is taken"),
        ({"items": Size(1.0)}, "auxiliary.items has a name that is taken"),
        ({"size": Size(-1.0)}, "auxiliary.size.weight is -1.0, allowed are numbers from 0"),
        ({"size": nn.ReLU()}, "auxiliary.size is a ReLU, allowed are auxiliary losses"),
    ],
    ids=["taken", "attribute", "negative", "no loss"],
)
def test_an_auxiliary_loss_that_cannot_be_added_is_refused(auxiliary, message):
    with pytest.raises(UserError, match=message):
        module(auxiliary=auxiliary)
