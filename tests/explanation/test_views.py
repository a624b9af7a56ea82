import numpy as np
import pytest
import torch
from torch.nn import functional as F

from seqmine.explanation.question import Attribution, Question
from seqmine.explanation.views import (
    attention_by_distance,
    influence_by_gap,
    influence_by_position,
    item_map,
    nearest,
)
from seqmine.probing.cases import Cases
from tests.explanation.models import Additive


class Attends:
    """One layer of two heads: the first looks evenly, the second at item 2 alone."""

    def score(self, batch):
        items = batch.items.double()
        even = torch.zeros_like(items)
        two = torch.where(batch.items == 2, 50.0, 0.0).double()
        key = torch.stack([even, two], dim=1).unsqueeze(-1)
        query = torch.ones_like(key)
        F.scaled_dot_product_attention(query, key, key)
        return torch.zeros(len(items), 5)


def test_attention_is_averaged_by_distance():
    cases = Cases.of_histories([[2, 1], [1, 3, 2, 4]], max_length=9)
    found = attention_by_distance(Attends(), cases, 5)
    assert found.shape == (1, 2, 5)
    assert found[0, 0, :4].tolist() == pytest.approx([(1 / 2 + 1 / 4) / 2, (1 / 2 + 1 / 4) / 2, 1 / 4, 1 / 4])
    assert found[0, 1, :3].tolist() == pytest.approx([0, 1, 0], abs=1e-6)  # item 2 is the last but one of both
    assert np.isnan(found[0, :, 4]).all()


def test_influence_is_the_mean_size_of_shares():
    shares = [Attribution(np.array([-1.0, 3.0])), Attribution(np.array([4.0, 2.0, 1.0]))]
    found = influence_by_position(shares, 2)
    assert [(one.name, one.share, one.num_events) for one in found] == [("1", 2.0, 2), ("2", 1.5, 2)]


def test_influence_by_time_before_the_last_event():
    from dataclasses import replace

    cases = Cases.of_histories([[1, 2, 3, 4]], max_length=9)
    assert influence_by_gap(cases, [], []) == []
    log = replace(cases.log, timestamps=np.array([0, 900_000, 999_940, 1_000_000]))
    timed = replace(cases, collate=type(cases.collate)(log=log, max_length=9, seen="none"))
    found = influence_by_gap(timed, [Question(0, 1)], [Attribution(np.array([1.0, -2.0, 3.0, 9.0]))])
    assert [(one.name, one.share) for one in found] == [
        ("under an hour", 3.0),
        ("under a week", 2.0),
        ("under a month", 1.0),
    ]


def test_the_map_shows_the_two_main_directions():
    draws = np.random.default_rng(0)
    angles = draws.random(50) * 6
    vectors = np.stack([3 * np.cos(angles), np.sin(angles) * 3, np.zeros(50)], axis=1) * draws.random((50, 1))
    places, share = item_map(vectors)
    assert places.shape == (50, 2) and share == pytest.approx(1)
    assert item_map(np.zeros((3, 1)))[0].tolist() == [[0, 0]] * 3
    # what is near stays near: items of one direction have one place, however long they are
    assert np.allclose(
        item_map(np.array([[1.0, 0], [5.0, 0], [0, 1.0]]))[0][0],
        item_map(np.array([[1.0, 0], [5.0, 0], [0, 1.0]]))[0][1],
    )


def test_nearest_items_by_hand():
    vectors = np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 2.0], [-1.0, 0.0]])
    [found] = nearest(vectors, [0], 2)
    assert [row for row, _ in found] == [1, 2]
    assert [cosine for _, cosine in found] == pytest.approx([0.5**0.5, 0])
    assert len(nearest(vectors, [2], 9)[0]) == 3  # not the item itself


def test_a_model_without_attention_is_refused():
    from seqmine.structs import UserError

    cases = Cases.of_histories([[1, 2]], max_length=4)
    with pytest.raises(UserError, match="no softmax attention"):
        attention_by_distance(Additive([0.0] * 5, 1), cases, 3)
