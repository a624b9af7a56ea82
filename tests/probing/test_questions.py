import numpy as np
import pytest
import torch

from seqmine.probing.questions import ask, log_probabilities, matched_places, probabilities_after, top_predictions
from tests.mining.references import PairModel

HISTORIES = [[7, 11], [1], [7, 3, 11, 4], []]


class RandomModel:
    """Scores that depend on the last event."""

    def __init__(self):
        self.table = torch.randn(12, 12, generator=torch.Generator().manual_seed(0))

    def score(self, batch):
        return self.table[batch.items.gather(1, batch.lengths.unsqueeze(1) - 1).squeeze(1)]


def test_log_probabilities_do_not_depend_on_the_batch():
    asked = list(zip(HISTORIES, (9, 9, 2, 5), strict=True))
    one, all_at_once = (log_probabilities(PairModel(), asked, size) for size in (1, 4))
    assert one == pytest.approx(all_at_once)
    assert np.exp(one[1]) == pytest.approx(np.exp(0.5) / (np.exp(0.5) + 59))


def test_ranks_count_the_items_that_score_as_high():
    model = RandomModel()
    asked = [([last], item) for last in range(1, 12) for item in range(1, 12)]
    ranks = ask(model, asked, 7)[1]
    expected = [int((model.table[last[0], 1:] >= model.table[last[0], item]).sum()) for last, item in asked]
    assert ranks.tolist() == expected
    assert ask(PairModel(), [([1], 5)], 1)[1][0] == 60, "ties count against the item"


def test_several_items_are_asked_about_at_once():
    items = [np.array([9, 5]), np.array([], dtype=np.int64), np.array([2]), np.array([9])]
    values, firsts = probabilities_after(PairModel(), HISTORIES, items, 2)
    asked = [(HISTORIES[row], item) for row, some in enumerate(items) for item in some.tolist()]
    assert np.log(values) == pytest.approx(log_probabilities(PairModel(), asked, 2))
    assert firsts.tolist() == [True, False, False, True]


def test_the_first_item_that_a_history_lacks():
    model = RandomModel()
    for last, item in zip(range(1, 12), top_predictions(model, [[last] for last in range(1, 12)], 4), strict=True):
        scores = model.table[last].clone()
        scores[[0, last]] = -torch.inf
        assert item == int(scores.argmax())


def test_matched_events_are_as_recent_and_as_popular_and_never_the_last():
    popularity = np.array([90, 7, 80, 8, 90, 85, 88, 100])
    drawn = {matched_places(popularity, (7,), np.random.default_rng(seed))[0] for seed in range(30)}
    assert drawn == {4, 6}
    drawn = {matched_places(popularity, (6,), np.random.default_rng(seed))[0] for seed in range(30)}
    assert 7 not in drawn
    assert matched_places(popularity[:2], (0, 1), np.random.default_rng(0)) == []
