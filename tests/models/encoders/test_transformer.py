from functools import partial

import pytest
import torch
from torch import nn

from seqmine.models.encoders.transformer import TransformerEncoder
from seqmine.models.layers.attention import CausalSelfAttention
from seqmine.models.layers.feed_forward import FeedForward
from seqmine.models.layers.positions import NoPositions
from seqmine.structs import SequenceBatch


@pytest.mark.parametrize("norm_first", [True, False])
def test_blocks_alternate_attention_and_feed_forward_and_end_normalized(norm_first):
    encoder = TransformerEncoder(
        embedding_dim=8, num_layers=3, num_heads=2, dropout=0.1, positions=NoPositions(), attention=CausalSelfAttention,
        feed_forward=partial(FeedForward, activation=nn.GELU()), norm=nn.LayerNorm, norm_first=norm_first,
    ).eval()  # fmt: skip
    assert [type(block.part) for block in encoder.blocks] == [CausalSelfAttention, FeedForward] * 3
    items = torch.ones(2, 5, dtype=torch.int64)
    hidden = encoder(torch.randn(2, 5, 8), SequenceBatch(items, items, torch.tensor([5, 5]), torch.arange(2)))
    assert hidden.shape == (2, 5, 8)
    torch.testing.assert_close(hidden.mean(-1), torch.zeros(2, 5), atol=1e-6, rtol=0)


def test_without_norm_first_the_scale_of_the_embedded_events_does_not_matter():
    encoder = TransformerEncoder(
        embedding_dim=8, num_layers=1, num_heads=2, dropout=0.0, positions=NoPositions(), attention=CausalSelfAttention,
        feed_forward=partial(FeedForward, activation=nn.GELU()), norm=partial(nn.LayerNorm, eps=0.0), norm_first=False,
    )  # fmt: skip
    items, embedded = torch.ones(1, 5, dtype=torch.int64), torch.randn(1, 5, 8)
    batch = SequenceBatch(items, items, torch.tensor([5]), torch.arange(1))
    torch.testing.assert_close(encoder(embedded, batch), encoder(100 * embedded, batch))
