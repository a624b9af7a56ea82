import math

import pytest
import torch

from seqmine.models.layers.attention import (
    BiasedSelfAttention,
    BidirectionalRotarySelfAttention,
    BidirectionalSelfAttention,
    CausalSelfAttention,
    RelativeSelfAttention,
    RotarySelfAttention,
    split_heads,
    turn,
)

KINDS = [CausalSelfAttention, RotarySelfAttention, RelativeSelfAttention]


def build(kind, **changes):
    torch.manual_seed(0)
    return kind(embedding_dim=16, num_heads=2, dropout=0.0, **changes).eval()


@pytest.mark.parametrize("kind", KINDS)
def test_the_future_changes_nothing(kind):
    layer, hidden = build(kind), torch.randn(3, 7, 16)
    changed = hidden.clone()
    changed[:, 4:] += 1.0
    torch.testing.assert_close(layer(hidden)[:, :4], layer(changed)[:, :4])
    assert not torch.allclose(layer(hidden)[:, 4:], layer(changed)[:, 4:])


@pytest.mark.parametrize("kind", KINDS)
def test_one_position_alone_answers_as_among_all(kind):
    layer, hidden, last = build(kind), torch.randn(3, 7, 16), torch.tensor([6, 0, 3])
    if kind is RelativeSelfAttention:
        torch.nn.init.normal_(layer.distance_bias)
    expected = layer(hidden)[torch.arange(3), last].unsqueeze(1)
    torch.testing.assert_close(layer.last(hidden, last), expected)


def test_softmax_attention_equals_its_definition():
    layer, hidden = build(CausalSelfAttention), torch.randn(2, 5, 16)
    query, key, value = layer.in_projection(hidden).view(2, 5, 3, 2, 8).permute(2, 0, 3, 1, 4)
    scores = query @ key.transpose(-1, -2) / math.sqrt(8)
    scores = scores.masked_fill(torch.ones(5, 5).triu(1).bool(), -torch.inf)
    mixed = (scores.softmax(-1) @ value).transpose(1, 2).reshape(2, 5, 16)
    torch.testing.assert_close(layer(hidden), layer.out_projection(mixed))


@pytest.mark.parametrize("kind", [RotarySelfAttention, BidirectionalRotarySelfAttention])
def test_rotation_tells_the_distance_and_nothing_else(kind):
    """Of one event again and again, what one says to another depends on how far apart they are."""
    layer, hidden = build(kind), torch.randn(1, 1, 16).expand(1, 6, 16)
    query, key, _ = split_heads(layer.in_projection(hidden), 3, layer.num_heads)
    query, key = turn(query, key, layer.frequencies)
    scores = query @ key.transpose(-1, -2)
    torch.testing.assert_close(scores[..., 1:, 1:], scores[..., :-1, :-1])
    assert (scores[..., 5, :].diff().abs() > 1e-4).all()


def test_a_learned_bias_tells_the_distance():
    layer, hidden = build(RelativeSelfAttention), torch.randn(1, 6, 16)
    plain = layer(hidden)
    torch.nn.init.normal_(layer.distance_bias)
    assert not torch.allclose(layer(hidden)[:, 1:], plain[:, 1:])
    torch.testing.assert_close(layer(hidden)[:, 0], plain[:, 0])


def test_rotation_on_both_sides_sees_the_valid_positions_of_both():
    layer, hidden = build(BidirectionalRotarySelfAttention), torch.randn(1, 5, 16)
    valid = torch.tensor([[True, True, True, False, False]])
    mixed = layer(hidden, valid)
    for place in range(5):
        changed = hidden.clone()
        changed[0, place] += torch.randn(16)
        differs = (layer(changed, valid) - mixed)[0, :3].abs().amax(1) > 1e-5
        assert differs.all() if place < 3 else not differs.any()


def test_attention_dropout_acts_in_training_alone():
    layer, hidden = build(CausalSelfAttention, attention_dropout=0.5), torch.randn(2, 5, 16)
    torch.testing.assert_close(layer(hidden), layer(hidden))
    layer.train()
    assert not torch.allclose(layer(hidden), layer(hidden))


@pytest.mark.parametrize("kind", KINDS)
def test_heads_that_do_not_divide_are_refused(kind):
    with pytest.raises(ValueError, match="embedding_dim is 16, allowed are multiples of num_heads, which is 3"):
        kind(embedding_dim=16, num_heads=3, dropout=0.0)


def test_attention_to_both_sides_is_softmax_over_the_valid_positions():
    layer, hidden = build(BidirectionalSelfAttention), torch.randn(2, 5, 16)
    valid = torch.tensor([[True] * 5, [True] * 3 + [False] * 2])
    query, key, value = layer.in_projection(hidden).view(2, 5, 3, 2, 8).permute(2, 0, 3, 1, 4)
    scores = (query @ key.transpose(-1, -2) / math.sqrt(8)).masked_fill(~valid[:, None, None], -torch.inf)
    mixed = (scores.softmax(-1) @ value).transpose(1, 2).reshape(2, 5, 16)
    torch.testing.assert_close(layer(hidden, valid), layer.out_projection(mixed))


def test_a_bias_is_added_to_the_scores_of_the_past():
    layer, hidden, bias = build(BiasedSelfAttention), torch.randn(2, 5, 16), torch.randn(2, 2, 5, 5)
    query, key, value = layer.in_projection(hidden).view(2, 5, 3, 2, 8).permute(2, 0, 3, 1, 4)
    scores = query @ key.transpose(-1, -2) / math.sqrt(8) + bias
    scores = scores.masked_fill(torch.ones(5, 5).triu(1).bool(), -torch.inf)
    mixed = (scores.softmax(-1) @ value).transpose(1, 2).reshape(2, 5, 16)
    torch.testing.assert_close(layer(hidden, bias), layer.out_projection(mixed))


def test_without_bias_it_is_the_plain_causal_attention():
    plain, biased, hidden = build(CausalSelfAttention), build(BiasedSelfAttention), torch.randn(2, 5, 16)
    torch.testing.assert_close(plain(hidden), biased(hidden, torch.zeros(2, 2, 5, 5)))
