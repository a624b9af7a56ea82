from dataclasses import replace

import numpy as np
import torch

from seqmine.models.embeddings.content import ContentItems
from seqmine.models.embeddings.fusion import SumFusion
from seqmine.structs import AttributeTable, Catalog, ContentTable

RANDOM = np.random.default_rng(0)
VALUES = (RANDOM.normal(size=(30, 3)) @ RANDOM.normal(size=(3, 3)) + 5).astype(np.float32)
ATTRIBUTES = AttributeTable(RANDOM.integers(0, 4, (30, 2)).astype(np.int32), VALUES, 3)
CATALOG = replace(Catalog.of_size(30), attributes=ATTRIBUTES.with_padding())


def table(**settings):
    torch.manual_seed(0)
    return ContentItems(
        catalog=CATALOG, embedding_dim=8, fusion=SumFusion, **({"own_dropout": 0.0, "whitening": True} | settings)
    )


def test_whitened_values_vary_alike_and_apart():
    items = table()
    seen = (items.attributes.values[1:] - items.center) @ items.turn
    torch.testing.assert_close(seen.T @ seen / 30, torch.eye(3), atol=1e-3, rtol=0)
    plain = table(whitening=False)
    torch.testing.assert_close((plain.attributes.values - plain.center) @ plain.turn, plain.attributes.values)


def test_a_new_item_is_its_content_alone():
    items = table()
    assert isinstance(items, ContentTable)
    found = items.vectors_of(ATTRIBUTES.take(np.array([4, 9])))
    torch.testing.assert_close(found, items.vectors()[[5, 10]] - items.own.weight[[5, 10]])


def test_own_vectors_are_left_out_in_training_alone():
    items = table(own_dropout=0.5)
    content = items.vectors_of(ATTRIBUTES)
    alone = torch.isclose(items.vectors()[1:], content).all(1)
    assert 5 <= alone.sum() <= 25
    assert not torch.isclose(items.eval().vectors()[1:], content).all(1).any()
    assert not items.vectors()[0].any() and not items(torch.tensor([[0]])).any()
