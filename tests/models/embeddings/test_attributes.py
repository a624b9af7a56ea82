from dataclasses import replace

import numpy as np
import pytest
import torch

from seqmine.models.embeddings.attributes import AttributedItems, AttributeEmbedding, ItemAttributes, UserAttributes
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


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (ItemAttributes, "no attribute of items is chosen, and this model reads them; set"),
        (AttributedItems, "no attribute of items is chosen, and this model reads them; set"),
        (UserAttributes, "no attribute of users is chosen, and this model reads them; set"),
    ],
)
def test_attributes_that_were_not_chosen_are_told(part, words):
    with pytest.raises(UserError, match=words):
        part(embedding_dim=4, catalog=Catalog.of_size(2))


def attributed_items():
    torch.manual_seed(0)
    table = AttributeTable(np.array([[1, 2], [1, 0], [0, 0]], np.int32), np.array([[2.0], [0.0], [0.0]], np.float32), 2)
    return AttributedItems(embedding_dim=4, catalog=replace(Catalog.of_size(3), attributes=table.with_padding()))


def test_an_item_is_its_own_vector_and_those_of_its_attributes():
    items = attributed_items()
    own, attributes = items.own.weight, items.attributes.embedding
    vectors = items.vectors()
    codes = attributes.table.weight
    torch.testing.assert_close(vectors[1], own[1] + (codes[1] + codes[2]) / 2 + attributes.numbers.weight[:, 0])
    torch.testing.assert_close(vectors[2], own[2] + codes[1])
    assert torch.equal(vectors[3], own[3])
    assert vectors[0].tolist() == [0.0] * 4
    torch.testing.assert_close(items(torch.tensor([[2, 0]])), vectors[[2, 0]].unsqueeze(0) * 2)


def test_kin_learn_together():
    items = attributed_items()
    items.vectors()[1].sum().backward()
    assert items.own.weight.grad[2].abs().sum() == 0
    assert items.attributes.embedding.table.weight.grad[1].abs().sum() > 0  # an attribute of item 2 too


def test_a_bag_of_attributes_has_the_gradient_of_a_mean():
    torch.manual_seed(0)
    part = AttributeEmbedding(num_codes=5, num_values=0, embedding_dim=3)
    codes = torch.randint(0, 6, (2, 7, 4))
    codes[0, 0] = 0
    weight = part.table.weight.detach().clone().requires_grad_()
    known = (codes > 0).unsqueeze(-1)
    slow = (weight[codes] * known).sum(-2) / known.sum(-2).clamp(min=1) * 3**0.5
    torch.testing.assert_close(part(codes, None), slow)
    for found in (part(codes, None), slow):
        found.square().sum().backward()
    torch.testing.assert_close(part.table.weight.grad, weight.grad)
