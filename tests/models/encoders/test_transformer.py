from functools import partial

import torch
from torch import nn

from seqmine.models.encoders.transformer import ResidualBlock, TransformerEncoder
from seqmine.models.layers.attention import CausalSelfAttention
from seqmine.models.layers.feed_forward import FeedForward
from seqmine.models.layers.positions import NoPositions
from seqmine.structs import SequenceBatch


def test_blocks_alternate_attention_and_feed_forward():
    encoder = TransformerEncoder(
        embedding_dim=8, num_layers=3, num_heads=2, dropout=0.1, positions=NoPositions(), attention=CausalSelfAttention,
        feed_forward=partial(FeedForward, activation=nn.GELU()), norm=nn.LayerNorm,
    ).eval()  # fmt: skip
    assert [type(block.part) for block in encoder.blocks] == [CausalSelfAttention, FeedForward] * 3
    items = torch.ones(2, 5, dtype=torch.int64)
    hidden = encoder(torch.randn(2, 5, 8), SequenceBatch(items, items, torch.tensor([5, 5]), torch.arange(2)))
    assert hidden.shape == (2, 5, 8)
    torch.testing.assert_close(hidden.mean(-1), torch.zeros(2, 5), atol=1e-6, rtol=0)


def test_a_residual_block_adds_its_part_to_the_input():
    block, hidden = ResidualBlock(nn.Identity(), nn.Linear(4, 4)), torch.randn(1, 2, 4)
    torch.testing.assert_close(block(hidden), hidden + block.part(hidden))
