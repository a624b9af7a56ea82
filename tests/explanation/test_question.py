import numpy as np
import pytest

from seqmine.explanation.question import Attribution, check_at_least, draws_of
from seqmine.structs import UserError


def test_of_equal_shares_the_older_event_comes_first():
    assert Attribution(np.array([1.0, 3.0, 3.0, 1.0])).order.tolist() == [1, 2, 0, 3]


def test_draws_depend_on_the_question_alone():
    first = draws_of(1, 9).random(3)
    assert (draws_of(1, 9).random(3) == first).all()
    for other in (draws_of(2, 9), draws_of(1, 8)):
        assert (other.random(3) != first).all()


def test_settings_below_the_lowest_are_refused():
    assert check_at_least("num_orders", 1, 1) == 1
    with pytest.raises(
        UserError, match="num_orders is 0, allowed are whole numbers from 1; change explainer.num_orders"
    ):
        check_at_least("num_orders", 0, 1)
