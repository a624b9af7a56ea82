from functools import partial
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from seqmine.models.encoders.bert4rec import BERT4RecEncoder
from seqmine.models.layers.attention import BidirectionalRotarySelfAttention
from seqmine.models.losses.cross_entropy import CrossEntropy
from seqmine.models.masked import MaskedItemModule, with_hidden_event
from seqmine.models.schedules import constant
from seqmine.structs import Catalog, SequenceBatch, UserError


class Echo(nn.Module):
    """Returns what it is given."""

    def forward(self, embedded, batch):
        return embedded


def module(encoder=None) -> MaskedItemModule:
    torch.manual_seed(0)
    return MaskedItemModule(
        embedding_dim=8, encoder=encoder or Echo(), loss=CrossEntropy(), catalog=Catalog.of_size(20),
        optimizer=partial(torch.optim.SGD, lr=0.1), scheduler=constant,
    )  # fmt: skip


def batch_of(items, targets, lengths):
    return SequenceBatch(torch.tensor(items), torch.tensor(targets), torch.tensor(lengths), torch.arange(len(items)))


HISTORIES = batch_of([[1, 2, 3], [4, 5, 0], [0, 0, 0]], [[0, 0, 9], [0, 9, 0], [9, 0, 0]], [3, 2, 1])
HIDDEN = batch_of([[1, 0, 3], [0, 5, 0]], [[0, 2, 0], [4, 0, 0]], [3, 2])


def test_hidden_events_share_a_vector_that_padding_has_not():
    net = module()
    states = net(HIDDEN)
    assert torch.equal(states[0, 1], net.mask_embedding) and torch.equal(states[1, 0], net.mask_embedding)
    assert torch.equal(states[0, 0], net.item_embedding(torch.tensor([[1]]))[0, 0])
    assert not states[1, 2].any()


def test_the_hidden_event_is_no_candidate():
    net = module()
    assert net.item_embedding.weight.shape == (21, 8)
    assert net.score(HISTORIES).shape == (3, 21)


def test_scores_are_those_of_a_hidden_event_after_the_last_one():
    sizes = {"embedding_dim": 8, "max_length": 3, "num_layers": 1, "num_heads": 2}
    net = module(BERT4RecEncoder(**sizes, dropout=0.0, attention=BidirectionalRotarySelfAttention)).eval()
    scores = net.score(HISTORIES)
    for row, history in enumerate([[1, 2, 3], [4, 5], []]):
        alone = batch_of([[*history, 0]], [[0] * (len(history) + 1)], [len(history) + 1])
        expected = net(alone)[0, -1] @ net.item_embedding.weight.T
        torch.testing.assert_close(scores[row], expected, rtol=1e-4, atol=1e-5)
    assert (scores[0] - scores[1]).abs().max() > 1e-3


def test_asking_leaves_the_batch_as_it_is():
    asked = with_hidden_event(HISTORIES)
    assert asked.items.tolist() == [[1, 2, 3, 0], [4, 5, 0, 0], [0, 0, 0, 0]]
    assert asked.lengths.tolist() == [4, 3, 1]
    assert HISTORIES.items.shape == (3, 3) and HISTORIES.lengths.tolist() == [3, 2, 1]


def trained(net, batch, monkeypatch):
    net.trainer = SimpleNamespace(world_size=1)
    monkeypatch.setattr(net, "log", lambda *_, **__: None)
    return net.training_step(batch, 0)


def test_the_loss_is_that_of_the_hidden_events(monkeypatch):
    net = module()
    scores = net(HIDDEN) @ net.item_embedding.weight[1:].T
    expected = nn.functional.cross_entropy(torch.stack([scores[0, 1], scores[1, 0]]), torch.tensor([1, 3]))
    loss = trained(net, HIDDEN, monkeypatch)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)
    loss.backward()
    assert net.mask_embedding.grad.any()


def test_a_task_that_shows_its_targets_is_refused(monkeypatch):
    shown = batch_of([[1, 2, 3]], [[2, 3, 4]], [3])
    with pytest.raises(UserError, match="set module.task=masked_item"):
        trained(module(), shown, monkeypatch)
