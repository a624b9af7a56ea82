from dataclasses import replace

import numpy as np
import pytest
import torch

from seqmine.models.embeddings.attributes import AttributeEmbedding, ItemAttributes, UserAttributes
from seqmine.structs import AttributeTable, Catalog, SequenceBatch, UserError


def test_a_row_is_the_mean_of_its_values_plus_its_numbers():
    torch.manual_seed(0)
    part = AttributeEmbedding(num_codes=3, num_values=2, embedding_dim=4)
    codes, values = torch.tensor([[1, 3, 0], [0, 0, 0]]), torch.tensor([[1.0, -1.0], [0.0, 0.0]])
    found = part(codes, values)
    table, numbers = part.table.weight, part.numbers.weight
    torch.testing.assert_close(found[0], 2 * (table[1] + table[3]) / 2 + numbers[:, 0] - numbers[:, 1])
    assert found[1].tolist() == [0.0] * 4


@pytest.mark.parametrize(("num_codes", "num_values"), [(3, 0), (0, 2)])
def test_what_is_not_there_has_no_weights(num_codes, num_values):
    part = AttributeEmbedding(num_codes=num_codes, num_values=num_values, embedding_dim=4)
    codes = torch.ones(5, 1 if num_codes else 0, dtype=torch.int64)
    part(codes, torch.ones(5, num_values)).sum().backward()
    assert all(weight.grad is not None for weight in part.parameters())
    assert len(list(part.parameters())) == 1


def test_the_catalog_brings_the_attributes_of_items_and_no_checkpoint_does():
    table = AttributeTable(np.array([[0], [1], [2]], np.int32), np.zeros((3, 0), np.float32), 2)
    part = ItemAttributes(embedding_dim=4, catalog=replace(Catalog.of_size(2), attributes=table))
    items = torch.tensor([[2, 1, 0]])
    found = part(SequenceBatch(items, items, torch.tensor([2]), torch.tensor([0])))
    assert found[0, 2].tolist() == [0.0] * 4
    assert not torch.equal(found[0, 0], found[0, 1])
    assert list(part.state_dict()) == ["embedding.table.weight"]


@pytest.mark.parametrize(("part", "word"), [(ItemAttributes, "item_attributes"), (UserAttributes, "user_attributes")])
def test_attributes_that_were_not_chosen_are_told(part, word):
    with pytest.raises(UserError, match=rf"model/context has {word} and none were chosen; set"):
        part(embedding_dim=4, catalog=Catalog.of_size(2))
