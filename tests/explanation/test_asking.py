from dataclasses import replace

import numpy as np
import pytest
import torch

from seqmine.data.collate import HistoryCollate
from seqmine.explanation.asking import Kept, all_places, ask_edits, ask_kept, log_probabilities
from seqmine.metrics.functional import NonFiniteScores
from seqmine.probing.cases import Cases
from seqmine.probing.edits import Edit
from tests.explanation.models import Additive, Table


def rising(items):
    """Items are scored by their number."""
    return list(range(1, 7))


def test_what_the_user_had_is_no_candidate_also_when_its_event_is_deleted():
    cases = Cases.of_histories([[6, 5], [1]], max_length=9)
    asked = [Kept(0, (0, 1), 4), Kept(0, (), 4), Kept(1, (0,), 4), Kept(0, (0,), 5), Kept(0, (0,), 3)]
    assert ask_kept(Table(6, rising), cases, asked, 2).ranks.tolist() == [1, 1, 3, 1, 2]
    free = Cases.of_histories([[6, 5]], max_length=9, seen="none")
    assert ask_kept(Table(6, rising), free, asked[:1], 2).ranks.tolist() == [3]


class Periods:
    """Item 6 is not available."""

    def outside(self, times):
        assert times.tolist() == [7]
        return torch.tensor([[True, False, False, False, False, False, True]])


def test_what_is_not_available_at_the_moment_is_no_candidate():
    plain = Cases.of_histories([[1]], max_length=9, seen="none")
    collate = HistoryCollate(log=plain.log, max_length=9, seen="none", periods=Periods())
    cases = Cases(collate, replace(plain.targets, times=np.array([7])), plain.items)
    assert ask_kept(Table(6, rising), cases, [Kept(0, (0,), 4)], 2).ranks.tolist() == [2]
    assert ask_kept(Table(6, rising), plain, [Kept(0, (0,), 4)], 2).ranks.tolist() == [3]


def test_equal_scores_count_before_the_item():
    cases = Cases.of_histories([[6]], max_length=9)
    assert ask_kept(Table(6, lambda items: [0.0] * 6), cases, [Kept(0, (0,), 2)], 4).ranks.tolist() == [5]


def test_a_history_is_scored_once_for_all_items_and_probabilities_are_of_the_whole_catalog():
    cases = Cases.of_histories([[1, 2, 3]], max_length=9)
    model = Additive([0.0, 1.0, 0.5, -1.0, 0.0, 0.0], item=4)
    asked = [Kept(0, (0, 2), item) for item in (4, 5, 4)] + [Kept(0, (1,), 4)]
    answers = ask_kept(model, cases, asked, 8)
    assert model.num_rows == 2
    assert sorted(model.asked) == [[1, 3], [2]]
    assert np.allclose(answers.log_probabilities[[0, 2, 3]], [-12, -12, -11.5])
    assert answers.probabilities[1] == pytest.approx(1 - np.exp(-12))
    model.num_rows = 0
    first, second = log_probabilities(model, cases, [asked[:1], asked[1:]], 8)
    assert [*first, *second] == answers.log_probabilities.tolist() and model.num_rows == 2


def test_lists_of_questions_come_back_as_lists():
    cases = Cases.of_histories([[1, 2], [3]], max_length=1)
    assert all_places(cases, 0) == (0,)
    model = Additive([0.0, 1.0, 0.5, -1.0, 0.0, 0.0], item=4)
    found = log_probabilities(model, cases, [[Kept(0, (0,), 4)], [Kept(1, (), 4), Kept(1, (0,), 4)]], 8)
    assert [values.round(6).tolist() for values in found] == [[-11.5], [-12.0, -13.0]]


def test_edits_are_asked_with_their_questions():
    cases = Cases.of_histories([[1], [2]], max_length=9)
    model = Additive([0.0, 1.0, 0.5, -1.0, 0.0, 0.0], item=4)
    edits = [Edit.of(cases, 1), Edit.of(cases, 0).append(2)]
    answers = ask_edits(model, cases, edits, [4, 4, 5], [[1], [0, 2]], 1)
    assert np.allclose(answers.log_probabilities[:2], [-10.5, -11.5])


def test_scores_that_cannot_be_ranked_are_refused():
    cases = Cases.of_histories([[1]], max_length=9)
    with pytest.raises(NonFiniteScores, match="diverged"):
        ask_kept(Table(3, lambda items: [float("nan")] * 3), cases, [Kept(0, (), 1)], 4)
