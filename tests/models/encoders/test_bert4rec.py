import torch

from seqmine.models.encoders.bert4rec import BERT4RecEncoder
from seqmine.structs import SequenceBatch


def test_each_event_sees_later_ones_and_no_padding():
    torch.manual_seed(0)
    encoder = BERT4RecEncoder(embedding_dim=8, max_length=5, num_layers=1, num_heads=2, dropout=0.5).eval()
    items = torch.ones(1, 5, dtype=torch.int64)
    batch = SequenceBatch(items, items, torch.tensor([4]), torch.zeros(1, dtype=torch.int64))
    embedded = torch.randn(1, 5, 8)
    padding, later = embedded.clone(), embedded.clone()
    padding[:, 4], later[:, 3] = 5.0, 5.0
    first = encoder(embedded, batch)[0, 0]
    torch.testing.assert_close(encoder(padding, batch)[0, 0], first)
    assert (encoder(later, batch)[0, 0] - first).abs().max() > 1e-3


def test_says_that_it_is_not_causal():
    assert BERT4RecEncoder.is_causal is False
