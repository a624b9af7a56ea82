import torch

from seqmine.models.encoders.esasrec import ESASRecEncoder
from seqmine.structs import SequenceBatch


def test_closed_gates_leave_items_and_positions_alone():
    torch.manual_seed(0)
    encoder = ESASRecEncoder(embedding_dim=8, max_length=5, num_layers=2, num_heads=2, dropout=0.5, expansion=4).eval()
    for block in encoder.blocks:
        torch.nn.init.zeros_(block.gate.weight)
        torch.nn.init.constant_(block.gate.bias, -50.0)
    items = torch.ones(2, 4, dtype=torch.int64)
    batch = SequenceBatch(items, items, torch.tensor([4, 2]), torch.arange(2))
    embedded = torch.randn(2, 4, 8)
    torch.testing.assert_close(encoder(embedded, batch), encoder.positions(embedded, batch))


def test_feed_forward_networks_have_the_given_width():
    encoder = ESASRecEncoder(embedding_dim=8, max_length=5, num_layers=1, num_heads=2, dropout=0.0, expansion=3)
    assert encoder.blocks[1].part.outer.weight.shape == (8, 24)
