import pytest
import torch

from seqmine.models.encoders.bert4rec import BERT4RecEncoder
from seqmine.models.layers.attention import BidirectionalRotarySelfAttention, BidirectionalSelfAttention
from seqmine.structs import SequenceBatch


@pytest.fixture(params=[BidirectionalSelfAttention, BidirectionalRotarySelfAttention], name="build")
def builder_with_each_attention(request):
    def build(max_length=6):
        torch.manual_seed(0)
        sizes = {"embedding_dim": 8, "max_length": max_length, "num_layers": 2, "num_heads": 2}
        return BERT4RecEncoder(**sizes, dropout=0.3, attention=request.param).eval()

    return build


def batch_of(length):
    items = torch.ones(1, length, dtype=torch.int64)
    return SequenceBatch(items, items, torch.tensor([length]), torch.zeros(1, dtype=torch.int64))


def test_each_state_depends_on_the_events_on_both_sides(build):
    encoder, embedded = build(), torch.randn(1, 5, 8)
    for place in range(5):
        changed = embedded.clone()
        changed[0, place] += torch.randn(8)
        difference = (encoder(embedded, batch_of(5)) - encoder(changed, batch_of(5))).abs().amax(2)
        assert (difference > 1e-4).all()


def test_there_is_a_position_for_a_hidden_event_more_than_the_longest_history(build):
    encoder = build(max_length=4)
    embedded = torch.zeros(1, 5, 8)
    placed = encoder.positions(embedded, batch_of(5))[0]
    assert len(placed.unique(dim=0)) == 5
