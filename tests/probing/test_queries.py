from dataclasses import replace

import numpy as np
import pytest
import torch

from seqmine.data.collate import HistoryCollate
from seqmine.data.targets import Targets
from seqmine.probing.cases import Cases
from seqmine.probing.edits import Edit, whole_histories
from seqmine.probing.queries import ask, probabilities_after, recommended, scores_after_edits
from seqmine.structs import InteractionLog
from tests.mining.references import PairModel

HISTORIES = [[7, 11], [1], [7, 3, 11, 4], []]


class RandomModel:
    """Scores that depend on the last event."""

    def __init__(self):
        self.table = torch.randn(12, 12, generator=torch.Generator().manual_seed(0))

    def score(self, batch):
        return self.table[batch.items.gather(1, batch.lengths.unsqueeze(1) - 1).squeeze(1)]


def asked_of(model, histories, items, batch_size):
    cases = Cases.of_histories(histories, max_length=50)
    return ask(model, cases, whole_histories(cases), items, batch_size)


def test_log_probabilities_do_not_depend_on_the_batch():
    one, all_at_once = (asked_of(PairModel(), HISTORIES, (9, 9, 2, 5), size) for size in (1, 4))
    assert one.log_probabilities == pytest.approx(all_at_once.log_probabilities)
    assert one.probabilities[1] == pytest.approx(np.exp(0.5) / (np.exp(0.5) + 59))
    assert one.scores.tolist() == [8.0, 0.5, 0.0, 0.0]


def test_ranks_count_the_items_that_score_as_high():
    model = RandomModel()
    asked = [([last], item) for last in range(1, 12) for item in range(1, 12)]
    histories, items = zip(*asked, strict=True)
    expected = [int((model.table[last[0], 1:] >= model.table[last[0], item]).sum()) for last, item in asked]
    assert asked_of(model, histories, items, 7).ranks.tolist() == expected
    assert asked_of(PairModel(), [[1]], [5], 1).ranks[0] == 60, "ties count against the item"


def test_many_edits_of_many_users_are_answered_in_the_order_of_the_questions():
    cases = Cases.of_histories([[7, 3, 11], [11, 7]], max_length=50)
    first, second = whole_histories(cases)
    edits = [first, second, first.without([0]), second.reorder([0, 1], [1, 0]), second.append(11), first.hide([2])]
    fires = [True, False, False, True, True, False]
    assert (ask(PairModel(), cases, edits, [9] * 6, 2).scores == 8).tolist() == fires


def test_several_items_are_asked_about_at_once():
    items = [np.array([9, 5]), np.array([], dtype=np.int64), np.array([2]), np.array([9])]
    cases = Cases.of_histories(HISTORIES, max_length=50)
    values, firsts = probabilities_after(PairModel(), cases, items, 2)
    edits = [Edit.of(cases, case) for case, some in enumerate(items) for _ in some]
    answers = ask(PairModel(), cases, edits, np.concatenate(items).tolist(), 2)
    assert values == pytest.approx(answers.probabilities)
    assert firsts.tolist() == [True, False, False, True]


@pytest.mark.parametrize(("seen", "gone"), [("full", {3, 5}), ("window", {5}), ("none", set())])
def test_the_list_that_is_delivered_lacks_what_the_protocol_takes_out(seen, gone):
    model = RandomModel()
    cases = Cases.of_histories([[3, 5], [5]], max_length=1, seen=seen)
    lists = recommended(model, cases, 11, 1)
    assert set(lists[0].tolist()) - {0} == set(range(1, 12)) - gone
    scores = model.table[5].clone()
    scores[[0, *gone]] = -torch.inf
    assert lists[0, 0] == int(scores.argmax())


def test_the_item_that_comes_next_gets_no_place_in_a_list_that_it_is_out_of():
    log = InteractionLog.from_lists([[5, 5]])
    collate = HistoryCollate(log=log, max_length=9, seen="full")
    cases = Cases(collate, Targets(np.array([0]), np.array([1])), np.array([5], np.int32))
    assert 5 not in recommended(RandomModel(), cases, 11)


class SumOfTimes:
    """Scores item 1 by the times of a history: it fails without them."""

    def score(self, batch):
        scores = torch.zeros(len(batch), 3)
        scores[:, 1] = (batch.timestamps * batch.valid_mask).sum(dim=1)
        return scores


def test_a_model_is_given_the_columns_that_it_reads():
    log = replace(InteractionLog.from_lists([[1, 2, 2]]), timestamps=np.array([10, 20, 40]))
    collate = HistoryCollate(log=log, max_length=9, seen="none", columns=["timestamps"])
    cases = Cases(collate, Targets(np.array([0]), np.array([3])), np.zeros(1, np.int32))
    whole = Edit.of(cases, 0)
    assert ask(SumOfTimes(), cases, [whole, whole.without([1])], [1, 1]).scores.tolist() == [70.0, 50.0]
    assert recommended(SumOfTimes(), cases, 1).tolist() == [[1]]
    [(rows, scores)] = scores_after_edits(SumOfTimes(), cases, [whole])
    assert (rows, scores.tolist()) == ([0], [[70.0, 0.0]])
