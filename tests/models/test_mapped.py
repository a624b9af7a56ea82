from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from seqmine.models.embeddings.attributes import AttributedItems
from seqmine.models.embeddings.items import ItemEmbedding
from seqmine.models.encoders.recurrent import RecurrentEncoder
from seqmine.models.losses.cross_entropy import CrossEntropy
from seqmine.models.mapped import MappedModel, shared_items, with_new_items
from seqmine.models.module import SequenceModule
from seqmine.models.schedules import constant
from seqmine.structs import AttributeTable, Catalog, SequenceBatch

KNOWN = Catalog(["a", "b", "c", "gone"], torch.tensor([0, 4, 3, 2, 1]), behaviors=["buy", "view"])
NEWER = Catalog(["new", "c", "a", "b"], torch.tensor([0, 4, 3, 2, 1]), behaviors=["cart", "view", "buy"])


class Recorder(nn.Module):
    """Scores an item by its number in the catalog of the model, and keeps what it was asked."""

    columns = ("behaviors", "timestamps", "ratings", "user_codes", "user_values")

    def score(self, batch):
        self.asked = batch
        return torch.arange(5.0).repeat(len(batch), 1)


@pytest.fixture
def batch() -> SequenceBatch:
    """a (view), new (cart), b (buy); and a history of nothing that the model knows."""
    return SequenceBatch(
        items=torch.tensor([[3, 1, 4, 0], [1, 1, 0, 0]]),
        targets=torch.tensor([[0, 0, 1, 0], [0, 2, 0, 0]]),
        lengths=torch.tensor([3, 2]),
        user_index=torch.tensor([7, 8]),
        seen_items=torch.tensor([3]),
        seen_rows=torch.tensor([0]),
        behaviors=torch.tensor([[2, 1, 3, 0], [1, 1, 0, 0]]),
        timestamps=torch.tensor([[10, 20, 30, 0], [40, 50, 0, 0]]),
        ratings=torch.tensor([[1.0, 2.0, float("nan"), 0.0], [3.0, 4.0, 0.0, 0.0]]),
        user_codes=torch.tensor([[5, 6], [7, 8]]),
        user_values=torch.ones(2, 3),
    )


def test_scores_stand_at_the_items_of_the_log_and_new_items_are_no_candidates(batch):
    mapped = MappedModel(model=Recorder(), known=KNOWN, catalog=NEWER)
    nothing = -torch.inf
    assert mapped.score(batch).tolist() == [[nothing, nothing, 3.0, 1.0, 2.0]] * 2


def test_a_history_is_told_in_the_numbers_of_the_model_without_what_it_does_not_know(batch):
    recorder = Recorder()
    MappedModel(model=recorder, known=KNOWN, catalog=NEWER).score(batch)
    asked = recorder.asked
    assert asked.items.tolist() == [[1, 2, 0, 0], [0, 0, 0, 0]]
    assert asked.lengths.tolist() == [2, 1]
    assert asked.behaviors.tolist() == [[2, 1, 0, 0], [0, 0, 0, 0]]
    assert asked.timestamps.tolist() == [[10, 30, 0, 0], [0, 0, 0, 0]]
    assert asked.ratings[0, 0] == 1.0 and asked.ratings[0, 1].isnan() and not asked.ratings[:, 2:].any()
    assert not asked.targets.any() and asked.seen_items is None
    assert not asked.user_codes.any() and asked.user_values.shape == (2, 0)
    assert batch.items.tolist() == [[3, 1, 4, 0], [1, 1, 0, 0]], "the batch of the log stays as it is"


def test_a_model_scores_a_history_as_if_new_items_had_not_been_there(batch):
    model = network(KNOWN, ItemEmbedding)
    items, one = torch.tensor([[1, 2]]), torch.tensor([0])
    own = SequenceBatch(items=items, targets=torch.zeros_like(items), lengths=torch.tensor([2]), user_index=one)
    with torch.no_grad():
        expected = model.score(own)[0]
        found = MappedModel(model=model, known=KNOWN, catalog=NEWER).score(batch)[0]
    torch.testing.assert_close(found[2:], expected[[3, 1, 2]])


def network(catalog: Catalog, item_table) -> SequenceModule:
    torch.manual_seed(0)
    return SequenceModule(
        embedding_dim=8, encoder=RecurrentEncoder(embedding_dim=8, hidden_dim=8, num_layers=1, dropout=0.0, cell=nn.GRU),
        loss=CrossEntropy(), catalog=catalog, optimizer=partial(torch.optim.AdamW, lr=0.1), scheduler=constant,
        item_table=item_table,
    ).eval()  # fmt: skip


def test_new_items_are_scored_by_their_attributes_where_the_table_has_them(batch):
    """The new item has the values of a, which the newer log numbers and scales in another way."""
    of_known = AttributeTable(
        np.array([[1], [2], [1], [2]], np.int32), np.array([[1.0], [-1], [2], [3]], np.float32), 2
    )
    of_newer = AttributeTable(
        np.array([[2], [2], [2], [1]], np.int32), np.array([[2.5], [4.5], [2.5], [-1.5]], np.float32), 2
    )
    known = replace(KNOWN, attributes=of_known.with_padding())
    newer = replace(NEWER, attributes=of_newer.with_padding())
    model = network(known, AttributedItems)
    kept = model.item_embedding.vectors().detach().clone()
    able, catalog = with_new_items(model, known, newer)
    assert list(catalog.item_ids) == ["a", "b", "c", "gone", "new"]
    vectors = able.item_embedding.vectors().detach()
    torch.testing.assert_close(vectors[:5], kept)
    torch.testing.assert_close(vectors[5], model.item_embedding.attributes.vectors()[1].detach() / 8**0.5)
    torch.testing.assert_close(model.item_embedding.vectors().detach(), kept, rtol=0, atol=0)
    with torch.no_grad():
        scores = MappedModel(model=able, known=catalog, catalog=newer).score(batch)
    assert scores[:, 1:].isfinite().all()


def test_new_items_have_no_score_where_items_have_a_vector_of_their_own_alone():
    model = network(KNOWN, ItemEmbedding)
    assert with_new_items(model, KNOWN, NEWER) == (model, KNOWN)


def test_items_are_shared_by_key():
    assert shared_items(KNOWN, NEWER) == ([3, 1, 2], [2, 3, 4])
