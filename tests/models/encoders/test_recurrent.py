import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from seqmine.models.encoders.recurrent import RecurrentEncoder
from seqmine.structs import SequenceBatch


@pytest.mark.parametrize("cell", [nn.GRU, nn.LSTM, nn.RNN])
def test_right_padding_needs_no_packing(cell):
    torch.manual_seed(0)
    encoder = RecurrentEncoder(embedding_dim=6, hidden_dim=10, num_layers=2, dropout=0.3, cell=cell).eval()
    items, lengths = torch.ones(3, 5, dtype=torch.int64), torch.tensor([5, 1, 3])
    embedded = torch.randn(3, 5, 6)
    packed = pack_padded_sequence(embedded, lengths, batch_first=True, enforce_sorted=False)
    for layer in encoder.layers:
        packed, _ = layer(packed)
    expected = encoder.output(pad_packed_sequence(packed, batch_first=True)[0])
    batch = SequenceBatch(items, items, lengths, torch.arange(3))
    valid = batch.valid_mask
    torch.testing.assert_close(encoder(embedded, batch)[valid], expected[valid])
