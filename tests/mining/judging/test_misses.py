import numpy as np

from seqmine.mining.judging.misses import find_misses
from seqmine.mining.judging.release import ReleaseRule
from seqmine.mining.judging.rivals import PartTest
from seqmine.mining.statistics.significance import OrderTest
from seqmine.structs import PatternTable

PATTERNS = [(1,), (1, 2), (2, 3), (3, 4), (4, 3), (5, 6), (6, 7)]


def marked():
    """One symbol, a released rule, one that misses its q-value, two orders of a set, one with two faults, a part."""
    table = PatternTable.from_lists(PATTERNS, [50, 50, 50, 50, 50, 5, 50], 100)
    names = ("stability", "holdout_leverage", "holdout_support", "holdout_antecedent_count")
    return table.with_columns(
        **{name: np.full(7, 20.0) for name in names},
        gain_p_value=np.zeros(7),
        q_value=np.array([0.0, 0.0, 0.06, 0.0, 0.0, 0.9, 0.0]),
        holdout_lift_lower=np.full(7, 1.5),
        direction_p_value=np.array([np.nan, 0.0, np.nan, 0.0106, 0.9, np.nan, 0.0]),
        comes_together=np.array([0, 0, 0, 1, 1, 0, 0], np.bool_),
        part_support=np.array([np.nan] * 6 + [3.0]),
        is_independent=np.array([0, 1, 0, 0, 0, 0, 0], np.bool_),
        told_of=np.full(7, np.nan),
    )


def test_each_pattern_falls_at_the_first_condition_that_it_misses():
    misses = find_misses(ReleaseRule(part_test=PartTest(order_test=OrderTest())), marked())
    told = {name: count for name, count in misses.fell_at.items() if count}
    assert told == {"significant": 2, "directed": 2, "independent": 1}
    assert list(misses.fell_at)[:3] == ["significant", "tried", "useful"]


def test_reasons_name_the_value_the_limit_and_the_setting():
    reasons = find_misses(ReleaseRule(part_test=PartTest(order_test=OrderTest())), marked()).reasons
    assert reasons[0] == "one symbol is no rule"
    assert reasons[1] == ""
    assert reasons[2] == "q-value of the order 0.06, needed below 0.05 (release.max_q_value)"
    assert reasons[3] == "direction p-value 0.0106, needed below 0.01 (release.max_direction_p_value)"
    assert reasons[6] == "no more than a part of longer released rules: 3 users beside them"


def test_a_near_miss_misses_one_condition_and_a_set_comes_once():
    misses = find_misses(ReleaseRule(part_test=PartTest(order_test=OrderTest())), marked())
    assert misses.near.tolist() == [2, 3, 4, 6], "5 misses its q-value and its number of users"
    assert misses.together.tolist() == [3]


def test_a_rule_that_would_tell_of_a_few_says_of_how_many():
    table = marked().with_columns(told_of=np.array([np.nan, 3.0] + [np.nan] * 5))
    misses = find_misses(ReleaseRule(part_test=PartTest(order_test=OrderTest())), table)
    assert misses.reasons[1] == "beside what is shown it would tell of 3 users, too few (release.min_difference)"
    assert misses.fell_at["anonymous"] == 1 and 1 in misses.near
