from functools import partial

import pytest
import torch
from torch import nn

from seqmine.models.embeddings.context import Context, look_up, require_column, scaled_table
from seqmine.models.embeddings.times import TimeGapEmbedding
from seqmine.structs import Catalog, SequenceBatch, UserError

BATCH = SequenceBatch(
    items=torch.tensor([[1, 2]]), targets=torch.zeros(1, 2, dtype=torch.int64), lengths=torch.tensor([2]),
    user_index=torch.tensor([0]), timestamps=torch.tensor([[10, 70]]),
)  # fmt: skip


class Ones(nn.Module):
    columns = ()

    def __init__(self, *, catalog, size):
        super().__init__()
        self.size = size

    def forward(self, batch):
        return torch.full((1, 1, 4), self.size)


def test_vectors_of_all_parts_are_added():
    context = Context(
        parts={"a": partial(Ones, size=1.0), "b": partial(Ones, size=0.5), "off": None}, catalog=Catalog.of_size(3)
    )
    assert context(torch.zeros(1, 2, 4), BATCH).tolist() == [[[1.5] * 4] * 2]


def test_no_parts_leave_the_items_as_they_are():
    embedded = torch.randn(1, 2, 4)
    context = Context(parts={}, catalog=Catalog.of_size(3))
    assert context(embedded, BATCH) is embedded
    assert list(context.state_dict()) == []


def test_the_vector_of_nothing_stays_zero():
    table = scaled_table(3, 4)
    look_up(table, torch.tensor([0, 1])).sum().backward()
    assert table.weight.grad[0].abs().sum() == 0
    assert table.weight.grad[1].abs().sum() > 0


def test_a_missing_column_is_told_with_its_setting():
    with pytest.raises(UserError, match=r"reads the time of events and the log has none; set data\.columns\.timestamp"):
        require_column(None, "time", "data.columns.timestamp")


def test_a_part_is_built_from_the_catalog():
    build = partial(TimeGapEmbedding, embedding_dim=4, num_buckets=8)
    context = Context(parts={"time_gap": build}, catalog=Catalog.of_size(3))
    assert context(torch.zeros(1, 2, 4), BATCH)[0, 0].tolist() == [0.0] * 4
    assert context(torch.zeros(1, 2, 4), BATCH)[0, 1].abs().sum() > 0
