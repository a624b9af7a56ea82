import torch

from seqmine.models.layers.bidirectional_attention import BidirectionalSelfAttention


def test_padding_is_not_seen_and_later_events_are():
    torch.manual_seed(0)
    layer = BidirectionalSelfAttention(embedding_dim=8, num_heads=2, dropout=0.0)
    hidden, valid = torch.randn(1, 4, 8), torch.tensor([[True, True, True, False]])
    result = layer(hidden, valid)
    changed = hidden.clone()
    changed[:, 3] = 9.0
    torch.testing.assert_close(layer(changed, valid)[:, :3], result[:, :3])
    changed[:, 2] = 9.0
    assert (layer(changed, valid)[:, 0] - result[:, 0]).abs().max() > 1e-3
