import numpy as np
import pytest
import torch

from seqmine.mining.against_model.model_patterns import ModelPatterns
from tests.mining.references import PairModel, last_event_cases


def cases_with_a_pair(num_users=200, seed=0):
    """Return cases with 7 .. 11 in every second input; 9 never comes next."""
    rng = np.random.default_rng(seed)
    rows = []
    for user in range(num_users):
        noise = rng.integers(20, 60, 7).tolist()
        rows.append([*noise[:2], 7, *noise[2:4], 11, *noise[4:]] if user % 2 else noise)
    return last_event_cases(rows)


def test_the_rule_of_the_model_is_found_with_exactly_its_events():
    miner = ModelPatterns(num_histories=100, num_events=4, min_count=3)
    table = miner.recurring(miner.find(PairModel(), cases_with_a_pair()))
    assert table.patterns() == [(7, 11, 9)]
    assert table.support_count[0] == pytest.approx(50, abs=10)
    assert table.num_users == 100


class NoisyPairModel(PairModel):
    """Believes the same, and holds whatever follows 7 for worth as much, although that alone says nothing."""

    def score(self, batch):
        scores = super().score(batch)
        for row in range(len(batch)):
            if 8 in batch.items[row, : batch.lengths[row]].tolist():
                scores[row, 9] += 0.3
        return scores


def test_events_that_a_sufficient_set_can_spare_are_left_out():
    held_out = last_event_cases([[7, 8, 30 + user, 11, 40, 41, 42, 50] for user in range(10)])
    found = ModelPatterns(num_events=4).explain(NoisyPairModel(), held_out)
    assert {one.items for one in found} == {(7, 11)}
    # Where the spare event is the worthiest of all it is what goes.
    assert all(one.places == (0, 3) for one in found)


class ListModel:
    """Ranks 1, 2 and 3 first whatever came, and 4 next after 30."""

    num_items = 60

    def score(self, batch):
        scores = torch.zeros(len(batch), self.num_items + 1)
        scores[:, 1:4] = torch.tensor([9.0, 8.0, 7.0])
        for row in range(len(batch)):
            scores[row, 4] = 6.0 if 30 in batch.items[row, : batch.lengths[row]].tolist() else 0.0
        return scores


def test_what_came_next_is_explained_where_the_model_lists_it():
    histories = [[30, 20 + user, 50, 51, 4] for user in range(5)]
    explained = {one.consequent for one in ModelPatterns(top_k=4).explain(ListModel(), last_event_cases(histories))}
    assert explained == {4}
    assert not ModelPatterns(top_k=3).explain(ListModel(), last_event_cases(histories)), "nothing is behind the first"


def test_two_draws_with_one_seed_are_equal():
    found = [ModelPatterns(num_histories=40, seed=3).explain(PairModel(), cases_with_a_pair()) for _ in range(2)]
    assert found[0] == found[1]
