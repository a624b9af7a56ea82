import logging
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from seqmine.metrics.functional import mask_candidates, top_items
from seqmine.models.baselines.module import BaselineModule
from seqmine.serving.diversity import (
    DiverseLists,
    DiverseReranking,
    category_members,
    measure_weights,
)
from seqmine.structs import Catalog, UserError
from tests.models.baselines.small_logs import batch_of

NUM_ITEMS = 12
GIVEN = {
    "weight": 0.5, "max_loss": 0.0, "similarity": "vectors", "category": None, "max_per_category": None, "num_candidates": 8,
}  # fmt: skip


class Told(nn.Module):
    """Says the same scores to everybody."""

    def __init__(self, scores):
        super().__init__()
        self.register_buffer("scores", scores)

    def fit(self, log, num_items):
        """Count nothing."""

    def score(self, batch):
        return self.scores.expand(len(batch), -1).clone()


def twins(**settings):
    """Items 2n - 1 and 2n are the same, scores fall with the number."""
    look = F.normalize(torch.eye(7).repeat_interleave(2, 0)[1:14], dim=1)
    given = {"look": look, "members": None, "weight": 0.5, "max_per_category": 0, "num_candidates": 8, **settings}
    return DiverseLists(model=Told(-torch.arange(NUM_ITEMS + 1.0)), **given)


def test_twins_go_behind_others_and_what_is_no_candidate_is_no_reason():
    batch = batch_of([[12], [12]])
    batch = replace(batch, seen_rows=torch.tensor([1]), seen_items=torch.tensor([1]))
    scores = mask_candidates(twins().score(batch), batch)
    first, second = top_items(scores, 12).tolist()
    assert first[:4] == [1, 3, 5, 7]
    assert second[:4] == [2, 3, 5, 7], "item 1 is not in the list, so its twin has nothing to differ from"
    assert first[8:] == [9, 10, 11, 12] and sorted(first[:8]) == list(range(1, 9))
    assert second[8:] == [10, 11, 12, 0]


def test_a_weight_of_zero_is_the_model():
    batch = batch_of([[12]])
    assert torch.equal(twins(weight=0.0).score(batch), twins().model.score(batch))


def test_what_a_model_does_not_know_stays_out():
    lists = twins()
    lists.model.scores[5] = -torch.inf
    assert lists.score(batch_of([[12]]))[0, 5] == -torch.inf
    assert lists.score(batch_of([[12]])).isfinite().sum() == NUM_ITEMS


def test_a_cap_holds_for_a_list_of_any_length():
    members = torch.zeros(NUM_ITEMS + 1, 2, dtype=torch.bool)
    members[1:7, 0], members[7:, 1] = True, True
    batch = batch_of([[12]])
    lists = twins(members=members, max_per_category=2, weight=0.0)
    assert top_items(mask_candidates(lists.score(batch), batch), 12).tolist() == [
        [1, 2, 7, 8, 3, 4, 5, 6, 9, 10, 11, 12]
    ]


def catalog(**features):
    return Catalog([f"i{n}" for n in range(1, 4)], torch.tensor([0, 1, 1, 1]), features=features)


def test_categories_are_values_or_lists_of_them():
    assert category_members(catalog(kind=["b", None, "a"]), "kind").tolist() == [[0, 0], [0, 1], [0, 0], [1, 0]]
    assert category_members(catalog(kind=[["a", "b"], [], ["b"]]), "kind").sum(1).tolist() == [0, 2, 0, 1]
    with pytest.raises(UserError, match="category=genre is no column of the item table \\(kind\\)"):
        category_members(catalog(kind=["a", "b", "c"]), "genre")


def test_categories_are_alike_by_what_they_have_in_common():
    lists = twins(look=torch.tensor([[0, 0], [1, 0], [1, 1], [0, 0]], dtype=torch.bool))
    assert lists.alike(torch.tensor([[1, 2, 3]])).tolist() == [[[1, 0.5, 0], [0.5, 1, 0], [0, 0, 0]]]


def test_cost_and_likeness_are_those_of_lists_and_targets():
    batch = batch_of([[12], [12]])
    batch.targets[:, 0] = torch.tensor([2, 3])
    nobody = replace(batch, targets=torch.zeros_like(batch.targets))  # of a device without a batch of its own
    alone, found = measure_weights(twins(), [batch, nobody], [0.0, 0.5])
    gains = [1 / np.log2(3), 1 / np.log2(4)]
    assert alone[0] == pytest.approx(np.mean(gains))
    assert found[0.0] == alone
    rank = top_items(mask_candidates(twins().score(batch), batch), 12)[0].tolist().index(2) + 1
    assert found[0.5][0] == pytest.approx(np.mean([1 / np.log2(rank + 1), 1 / np.log2(3)]))
    assert found[0.5][1] == alone[1] == pytest.approx(5 / 45), "five pairs of twins among the first ten, in any order"


class Data:
    """Validation in which the model is right about the first item, and a test that nobody may ask for."""

    def __init__(self, target):
        self.catalog = Catalog([f"i{n}" for n in range(1, NUM_ITEMS + 1)], torch.ones(NUM_ITEMS + 1, dtype=torch.int64))
        self.target = target

    def val_dataloader(self):
        batch = batch_of([[12]])
        batch.targets[:, 0] = self.target
        return [batch]


class Vectors(Told):
    """Stands for a trained model."""


@pytest.fixture
def model(monkeypatch):
    look = torch.eye(7).repeat_interleave(2, 0)[1:14]
    found = lambda model: look if isinstance(model, Vectors) else None  # noqa: E731
    monkeypatch.setattr("seqmine.serving.diversity.item_vectors", found)
    return Vectors(-torch.arange(NUM_ITEMS + 1.0))


@pytest.mark.parametrize(("target", "weight"), [(1, 0.9), (2, 0.1)])
def test_validation_chooses_the_largest_weight_that_costs_no_more_than_may_be_lost(target, weight, model, caplog):
    caplog.set_level(logging.INFO)
    reranking = DiverseReranking(**{**GIVEN, "weight": None})
    module, chosen = reranking(BaselineModule(recommender=model, catalog=Data(1).catalog), Data(target))
    assert chosen == {"rerank/weight": weight} and module.recommender.weight == weight
    assert f"diverse lists (weight {weight:g}): validation NDCG@10" in caplog.text


def test_a_given_weight_is_kept_and_its_cost_told(model, caplog):
    caplog.set_level(logging.INFO)
    _, chosen = DiverseReranking(**GIVEN)(model, Data(2))
    assert chosen == {"rerank/weight": 0.5}
    assert "validation NDCG@10 0.3869, of the model alone 0.6309 (-38.7%)" in caplog.text


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"similarity": "categories"}, "set category to a column of the item table"),
        ({"max_per_category": 2}, "set category to a column of the item table"),
    ],
)
def test_categories_that_are_not_named_are_asked_for(change, sentence):
    with pytest.raises(UserError, match=sentence):
        DiverseReranking(**{**GIVEN, **change})


def test_a_model_without_vectors_is_told_what_else_there_is():
    with pytest.raises(UserError, match="the model has no vectors of items; set similarity=categories"):
        DiverseReranking(**GIVEN)(Told(torch.zeros(NUM_ITEMS + 1)), Data(1))
