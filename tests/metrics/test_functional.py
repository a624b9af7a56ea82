import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqmine.metrics import functional
from seqmine.metrics.functional import (
    NonFiniteScores,
    hit_rate,
    mask_candidates,
    ndcg,
    reciprocal_rank,
    target_ranks,
    top_items,
)
from seqmine.structs import SequenceBatch, UserError


def slow_rank(row: list[float], target: int, ties: str) -> float:
    """One row, one loop: column 0 is padding, minus infinity is no candidate."""
    if not 0 < target < len(row) or row[target] == -math.inf:
        return len(row)
    others = [score for item, score in enumerate(row) if item not in (0, target) and score > -math.inf]
    above = sum(score > row[target] for score in others)
    level = sum(score == row[target] for score in others)
    return 1 + above + {"pessimistic": level, "mean": level / 2, "optimistic": 0}[ties]


@st.composite
def ranking_problems(draw):
    num_rows, num_columns = draw(st.integers(1, 6)), draw(st.integers(2, 9))
    values = st.sampled_from([-math.inf, -1.0, 0.0, 0.5, 2.0])
    scores = [[draw(values) for _ in range(num_columns)] for _ in range(num_rows)]
    targets = [draw(st.integers(0, num_columns + 2)) for _ in range(num_rows)]
    return scores, targets


@settings(max_examples=100, deadline=None)
@given(ranking_problems(), st.sampled_from(["pessimistic", "mean", "optimistic"]))
def test_ranks_equal_a_loop(problem, ties):
    scores, targets = problem
    expected = [slow_rank(row, target, ties) for row, target in zip(scores, targets, strict=True)]
    assert target_ranks(torch.tensor(scores), torch.tensor(targets), ties).tolist() == expected


def test_ranks_are_the_same_in_any_block_size(monkeypatch):
    scores, targets = torch.randn(50, 31), torch.randint(1, 31, (50,))
    whole = target_ranks(scores, targets)
    monkeypatch.setattr(functional, "_BLOCK_SCORES", 64)
    assert torch.equal(target_ranks(scores, targets), whole)


def test_constant_scores_never_hit():
    ranks = target_ranks(torch.zeros(4, 101), torch.tensor([1, 30, 99, 100]))
    assert ranks.tolist() == [100] * 4
    assert hit_rate(ranks, 10).sum() == 0


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_scores_without_a_ranking_are_refused(value):
    scores = torch.randn(3, 10)
    scores[1, 4] = value
    with pytest.raises(NonFiniteScores, match="1 of 3 histories have a score that is NaN or infinite"):
        target_ranks(scores, torch.tensor([1, 2, 3]))


def test_unknown_tie_rule_is_named():
    with pytest.raises(UserError, match=r"ties is .kind., allowed are pessimistic, mean, optimistic"):
        target_ranks(torch.zeros(1, 3), torch.tensor([1]), ties="kind")


def test_no_rows_give_no_ranks():
    assert target_ranks(torch.zeros(0, 5), torch.zeros(0, dtype=torch.int64)).shape == (0,)


def batch_of(**taken_out) -> SequenceBatch:
    one = torch.ones(2, 1, dtype=torch.int64)
    return SequenceBatch(one, one, one[:, 0], one[:, 0], **taken_out)


def test_what_was_not_available_is_no_candidate():
    outside = torch.tensor([[True, False, True, False], [True, True, False, False]])
    scores = mask_candidates(torch.arange(8.0).reshape(2, 4), batch_of(not_available=outside))
    assert scores.isinf().tolist() == outside.tolist()
    assert target_ranks(scores, torch.tensor([2, 2])).tolist() == [4, 2]


def test_mask_takes_out_seen_and_padding_and_a_target_that_was_seen_is_a_miss():
    scores = torch.arange(12.0).reshape(2, 6)
    seen_rows, seen_items = torch.tensor([0, 0, 1, 1]), torch.tensor([1, 3, 5, 99])
    mask_candidates(scores, batch_of(seen_rows=seen_rows, seen_items=seen_items))
    inf = math.inf
    assert scores.tolist() == [[-inf, -inf, 2, -inf, 4, 5], [-inf, 7, 8, 9, 10, -inf]]
    assert target_ranks(scores, torch.tensor([3, 4])).tolist() == [6, 1]


def test_without_seen_items_padding_alone_is_masked():
    scores = mask_candidates(torch.zeros(2, 4), batch_of())
    assert torch.isinf(scores[:, 0]).all()
    assert (scores[:, 1:] == 0).all()


def test_top_items_leave_places_empty():
    scores = torch.tensor([[-math.inf, 3.0, -math.inf, 5.0], [-math.inf, 1.0, 2.0, 3.0]])
    assert top_items(scores, 3).tolist() == [[3, 1, 0], [3, 2, 1]]
    assert top_items(scores, 100).shape == (2, 4)


@given(st.lists(st.integers(1, 60), min_size=1), st.integers(1, 50))
def test_gains_equal_numpy(ranks, top_k):
    array = np.array(ranks)
    tensor = torch.tensor(ranks)
    np.testing.assert_allclose(hit_rate(tensor, top_k), array <= top_k)
    np.testing.assert_allclose(ndcg(tensor, top_k), (array <= top_k) / np.log2(array + 1), rtol=1e-15)
    np.testing.assert_allclose(reciprocal_rank(tensor, top_k), (array <= top_k) / array, rtol=1e-15)


def test_gains_take_fractional_ranks():
    ranks = torch.tensor([1.5, 10.5], dtype=torch.float64)
    assert hit_rate(ranks, 10).tolist() == [1.0, 0.0]
    assert reciprocal_rank(ranks, 10).tolist() == [1 / 1.5, 0.0]
