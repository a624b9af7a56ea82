import torch

from seqmine.models.layers.positions import LearnedPositions, NoPositions, StartPositions
from seqmine.structs import SequenceBatch


def batch_of(*lengths: int) -> SequenceBatch:
    items = torch.zeros(len(lengths), max(lengths), dtype=torch.int64)
    return SequenceBatch(items, items, torch.tensor(lengths), torch.arange(len(lengths)))


def test_positions_are_counted_from_the_end():
    layer = LearnedPositions(embedding_dim=2, max_length=4)
    added = layer(torch.zeros(2, 3, 2), batch_of(3, 1))
    torch.testing.assert_close(added[0], layer.table.weight[[2, 1, 0]])
    torch.testing.assert_close(added[1, 0], layer.table.weight[0])


def test_far_positions_share_the_last_vector():
    layer = LearnedPositions(embedding_dim=2, max_length=2)
    added = layer(torch.zeros(1, 4, 2), batch_of(4))
    torch.testing.assert_close(added[0, 0], added[0, 2])


def test_positions_are_counted_from_the_start():
    layer = StartPositions(embedding_dim=2, max_length=3)
    added = layer(torch.zeros(2, 4, 2), batch_of(4, 1))
    torch.testing.assert_close(added[0], layer.table.weight[[0, 1, 2, 2]])
    torch.testing.assert_close(added[1], added[0])


def test_no_positions_change_nothing():
    embedded = torch.randn(1, 3, 2)
    assert NoPositions()(embedded, batch_of(3)) is embedded
