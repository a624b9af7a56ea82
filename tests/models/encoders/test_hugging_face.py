"""Kinds of networks under the contracts of encoders: causal ones see nothing later, no state depends on padding."""

import pytest
import torch

from seqmine.models.encoders.hugging_face import HuggingFaceEncoder, HuggingFaceMaskedEncoder
from seqmine.structs import SequenceBatch, UserError

pytest.importorskip("transformers", reason="the extra hf is not installed")
CAUSAL, BOTH_SIDES = ("llama", "qwen3", "gpt2", "mamba2"), ("bert", "modernbert")
LENGTHS = torch.tensor([6, 3])
ITEMS = torch.ones(2, 6, dtype=torch.int64)
ROWS = torch.randn(2, 6, 16, generator=torch.Generator().manual_seed(0))


def batch_of(lengths, width=6):
    items = ITEMS[: len(lengths), :width]
    return SequenceBatch(items, items, lengths, torch.arange(len(lengths)))


def encoder(kind, **config):
    torch.manual_seed(0)
    sizes = {"model_type": kind, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, **config}
    made = HuggingFaceMaskedEncoder if kind in BOTH_SIDES and not config else HuggingFaceEncoder
    return made(embedding_dim=16, max_length=6, dropout=0.1, config=sizes).eval()


@pytest.mark.parametrize("kind", CAUSAL)
def test_later_events_leave_earlier_states_as_they_are(kind):
    net, changed = encoder(kind), ROWS.clone()
    changed[:, 3:] = torch.randn(2, 3, 16)
    difference = (net(ROWS, batch_of(LENGTHS)) - net(changed, batch_of(LENGTHS))).abs()
    assert difference[:, :3].max() < 1e-5 and difference[:, 3:].max() > 1e-3


@pytest.mark.parametrize("kind", [*CAUSAL, *BOTH_SIDES])
def test_padding_changes_nothing_and_every_weight_learns(kind):
    net, padded = encoder(kind), ROWS.clone()
    padded[1, 3:] = 100.0
    alone = net(ROWS[1:, :3], batch_of(LENGTHS[1:], width=3))
    torch.testing.assert_close(net(padded, batch_of(LENGTHS))[1, :3], alone[0], rtol=1e-4, atol=1e-5)
    net.train()(ROWS, batch_of(LENGTHS))[batch_of(LENGTHS).valid_mask].square().sum().backward()
    assert [name for name, weight in net.named_parameters() if weight.grad is None] == []


def test_a_network_that_sees_later_events_is_refused_unless_it_is_made_causal():
    sizes = {"model_type": "bert", "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    with pytest.raises(
        UserError, match="config.model_type is 'bert', which sees what comes later; set model=hf_masked"
    ):
        HuggingFaceEncoder(embedding_dim=16, max_length=6, dropout=0.1, config=sizes)
    encoder("bert", is_decoder=True)


@pytest.mark.parametrize("kind", [*CAUSAL, *BOTH_SIDES])
def test_a_batch_may_be_wider_than_the_longest_history(kind):
    net = encoder(kind)
    wide = SequenceBatch(
        torch.ones(2, 16, dtype=torch.int64), torch.ones(2, 16, dtype=torch.int64), LENGTHS, ITEMS[:, 0]
    )
    found = net(torch.cat([ROWS, torch.ones(2, 10, 16)], dim=1), wide)
    assert found.shape == (2, 16, 16)
    for row, length in enumerate(LENGTHS.tolist()):
        expected = net(ROWS, batch_of(LENGTHS))[row, :length]
        torch.testing.assert_close(found[row, :length], expected, rtol=1e-4, atol=1e-5)
