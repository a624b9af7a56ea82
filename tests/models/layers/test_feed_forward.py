import torch
from torch import nn

from seqmine.models.layers.feed_forward import FeedForward, SwiGLU


def test_feed_forward_equals_its_definition():
    layer = FeedForward(embedding_dim=4, dropout=0.0, activation=nn.ReLU(), expansion=3)
    hidden = torch.randn(2, 3, 4)
    torch.testing.assert_close(layer(hidden), layer.outer(torch.relu(layer.inner(hidden))))
    assert layer.inner.out_features == 12


def test_swiglu_equals_its_definition():
    layer = SwiGLU(embedding_dim=4, dropout=0.0, expansion=2)
    hidden = torch.randn(5, 4)
    gate, value = (hidden @ layer.inner.weight.T).chunk(2, -1)
    torch.testing.assert_close(layer(hidden), (gate * gate.sigmoid() * value) @ layer.outer.weight.T)
