import numpy as np
import pytest

from seqmine.explanation.attribution.deletion import DeletionExplainer
from seqmine.explanation.question import Question
from seqmine.explanation.reason import Reason
from seqmine.probing.cases import Cases
from seqmine.structs import UserError
from tests.explanation.models import Additive

MODEL = Additive([0.0, 11.9, 0.05, -0.1, 0.0, 0.0], item=4)


def reason(history, item=4, top_k=1):
    cases = Cases.of_histories([history], max_length=9, seen="none")
    settings = {"top_k": top_k, "size": 1, "num_items": 5, "batch_size": 8}
    return Reason.of(DeletionExplainer(batch_size=8), MODEL, cases, Question(0, item), **settings)


def test_an_item_of_the_list_has_a_deletion_and_others_an_addition():
    listed = reason([2, 1, 3])
    assert (listed.rank, listed.history) == (1, (2, 1, 3))
    assert listed.deletion.places == (1,) and listed.addition is None
    assert np.allclose(listed.attribution.values, [0.05, 11.9, -0.1])
    assert listed.measures["PN-S"] == 1
    other = reason([3, 3])
    assert other.rank == 2 and other.deletion is None
    assert (other.addition.item, other.addition.num_alternatives) == (1, 1)


def test_events_that_speak_for_the_item_lead_in_order_of_time():
    found = reason([2, 1, 3])
    assert found.leading_events(3) == [(1,), (2, 1)]
    assert found.leading_events(1) == [(1,)]


def test_a_list_has_to_fit_the_catalog():
    for top_k in (0, 6):
        with pytest.raises(UserError, match=f"top_k is {top_k}, allowed are 1 to 5"):
            reason([1], top_k=top_k)
