import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from seqmine.mining.judging.rivals import PartTest, direction_p_values, without_matches
from seqmine.mining.statistics.significance import OrderTest
from seqmine.probing.matching import count_supports
from seqmine.structs import InteractionLog, PatternTable
from seqmine.structs.constraints import Constraints


def test_direction_is_mcnemars_test_against_the_best_other_order():
    log = InteractionLog.from_lists([[1, 2, 3]] * 12 + [[1, 3, 2]] * 5 + [[2, 1, 3]] * 3 + [[1, 2, 3, 2]] * 4)
    table = PatternTable.from_lists([(1, 2, 3), (4, 4)], [16, 0], log.num_users)
    expected = binomtest(12, 12 + 5, 0.5, alternative="greater").pvalue  # four users have both orders
    assert direction_p_values(log, table, Constraints()) == pytest.approx([expected, 0.0])


def test_what_only_comes_close_together_has_no_direction():
    rng = np.random.default_rng(0)
    rows = [[*rng.permutation([1, 2]).tolist(), *rng.integers(9, 99, 8).tolist()] for _ in range(400)]
    log = InteractionLog.from_lists(rows)
    table, near = PatternTable.from_lists([(1, 2)], [0], 400), Constraints(max_gap=1)
    counted = PatternTable.from_lists([(1, 2)], count_supports(log, table, near).tolist(), 400)
    assert OrderTest().test(log, counted, near).columns["p_value"][0] < 1e-9
    assert direction_p_values(log, counted, near)[0] > 0.01


@given(
    st.lists(st.lists(st.integers(1, 3), max_size=8), min_size=1, max_size=4),
    st.lists(st.integers(1, 3), min_size=1, max_size=3),
    st.none() | st.integers(1, 3),
    st.none() | st.integers(1, 5),
)
@settings(max_examples=60, deadline=None)
def test_no_match_is_left_and_nothing_else_is_touched(histories, pattern, max_gap, max_span):
    log, limits = InteractionLog.from_lists(histories), Constraints(max_gap=max_gap, max_span=max_span)
    rest = without_matches(log, [tuple(pattern)], limits)
    table = PatternTable.from_lists([pattern], [0], log.num_users)
    assert count_supports(rest, table, limits)[0] == 0
    gone = rest.items != log.items
    assert (rest.items[gone] == 0).all()
    assert gone.sum() % len(pattern) == 0
    assert set(log.items[gone].tolist()) <= set(pattern)


def test_a_part_is_judged_by_those_who_have_it_alone():
    whole, noise = [[1, 2, 3, 8, 9]] * 60, [[5, 6, 7, 8, 9]] * 40
    columns = part_columns(whole + noise)
    assert columns["part_support"][1] == 0
    assert columns["is_independent"].tolist() == [True, False, True]
    alone = [[2, 3, 8, 9, 5]] * 30 + [[8, 9, 5, 6, 7]] * 10
    columns = part_columns(whole + alone)
    assert columns["part_support"][1] == 30
    assert columns["part_p_value"][1] == pytest.approx(0.5**30)
    assert columns["is_independent"].tolist() == [True, True, True]
    assert np.isnan(columns["part_support"][[0, 2]]).all()


def part_columns(rows):
    log = InteractionLog.from_lists(rows)
    table = PatternTable.from_lists([(1, 2, 3), (2, 3), (8, 9)], [60, 60, 60], log.num_users)
    test = PartTest(order_test=OrderTest())
    return test.test(log, table, Constraints(), 20, np.ones(3, np.bool_)).columns


def test_a_part_that_was_no_candidate_explains_nothing():
    log = InteractionLog.from_lists([[1, 2, 3]] * 60)
    table = PatternTable.from_lists([(1, 2, 3), (2, 3)], [60, 60], 60)
    columns = PartTest(order_test=OrderTest()).test(log, table, Constraints(), 20, np.array([False, True])).columns
    assert columns["is_independent"].tolist() == [False, True]


@pytest.mark.parametrize(("max_p_value", "is_independent"), [(0.01, False), (0.5, True)])
def test_the_level_of_the_part_test_matters(max_p_value, is_independent):
    log = InteractionLog.from_lists([[1, 2, 3]] * 60 + [[2, 3]] * 26 + [[3, 2]] * 24)
    table = PatternTable.from_lists([(1, 2, 3), (2, 3)], [60, 86], log.num_users)
    test = PartTest(max_p_value=max_p_value, order_test=OrderTest())
    assert test.test(log, table, Constraints(), 20, np.ones(2, np.bool_)).columns["is_independent"][1] == is_independent


def test_a_close_repeat_stays_one_beside_a_longer_pattern():
    rng = np.random.default_rng(0)
    rows = [[1, 1, *rng.integers(5, 90, 12).tolist()] for _ in range(300)]
    rows += [[*rng.integers(5, 90, 9).tolist(), 1, 1, 2] for _ in range(100)]
    log = InteractionLog.from_lists(rows)
    table = PatternTable.from_lists([(1, 1), (1, 1, 2)], [400, 100], 400).with_columns(
        close_gap=np.array([1.0, np.nan])
    )
    columns = PartTest(order_test=OrderTest()).test(log, table, Constraints(), 20, np.ones(2, np.bool_)).columns
    assert columns["part_support"][0] == 300
    assert columns["part_p_value"][0] < 1e-9
    assert columns["is_independent"].all()


@pytest.mark.parametrize(("min_count", "is_independent"), [(30, True), (31, False)])
def test_a_part_needs_enough_users_who_have_it_alone(min_count, is_independent):
    log = InteractionLog.from_lists([[1, 2, 3]] * 60 + [[2, 3, 9]] * 30)
    table = PatternTable.from_lists([(1, 2, 3), (2, 3)], [60, 90], log.num_users)
    test = PartTest(order_test=OrderTest())
    columns = test.test(log, table, Constraints(), min_count, np.ones(2, np.bool_)).columns
    assert columns["part_support"][1] == 30
    assert columns["part_p_value"][1] < 1e-6
    assert columns["is_independent"][1] == is_independent
