from itertools import combinations

import numpy as np
import pytest
import torch

from seqmine.probing.cases import Cases
from seqmine.probing.edits import whole_histories
from seqmine.probing.faithfulness import Occurrence, counterfactuals, deleted_sets, measure_faithfulness
from tests.mining.references import PairModel

POPULARITY = np.ones(61, dtype=np.int64)


def measured(model, histories, places, consequent, top_k=10):
    cases = Cases.of_histories(histories, max_length=50)
    occurrences = [Occurrence(history, places, consequent) for history in whole_histories(cases)]
    rng = np.random.default_rng(0)
    return measure_faithfulness(model, cases, occurrences, POPULARITY, rng, top_k=top_k, batch_size=64)


def noise(num_rows=40, length=6, seed=0):
    return np.random.default_rng(seed).integers(20, 60, (num_rows, length)).tolist()


def test_the_measures_separate_an_ordered_pattern_from_its_parts():
    histories = [[*row[:2], 7, *row[2:4], 11, *row[4:]] for row in noise()]
    found = measured(PairModel(), histories, (2, 5), 9, top_k=1)
    drop = np.log(np.exp(8) / (np.exp(8) + 59)) - np.log(np.exp(0.5) / (np.exp(0.5) + 59))
    for name in ("necessity", "hiding_necessity", "order_effect", "interaction", "sufficiency_control", "faithfulness"):
        assert found[name] == pytest.approx(drop), name
    assert found["control"] == pytest.approx(0)
    assert np.isnan(found["necessity_ratio"])
    assert found["sufficiency_loss"] == pytest.approx(0)
    assert found["faithfulness_p_value"] < 1e-6
    # 9 stays first in the list of all others, whose scores are 0.
    assert found["counterfactual_fidelity"] == 0
    assert np.isnan(found["deletion_size"])


class LastItemModel:
    """Believes that 5 follows an item below 10, and knows nothing but the last event."""

    def score(self, batch):
        last = batch.items.gather(1, batch.lengths.unsqueeze(1) - 1).squeeze(1)
        scores = torch.zeros(len(batch), 61)
        scores[:, 5] = torch.where((last > 0) & (last < 10), 4.0, -4.0)
        return scores


def test_an_event_that_the_model_ignores_does_not_look_necessary_beside_the_last_one():
    histories = [[*row, 11, 1] for row in noise()]
    both, last = (measured(LastItemModel(), histories, places, 5) for places in ((6, 7), (7,)))
    assert both["necessity"] == pytest.approx(last["necessity"])
    assert last["necessity"] > 5
    assert both["control"] == pytest.approx(both["necessity"]), "the last event goes on both sides"
    assert both["necessity_ratio"] == pytest.approx(1)
    assert both["faithfulness"] == pytest.approx(0)
    assert both["faithfulness_p_value"] == 1
    assert last["faithfulness"] == pytest.approx(last["necessity"])
    assert last["faithfulness_p_value"] < 1e-6
    assert last["counterfactual_fidelity"] == 1
    assert last["deletion_size"] == 1


class BagModel:
    """Adds up the worth of three items, in any order."""

    worth = torch.zeros(61).index_put((torch.tensor([1, 2, 3]),), torch.tensor([1.0, 2.0, 4.0]))

    def score(self, batch):
        scores = torch.zeros(len(batch), 61)
        scores[:, 9] = (self.worth[batch.items] * batch.valid_mask).sum(dim=1)
        return scores


def test_every_deletion_of_a_bag_is_what_adding_up_says():
    histories = [[*row[:3], 1, 2, 3, *row[3:]] for row in noise()]
    found = measured(BagModel(), histories, (3, 4, 5), 9)

    def value(worth):
        return worth - np.log(np.exp(worth) + 59)

    assert found["necessity"] == pytest.approx(value(7) - value(0))
    assert found["faithfulness"] == pytest.approx(value(7) - value(6)), "the weakest of the three"
    assert found["order_effect"] == pytest.approx(0)
    signs = sum(
        (-1) ** (3 - len(kept)) * value(sum(kept)) for size in range(4) for kept in combinations((1, 2, 4), size)
    )
    assert found["interaction"] == pytest.approx(signs)


def test_nothing_is_said_where_there_is_nothing_to_compare_with():
    assert measured(PairModel(), [[7, 11], [7, 20, 11]], (0, 1), 9) == {}


def test_counterfactuals_are_counted_one_by_one():
    rng = np.random.default_rng(0)
    deletions = deleted_sets(3)
    ranks = rng.integers(1, 20, (60, len(deletions)))
    gone, smallest = [], []
    for row in ranks:
        if row[0] > 10:
            continue
        gone.append(row[-1] > 10)
        sizes = [len(some) for some, rank in zip(deletions, row, strict=True) if rank > 10]
        smallest += [min(sizes)] if sizes else []
    assert counterfactuals(ranks, deletions, 10) == (pytest.approx(np.mean(gone)), pytest.approx(np.mean(smallest)))
