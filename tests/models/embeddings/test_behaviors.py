from dataclasses import replace

import pytest
import torch

from seqmine.models.embeddings.behaviors import BehaviorEmbedding
from seqmine.structs import Catalog, SequenceBatch, UserError

CATALOG = replace(Catalog.of_size(3), behaviors=["view", "buy"])


def test_each_kind_has_a_vector_and_an_unknown_one_has_none():
    part = BehaviorEmbedding(embedding_dim=4, catalog=CATALOG)
    items = torch.ones(1, 4, dtype=torch.int64)
    kinds = torch.tensor([[1, 2, 1, 0]])
    view, buy, again, unknown = part(
        SequenceBatch(items, items, torch.tensor([4]), torch.tensor([0]), behaviors=kinds)
    )[0]
    assert torch.equal(view, again)
    assert not torch.equal(view, buy)
    assert unknown.tolist() == [0.0] * 4


def test_a_log_without_behaviors_is_refused_when_the_model_is_built():
    with pytest.raises(UserError, match=r"set source\.behavior or take this part out"):
        BehaviorEmbedding(embedding_dim=4, catalog=Catalog.of_size(3))
