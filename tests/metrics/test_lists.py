import pytest
import torch

from seqmine.metrics.functional import NonFiniteScores, hit_rate, mask_candidates, target_ranks
from seqmine.metrics.lists import MOST_EXCLUDED, excluded_items, list_ranks, top_lists
from seqmine.structs import ListRecommender, SequenceBatch, UserError
from tests.listing import Listing, Told

NUM_ITEMS = 12


def batch_of(size, seen=(), not_available=None):
    ones = torch.ones(size, 1, dtype=torch.int64)
    rows, items = ([pair[place] for pair in seen] for place in (0, 1))
    return SequenceBatch(
        ones, ones, ones[:, 0], ones[:, 0], seen_rows=torch.tensor(rows, dtype=torch.int64),
        seen_items=torch.tensor(items, dtype=torch.int64), not_available=not_available,
    )  # fmt: skip


class Named:
    """Returns given lists."""

    longest_list = 3

    def __init__(self, items, scores):
        self.items, self.scores = torch.tensor(items), torch.tensor(scores)

    def top(self, batch, k, seen):
        return self.items, self.scores


def test_what_leaves_the_lists_is_what_leaves_the_scores():
    """Also where a target that training never saw is among what was seen."""
    random = torch.Generator().manual_seed(0)
    seen = [(2, 5), (0, 3), (0, 12), (2, 5), (0, NUM_ITEMS + 1), (1, 1)]
    for not_available in (None, torch.rand(4, NUM_ITEMS + 1, generator=random) < 0.3):
        batch = batch_of(4, seen, not_available)
        masked = mask_candidates(torch.zeros(4, NUM_ITEMS + 1), batch)
        found = torch.zeros(4, NUM_ITEMS + 1).scatter_(1, excluded_items(batch, NUM_ITEMS), -torch.inf)
        assert torch.equal(found[:, 1:], masked[:, 1:])
    nothing = SequenceBatch(*[torch.ones(2, 1, dtype=torch.int64)] * 2, *[torch.ones(2, dtype=torch.int64)] * 2)
    assert excluded_items(nothing, NUM_ITEMS).shape == (2, 0)


def test_more_than_a_model_can_leave_out_is_refused():
    not_available = torch.ones(1, MOST_EXCLUDED + 3, dtype=torch.bool)
    with pytest.raises(UserError, match="10,002 items may not be in a list, but a model .* can leave out 10,000; set"):
        excluded_items(batch_of(1, not_available=not_available), MOST_EXCLUDED + 2)
    not_available[0, :4] = False
    assert excluded_items(batch_of(1, not_available=not_available), MOST_EXCLUDED + 2).shape == (1, MOST_EXCLUDED - 1)


@pytest.mark.parametrize("digits", [0, 6], ids=["ties", "no ties"])
def test_a_list_hits_at_every_cut_off_before_its_end_as_the_scores_do(digits):
    random = torch.Generator().manual_seed(1)
    scores = torch.randn(300, NUM_ITEMS + 1, generator=random).round(decimals=digits)
    targets = torch.randint(1, NUM_ITEMS + 3, (300,), generator=random)
    batch = batch_of(300, [(row, row % NUM_ITEMS + 1) for row in range(300)])
    expected = target_ranks(mask_candidates(scores.clone(), batch), targets)
    for length in (1, 4, NUM_ITEMS - 1, NUM_ITEMS):
        items, values = top_lists(Listing(Told(scores)), batch, length, NUM_ITEMS)
        ranks = list_ranks(items, values, targets, NUM_ITEMS)
        for top_k in range(1, length if length < NUM_ITEMS else NUM_ITEMS + 1):
            assert torch.equal(hit_rate(ranks, top_k), hit_rate(expected, top_k))
        assert ((ranks <= length) | (ranks == NUM_ITEMS + 1)).all()
        assert (ranks >= expected)[ranks < length].all()


def test_a_constant_model_hits_nothing_however_long_its_lists():
    items, values = top_lists(Listing(Told(torch.zeros(9, NUM_ITEMS + 1)), 5), batch_of(9), 11, NUM_ITEMS)
    assert items.shape == (9, 5)
    assert (list_ranks(items, values, torch.arange(1, 10), NUM_ITEMS) == NUM_ITEMS + 1).all()


def test_empty_places_have_no_score():
    items, values = top_lists(Named([[2, 0, 0]], [[-1.0, 5.0, 6.0]]), batch_of(1), 3, NUM_ITEMS)
    assert (items.tolist(), values.tolist()) == ([[2, 0, 0]], [[-1.0, -torch.inf, -torch.inf]])
    assert list_ranks(items, values, torch.tensor([2]), NUM_ITEMS).tolist() == [1]


@pytest.mark.parametrize(
    ("items", "scores", "sentence"),
    [
        ([[1, 2]], [[2.0, 1.0]], r"returned \(1, 2\) items and \(1, 2\) scores, allowed is \(1, 3\) of both"),
        ([[1, 2, 13]], [[3.0, 2.0, 1.0]], "listed items outside of 1 to 12"),
        ([[1, -2, 3]], [[3.0, 2.0, 1.0]], "listed items outside of 1 to 12"),
        ([[1, 2, 3]], [[2.0, 3.0, 1.0]], "did not list the best first"),
        ([[1, 0, 3]], [[3.0, 2.0, 1.0]], "did not list the best first"),
        ([[1, 2, 1]], [[3.0, 2.0, 1.0]], "listed an item twice"),
        ([[1, 2, 7]], [[3.0, 2.0, 1.0]], "listed an item that it was told to leave out"),
    ],
)
def test_broken_promises_are_told(items, scores, sentence):
    with pytest.raises(UserError, match=f"model is a Named, whose top {sentence}; correct it, or change model"):
        top_lists(Named(items, scores), batch_of(1, [(0, 7)]), 3, NUM_ITEMS)


def test_scores_that_are_no_numbers_are_refused():
    with pytest.raises(NonFiniteScores, match="1 of 2 lists have a score that is NaN or infinite"):
        top_lists(Named([[1, 2, 3]] * 2, [[3.0, 2.0, 1.0], [3.0, float("nan"), 1.0]]), batch_of(2), 3, NUM_ITEMS)


def test_models_are_told_apart_by_what_they_offer():
    assert isinstance(Named([[1]], [[1.0]]), ListRecommender) and not isinstance(Told(None), ListRecommender)
