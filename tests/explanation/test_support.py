import pytest

from seqmine.explanation.support import Precedent, count_precedents, supporting_patterns
from seqmine.structs import InteractionLog, UserError
from seqmine.structs.constraints import Constraints


def test_people_who_had_the_same_events_in_this_order_are_counted_without_the_one_who_asks():
    log = InteractionLog.from_lists([[1, 2, 9]] * 5 + [[2, 1, 9]] * 4 + [[1, 2]] * 3)
    found = count_precedents(log, [(1,), (1, 2)], 9, user=0, min_users=3)
    assert found == [Precedent((1,), 11, 8), Precedent((1, 2), 7, 4)]
    assert count_precedents(log, [(1, 2)], 9, user=None, min_users=3) == [Precedent((1, 2), 8, 5)]


def test_fewer_people_than_allowed_are_never_told():
    log = InteractionLog.from_lists([[1, 9]] * 4 + [[1, 2]] * 4)
    assert count_precedents(log, [(1,)], 9, user=None, min_users=4) == [Precedent((1,), 8, 4)]
    assert count_precedents(log, [(1,)], 9, user=None, min_users=5) == [Precedent((1,), 8, None)]
    assert count_precedents(log, [(1,)], 9, user=None, min_users=9) == [Precedent((1,), None, None)]


def test_nor_what_a_difference_would_tell():
    log = InteractionLog.from_lists([[1, 9]] * 6 + [[1, 2]])
    assert count_precedents(log, [(1,)], 9, user=None, min_users=2) == [Precedent((1,), 7, None)]
    log = InteractionLog.from_lists([[1, 2]] * 6 + [[1, 3]])
    assert count_precedents(log, [(1,), (1, 2)], 9, user=None, min_users=2)[1] == Precedent((1, 2), None, None)
    # that all of them had the same is a number of many
    log = InteractionLog.from_lists([[1, 2, 9]] * 6)
    assert count_precedents(log, [(1,), (1, 2)], 9, user=None, min_users=2)[1] == Precedent((1, 2), 6, 6)


def test_a_count_of_nobody_is_refused():
    with pytest.raises(UserError, match=r"min_users is 0, .* change release.min_users"):
        count_precedents(InteractionLog.from_lists([[1]]), [(1,)], 2, user=None, min_users=0)


@pytest.mark.parametrize(
    ("limits", "found"),
    [
        ({}, [0, 1, 2]),
        ({"max_gap": 2}, [1, 2]),
        ({"max_gap": 1}, [2]),
        ({"max_span": 3}, [1, 2]),
        ({"max_span": 2}, [2]),
    ],
)
def test_supporting_patterns_keep_to_the_limits_up_to_the_next_event(limits, found):
    # two events lie between 1 and the next event, one between 2 and it; an earlier 9 is not the next event
    history, patterns = [1, 9, 2, 3], [(1, 9), (2, 9), (3, 9), (3, 2, 9), (3, 8), (0, 9)]
    assert supporting_patterns(patterns, history, 9, Constraints(**limits)) == found
    assert supporting_patterns(patterns, [], 9) == []
