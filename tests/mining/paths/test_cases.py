import numpy as np
import pytest

from seqmine.mining.paths.cases import histories_by_item, whole_histories
from seqmine.structs import InteractionLog, UserError


def test_a_case_has_the_steps_of_one_item_of_one_user_in_their_order():
    log = InteractionLog.from_lists([[1, 1, 2, 3], [], [2, 1]])
    cases = histories_by_item(log, np.array([8, 7, 8, 7, 8, 8], np.int32), ["view", "cart", "buy"])
    assert [cases.log.history(case).tolist() for case in range(cases.log.num_users)] == [[1, 3], [1, 2], [2, 1]]
    assert cases.person.tolist() == [0, 0, 2]
    assert cases.num_people == 3


def test_steps_have_to_be_in_the_log():
    cases = whole_histories(InteractionLog.from_lists([[1]]), ["view", "cart"])
    assert cases.numbers(["cart", "view"]).tolist() == [2, 1]
    with pytest.raises(UserError, match="steps has 'pay', and the log has view, cart"):
        cases.numbers(["pay"])
