import pytest
import torch
from torch import nn
from torch.nn import functional as F

from seqmine.explanation.attribution.attention import AttentionExplainer, attention_of, last_weights
from seqmine.explanation.question import Question
from seqmine.models.layers.attention import BidirectionalSelfAttention, CausalSelfAttention
from seqmine.probing.cases import Cases
from seqmine.structs import UserError
from tests.explanation.models import linear_module


@pytest.mark.parametrize("mask", [None, "bool", "float"])
def test_weights_are_those_that_mix_the_values(mask):
    torch.manual_seed(0)
    query, key, value = torch.randn(3, 2, 2, 5, 4).unbind(0)
    attn_mask = {None: None, "bool": torch.rand(5, 5) < 0.7, "float": torch.randn(1, 2, 5, 5)}[mask]
    mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=attn_mask, is_causal=mask is None)
    weights = last_weights(query, key, value, attn_mask, is_causal=mask is None)
    assert torch.allclose((weights[:, :, None] @ value)[:, :, 0], mixed[:, :, -1], atol=1e-6)


class Attends(nn.Module):
    def __init__(self, part):
        super().__init__()
        self.part = part

    def forward(self, embedded, batch):
        extra = () if isinstance(self.part, CausalSelfAttention) else (batch.valid_mask,)
        return self.part(self.part(embedded, *extra), *extra)


@pytest.mark.parametrize("kind", [CausalSelfAttention, BidirectionalSelfAttention])
def test_weights_are_taken_where_the_model_computes_them(kind):
    module, cases = linear_module(5), Cases.of_histories([[1], [1, 2, 3]], max_length=9)
    module.encoder = Attends(kind(embedding_dim=4, num_heads=2, dropout=0.0)).eval()
    weights = attention_of(module, cases, 1)
    assert weights.shape == (2, 2, 3)  # layers, heads, events
    assert torch.allclose(weights.sum(-1), torch.ones(2, 2))
    [found] = AttentionExplainer().explain(module, cases, [Question(1, 4)])
    assert found.values.sum() == pytest.approx(1, abs=1e-5)
    assert "picture" in AttentionExplainer.caution


def test_a_model_without_attention_is_refused():
    with pytest.raises(UserError, match="has no softmax attention; set explainer=deletion"):
        AttentionExplainer().explain(linear_module(5), Cases.of_histories([[1]], 9), [Question(0, 2)])
