import torch

from seqmine.models.encoders.fmlp import FMLPEncoder
from seqmine.structs import SequenceBatch


def test_without_kernels_each_event_stands_alone():
    torch.manual_seed(0)
    encoder = FMLPEncoder(embedding_dim=8, max_length=5, num_layers=2, dropout=0.5).eval()
    items = torch.ones(1, 5, dtype=torch.int64)
    batch = SequenceBatch(items, items, torch.tensor([5]), torch.zeros(1, dtype=torch.int64))
    embedded = torch.randn(1, 5, 8)
    changed = embedded.clone()
    changed[:, 0] = 3.0
    assert (encoder(changed, batch) - encoder(embedded, batch))[0, 4].abs().max() > 1e-4
    for name, weight in encoder.named_parameters():
        if name.endswith("kernel"):
            torch.nn.init.zeros_(weight)
    torch.testing.assert_close(encoder(changed, batch)[0, 1:], encoder(embedded, batch)[0, 1:])
