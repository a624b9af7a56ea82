import numpy as np
import pytest

from seqmine.mining.engine.ranking import emit, fixed_ranking, floor_of, note_support, rising_ranking


def test_a_fixed_floor_never_moves():
    ranking = fixed_ranking(3)
    for support in (9, 8, 7):
        note_support(ranking, 1, support)
    assert floor_of(ranking) == 3


def test_a_rising_floor_is_the_support_of_the_kth_best():
    ranking = rising_ranking(np.array([1]), 2, 1, 20)
    for support, floor in ((5, 1), (9, 5), (7, 7), (7, 7), (9, 9)):
        note_support(ranking, 1, support)
        assert floor_of(ranking) == floor, "ties at the k-th support stay above the floor"


def test_short_patterns_do_not_raise_the_floor():
    ranking = rising_ranking(np.array([1]), 1, 2, 20)
    note_support(ranking, 1, 9)
    assert floor_of(ranking) == 1
    note_support(ranking, 2, 9)
    assert floor_of(ranking) == 9


def test_threads_share_the_highest_floor():
    shared = np.array([1])
    one, two = (rising_ranking(shared, 1, 1, 20) for _ in range(2))
    note_support(one, 1, 6)
    assert floor_of(two) == 6


def test_rows_are_length_symbol_and_support_and_too_many_are_refused():
    out, num_out = emit(np.empty((1, 3), np.int32), 0, fixed_ranking(1, 2), 1, 4, 9)
    out, num_out = emit(out, num_out, fixed_ranking(1, 2), 2, 5, 8)
    assert out[:num_out].tolist() == [[1, 4, 9], [2, 5, 8]]
    with pytest.raises(OverflowError):
        emit(out, num_out, fixed_ranking(1, 2), 3, 6, 7)
