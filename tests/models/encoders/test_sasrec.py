import math

import torch
from torch.nn import functional as F

from seqmine.models.encoders.sasrec import SASRecBlock, SASRecEncoder
from seqmine.structs import SequenceBatch


def reference(block, hidden):
    """The block of the paper, one position and one head at a time."""
    size = hidden.shape[-1] // block.num_heads
    normalized = block.attention_norm(hidden)
    query = block.query(normalized)
    key, value = block.key_value(hidden).chunk(2, -1)
    mixed = torch.zeros_like(hidden)
    for t in range(len(hidden)):
        for head in range(block.num_heads):
            part = slice(head * size, (head + 1) * size)
            scores = torch.stack([query[t, part] @ key[n, part] / math.sqrt(size) for n in range(t + 1)])
            mixed[t, part] = scores.softmax(0) @ value[: t + 1, part]
    attended = block.feed_forward_norm(normalized + block.output(mixed))
    network = block.feed_forward
    return attended + network.outer(F.relu(network.inner(attended)))


def test_block_is_that_of_the_paper():
    torch.manual_seed(0)
    block = SASRecBlock(embedding_dim=8, num_heads=2, dropout=0.5).eval()
    hidden = torch.randn(1, 6, 8)
    torch.testing.assert_close(block(hidden)[0], reference(block, hidden[0]), rtol=1e-4, atol=1e-5)


def test_the_newest_event_has_the_same_position_in_every_history():
    torch.manual_seed(0)
    encoder = SASRecEncoder(embedding_dim=8, max_length=9, num_layers=1, num_heads=1, dropout=0.5).eval()
    items = torch.ones(2, 4, dtype=torch.int64)
    embedded = torch.randn(1, 1, 8).expand(2, 4, 8)
    hidden = encoder(embedded, SequenceBatch(items, items, torch.tensor([4, 1]), torch.arange(2)))
    alike = encoder.positions(embedded, SequenceBatch(items, items, torch.tensor([4, 1]), torch.arange(2)))
    torch.testing.assert_close(alike[0, 3], alike[1, 0])
    assert (hidden[0, 3] - hidden[1, 0]).abs().max() > 1e-4  # what came before still matters
