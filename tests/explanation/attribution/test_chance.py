import numpy as np

from seqmine.explanation.attribution.chance import ChanceExplainer
from seqmine.explanation.question import Question
from seqmine.probing.cases import Cases


def test_shares_are_random_and_the_same_again():
    cases = Cases.of_histories([[1, 2, 3, 4]] * 300, max_length=9)
    questions = [Question(case, 1) for case in range(300)]
    found = np.array([one.values for one in ChanceExplainer(seed=1).explain(None, cases, questions)])
    assert abs(found.mean(axis=0) - 0.5).max() < 0.1  # no place is preferred
    assert ChanceExplainer(seed=1).explain(None, cases, questions[:1])[0].values.tolist() == found[0].tolist()
    assert ChanceExplainer(seed=2).explain(None, cases, questions[:1])[0].values.tolist() != found[0].tolist()
