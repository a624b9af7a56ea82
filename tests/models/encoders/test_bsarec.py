import pytest
import torch
from torch import nn

from seqmine.models.encoders.bsarec import FilteredAttention


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_filter_and_attention_are_mixed_by_their_share(share):
    hidden = torch.randn(2, 3, 4)
    layer = FilteredAttention(filtering=nn.Linear(4, 4), attention=nn.Linear(4, 4), embedding_dim=4, filter_share=share)
    filtered = layer.filtering.norm(hidden + layer.filtering.part(hidden))
    attended = layer.attention.norm(hidden + layer.attention.part(hidden))
    torch.testing.assert_close(layer(hidden), share * filtered + (1 - share) * attended)
