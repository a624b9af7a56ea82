import numpy as np
import pytest

from seqmine.explanation.attribution.chance import ChanceExplainer
from seqmine.explanation.attribution.deletion import DeletionExplainer
from seqmine.explanation.attribution.recency import RecencyExplainer
from seqmine.explanation.faithfulness.consistency import ConsistencyTest
from seqmine.explanation.faithfulness.judgement import (
    Difference,
    FaithfulnessTest,
    questions_of_lists,
    scores_of_users,
)
from seqmine.explanation.question import Attribution, Question
from seqmine.probing.cases import Cases
from seqmine.structs import UserError
from tests.explanation.models import Table

KEY = 8


def keyed(items):
    """Items 9 to 12 are recommended after item 8 alone, wherever it stands."""
    good = 6.0 if KEY in items else 0.0
    return [1.0] * 8 + [good + 0.1 * place for place in range(4)]


@pytest.fixture(scope="module")
def cases():
    draws = np.random.default_rng(0)
    histories = [draws.integers(1, 8, 10).tolist() for _ in range(40)]
    for history in histories:
        history[draws.integers(0, 9)] = KEY  # never the last event
    return Cases.of_histories(histories, max_length=10, seen="none")


def judge(**changes):
    controls = {"random": ChanceExplainer(seed=1), "recency": RecencyExplainer()}
    again = ConsistencyTest(dropped=0.1, peers=controls, size=2, num_resamples=20, confidence=0.95, seed=0)
    settings = {"num_users": 30, "cutoffs": [1, 3], "size": 2, "controls": controls, "consistency": again}
    settings |= {"num_resamples": 200, "confidence": 0.95, "seed": 0, "batch_size": 64}
    return FaithfulnessTest(**(settings | changes))


def test_an_explainer_that_finds_the_cause_beats_the_controls(cases):
    verdict = judge().judge(DeletionExplainer(batch_size=64), Table(12, keyed), cases, 3)
    assert verdict.num_users == 30
    assert verdict.not_beaten() == {}
    assert verdict.means["explainer"]["list/PN-S@3"] == 1 > verdict.means["random"]["list/PN-S@3"]
    assert verdict.means["explainer"]["first/size@1"] == 1
    assert verdict.consistency.agreement.keys() == {"random", "recency"} and verdict.consistency.stability > 0.9
    for name, curves in verdict.curves.items():
        for measure, curve in curves.items():
            assert len(curve) == 11 and curve[0] == 1
            assert np.mean(curve[1:]) == pytest.approx(verdict.means[name][f"list/{measure}@3"])
    low, high = verdict.intervals["list/DEL@3"]
    assert low - 1e-9 <= verdict.means["explainer"]["list/DEL@3"] <= high + 1e-9


class Backwards(DeletionExplainer):
    def explain(self, model, cases, questions):
        return [Attribution(-found.values) for found in super().explain(model, cases, questions)]


@pytest.mark.parametrize("explainer", [ChanceExplainer(seed=2), RecencyExplainer(), Backwards(batch_size=64)])
def test_one_that_is_no_better_is_named_with_the_measures(cases, explainer):
    lost = judge().judge(explainer, Table(12, keyed), cases, 3).not_beaten()
    assert lost.keys() == {"random", "recency"}
    assert "DEL@3" in lost["random"] and "PN-S@3" in lost["recency"]


@pytest.mark.parametrize(
    ("measure", "low", "high", "is_better"),
    [("list/DEL@3", -0.2, -0.1, True), ("list/DEL@3", -0.2, 0.1, False), ("list/DEL@3", 0.1, 0.2, False),
     ("list/INS@3", 0.1, 0.2, True), ("list/INS@3", -0.1, 0.2, False), ("list/INS@3", -0.2, -0.1, False)],
)  # fmt: skip
def test_the_whole_interval_has_to_speak_for_an_explainer(measure, low, high, is_better):
    assert Difference("random", measure, 0.0, low, high).is_better is is_better


def test_lists_are_means_over_items_and_weighed_by_rank():
    rows = [{k: {"PN-S": value, "DEL": value / 2} for k in (1, 2)} for value in (1.0, 0.0, 0.0)]
    scores = scores_of_users(rows, np.array([0, 0, 1]), [1, 2])
    assert scores["first/PN-S@2"].tolist() == [1, 0]
    assert scores["list/PN-S@2"].tolist() == [0.5, 0]
    assert scores["list/PN-R@2"][0] == pytest.approx(1 / (1 + 1 / np.log2(3)))
    assert scores["list/DEL@1"].tolist() == [0.5, 0]  # a shorter list has the first items alone


def test_every_item_of_a_list_is_asked_about():
    cases = Cases.of_histories([[1], [3, 2]], max_length=9)
    asked = questions_of_lists(Table(3, lambda items: [3.0, 2.0, 1.0]), cases, 2, 8)
    assert asked == [Question(0, 2), Question(0, 3), Question(1, 1)]  # the second user has one candidate left


def test_users_with_one_event_have_nothing_to_choose_from():
    cases = Cases.of_histories([[1, 2, 3], [1], [2]], max_length=9)
    with pytest.raises(UserError, match="1 validation users of the run have 2 events or more"):
        judge().judge(RecencyExplainer(), Table(12, keyed), cases, 3)


def test_settings_are_checked(cases):
    with pytest.raises(UserError, match="top_k is 2, allowed are"):
        judge().judge(RecencyExplainer(), Table(12, keyed), cases, 2)
    for wrong in ({"num_users": 1}, {"cutoffs": []}, {"cutoffs": [0]}, {"size": 0}):
        with pytest.raises(UserError, match="change faithfulness"):
            judge(**wrong)
