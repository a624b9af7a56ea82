from itertools import pairwise

import torch

from seqmine.models.encoders.sr_gnn import SRGNNEncoder
from seqmine.structs import SequenceBatch


def slow_state(encoder, vectors, items):
    """The last state of one history, node by node."""
    nodes = list(dict.fromkeys(items))
    edges = torch.zeros(len(nodes), len(nodes))
    for first, second in pairwise(items):
        edges[nodes.index(first), nodes.index(second)] = 1
    states = torch.stack([vectors[node] for node in nodes])
    out, into = (table / table.sum(1, keepdim=True).clamp(min=1) for table in (edges, edges.T))
    for _ in range(encoder.num_steps):
        messages = torch.cat([out @ encoder.outgoing(states), into @ encoder.incoming(states)], 1)
        states = encoder.cell(messages, states)
    last = states[nodes.index(items[-1])]
    pooled = torch.zeros_like(last)
    for item in items:
        state = states[nodes.index(item)]
        keys = torch.sigmoid(encoder.key_of_last(last) + encoder.key_of_event(state))
        pooled = pooled + encoder.attention(keys) * state
    return encoder.output(torch.cat([last, pooled]))


def test_the_state_at_each_position_is_that_of_the_graph_of_what_came_before():
    torch.manual_seed(0)
    encoder = SRGNNEncoder(embedding_dim=6, num_steps=2, dropout=0.5).eval()
    vectors = torch.randn(6, 6)
    items = torch.tensor([[1, 2, 1, 3, 2, 2, 1, 4, 5, 4], [5, 5, 1, 0, 0, 0, 0, 0, 0, 0]])
    batch = SequenceBatch(items, items, torch.tensor([10, 3]), torch.arange(2))
    hidden = encoder(vectors[items], batch)
    for row, length in enumerate(batch.lengths.tolist()):
        for stop in range(1, length + 1):
            torch.testing.assert_close(hidden[row, stop - 1], slow_state(encoder, vectors, items[row, :stop].tolist()))
    assert not hidden[1, 3:].any()
