import torch
from torch.nn import functional as F

from seqmine.models.encoders.hstu import HSTUBlock, HSTUEncoder
from seqmine.structs import SequenceBatch


def reference(block, hidden, bias):
    """The block of the paper, one pair of positions and one head at a time."""
    length, width = hidden.shape
    size = width // block.num_heads
    projected = F.silu(F.layer_norm(hidden, (width,), eps=1e-6) @ block.in_projection.weight.T)
    gate, query, key, value = projected.chunk(4, -1)
    mixed = torch.zeros_like(hidden)
    for t in range(length):
        for n in range(t + 1):
            for head in range(block.num_heads):
                part = slice(head * size, (head + 1) * size)
                weight = F.silu(query[t, part] @ key[n, part] + bias[t, n]) / block.max_length
                mixed[t, part] += weight * value[n, part]
    return hidden + block.out_projection(gate * F.layer_norm(mixed, (width,), eps=1e-6))


def test_block_is_that_of_the_paper():
    torch.manual_seed(0)
    block = HSTUBlock(embedding_dim=8, num_heads=2, dropout=0.5, max_length=7).eval()
    torch.nn.init.normal_(block.in_projection.weight)
    hidden, bias = torch.randn(1, 6, 8), torch.randn(1, 6, 6)
    torch.testing.assert_close(block(hidden, bias)[0], reference(block, hidden[0], bias[0]), rtol=1e-4, atol=1e-5)


def test_time_between_events_matters():
    torch.manual_seed(0)
    encoder = HSTUEncoder(
        embedding_dim=8, max_length=6, num_layers=1, num_heads=1, dropout=0.0, num_time_buckets=64
    ).eval()
    torch.nn.init.normal_(encoder.biases[0].time_bias, std=3.0)
    items, embedded = torch.ones(1, 4, dtype=torch.int64), torch.randn(1, 4, 8)
    outputs = []
    for days in (0, 1, 1000):
        timestamps = 1_600_000_000 + 86_400 * days * torch.arange(4).unsqueeze(0)
        batch = SequenceBatch(items, items, torch.tensor([4]), torch.zeros(1, dtype=torch.int64), timestamps=timestamps)
        outputs.append(encoder(embedded, batch))
    assert (outputs[0] - outputs[1]).abs().max() > 1e-3
    assert (outputs[1] - outputs[2]).abs().max() > 1e-3
