import numpy as np

from seqmine.explanation.faithfulness.traces import trace
from seqmine.explanation.question import Attribution, Question
from seqmine.probing.cases import Cases
from tests.explanation.models import Additive


def test_events_go_and_come_in_the_order_of_their_importance():
    cases = Cases.of_histories([[1, 2, 3], [2]], max_length=9)
    weights = np.array([0.0, 1.0, -0.5, 0.25, 0.0, 0.0])
    model = Additive(weights, item=4)
    attributions = [Attribution(np.array([1.0, -0.5, 0.25])), Attribution(np.array([-0.5]))]
    first, second = trace(model, cases, [Question(0, 4), Question(1, 4)], attributions, 4)
    logs = np.log(first.probabilities)
    assert np.allclose(logs + 12, [0.75, -0.25, -0.5, 0.0])  # event 1 goes, then 3, then 2
    assert np.allclose(np.log(first.probabilities_kept) + 12, [0.0, 1.0, 1.25, 0.75])
    assert first.ranks.shape == first.ranks_without_least.shape == (4,)
    assert np.allclose(np.log(second.probabilities) + 12, [-0.5, 0.0])


def test_the_least_important_events_go_first_in_the_negative_curve():
    cases = Cases.of_histories([[1, 2, 3]], max_length=9, seen="none")
    # without event 1 the item is last; what else is there does not matter
    model = Additive(np.array([0.0, 11.9, 0.0, 0.0, 0.0, 0.0]), item=4)
    [found] = trace(model, cases, [Question(0, 4)], [Attribution(np.array([3.0, 2.0, 1.0]))], 4)
    assert np.isclose(np.log(found.probabilities), [-0.1, -12, -12, -12]).all()
    assert found.ranks_without_least.tolist() == [1, 1, 1, 2]
    assert found.ranks.tolist() == [1, 2, 2, 2]
