import numpy as np

from seqmine.explanation.attribution.deletion import DeletionExplainer
from seqmine.explanation.question import Question
from seqmine.probing.cases import Cases
from tests.explanation.models import Additive

WEIGHTS = [0.0, 1.0, -0.5, 0.25, 0.0, 0.0]


def test_the_share_of_an_event_is_what_its_deletion_costs():
    cases = Cases.of_histories([[1, 2, 3, 3], [2]], max_length=3)
    model = Additive(WEIGHTS, item=4)
    first, second = DeletionExplainer(batch_size=3).explain(model, cases, [Question(0, 4), Question(1, 4)])
    assert np.allclose(first.values, [-0.5, 0.25, 0.25])  # event 1 lies before the input and never moves in
    assert np.allclose(second.values, [-0.5])
    assert np.isnan(first.gap)
    assert [3, 3] in model.asked and [1, 3, 3] not in model.asked


def test_no_questions_have_no_answers():
    assert DeletionExplainer(batch_size=3).explain(Additive(WEIGHTS, item=4), Cases.of_histories([[1]], 3), []) == []
