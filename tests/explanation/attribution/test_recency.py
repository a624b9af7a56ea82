from seqmine.explanation.attribution.recency import RecencyExplainer
from seqmine.explanation.question import Question
from seqmine.probing.cases import Cases


def test_the_last_event_is_the_most_important():
    [found] = RecencyExplainer().explain(None, Cases.of_histories([[4, 5, 6, 7]], max_length=3), [Question(0, 1)])
    assert found.order.tolist() == [2, 1, 0]
    assert RecencyExplainer.caution
