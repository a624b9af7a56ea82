from dataclasses import replace

import numpy as np
import pytest

from seqmine.mining.judging.release import ReleaseRule, unmeasured_later
from seqmine.mining.judging.rivals import PartTest
from seqmine.mining.statistics.significance import OrderTest
from seqmine.structs import InteractionLog, PatternTable
from seqmine.structs.constraints import Constraints


def test_what_later_days_tell_nothing_of_is_no_failure():
    table = PatternTable.from_lists([(1, 2)] * 6, [20] * 6, 100).with_columns(
        **{name: np.ones(6) for name in ("stability", "gain_p_value")},
        q_value=np.zeros(6),
        holdout_lift_lower=np.full(6, 1.2),
        later_lift_lower=np.array([1.2, 0.9, np.nan, np.nan, np.nan, 0.0]),
        later_confidence=np.array([0.5, 0.5, np.nan, 0.0, 0.0, 0.0]),
        later_followed_count=np.array([9, 9, 9, 9, 0, 9]),
    )
    assert unmeasured_later(table).tolist() == [False, False, True, False, True, False]
    rule = ReleaseRule(part_test=PartTest(order_test=OrderTest()))
    assert rule.conditions(table)["lasting"].tolist() == [True, False, True, False, True, False]
    columns = {name: column for name, column in table.columns.items() if not name.startswith("later_")}
    timeless = PatternTable(table.symbols, table.offsets, table.support_count, 100, columns)
    assert rule.conditions(timeless)["lasting"].all()
    assert unmeasured_later(timeless).all()


def test_direction_and_parts_are_judged_without_the_order_of_a_file():
    """2 and 3 come alone at one moment, as 8 and 9 always do: their order is that of the file."""
    rows = [[1, 2, 3]] * 60 + [[2, 3]] * 30 + [[8, 9]] * 40
    times = [0, 1, 2] * 60 + [5, 5] * 70
    log = replace(InteractionLog.from_lists(rows), timestamps=np.array(times))
    table = PatternTable.from_lists([(1, 2, 3), (2, 3), (8, 9)], [60, 90, 40], 130).with_columns(
        **{name: np.ones(3) for name in ("stability", "holdout_leverage", "holdout_support")},
        **{name: np.zeros(3) for name in ("q_value", "gain_p_value")},
        holdout_lift_lower=np.full(3, 1.2),
    )
    columns = ReleaseRule(part_test=PartTest(order_test=OrderTest())).mark(log, table, Constraints(), 20).columns
    assert columns["released"].tolist() == [True, False, False]
    assert columns["part_support"][1] == 0
    assert columns["direction_p_value"][2] == 1


@pytest.mark.parametrize(("antecedents", "released"), [(53, False), (50, True), (70, True)])
def test_a_rule_whose_numbers_tell_of_a_few_people_is_not_released(antecedents, released):
    log = InteractionLog.from_lists([[1, 2]] * 50 + [[3]] * 50)
    table = PatternTable.from_lists([(1, 2)], [50], 100).with_columns(
        **{name: np.ones(1) for name in ("stability", "holdout_leverage", "holdout_support")},
        **{name: np.zeros(1) for name in ("q_value", "gain_p_value")},
        holdout_lift_lower=np.full(1, 1.2),
        antecedent_count=np.array([antecedents]),
    )
    columns = ReleaseRule(part_test=PartTest(order_test=OrderTest())).mark(log, table, Constraints(), 20).columns
    assert columns["released"].tolist() == [released]
    assert np.isnan(columns["told_of"][0]) == released and columns["is_independent"][0]
    all_pass = ReleaseRule(part_test=PartTest(order_test=OrderTest()), min_difference=1)
    assert all_pass.mark(log, table, Constraints(), 20).columns["released"].all()


@pytest.mark.parametrize(
    ("condition", "column", "missed"),
    [
        ("significant", "q_value", 0.05),
        ("useful", "holdout_lift_lower", 1.0),
        ("useful", "holdout_lift_lower", np.nan),
        ("lasting", "later_lift_lower", 1.0),
        ("stable", "stability", 0.79),
        ("stable", "stability", np.nan),
        ("productive", "gain_p_value", 0.01),
        ("directed", "direction_p_value", 0.01),
    ],
)
def test_what_misses_a_limit_meets_its_condition_no_more(condition, column, missed):
    met = {"q_value": 0.01, "holdout_lift_lower": 1.1, "later_lift_lower": 1.1, "later_confidence": 0.5,
           "stability": 0.8, "gain_p_value": 0.001, "direction_p_value": 0.001}  # fmt: skip
    columns = {name: np.array([value, missed if name == column else value]) for name, value in met.items()}
    table = PatternTable.from_lists([(1, 2, 3)] * 2, [20] * 2, 100).with_columns(
        **columns, is_independent=np.ones(2, np.bool_), told_of=np.full(2, np.nan)
    )
    conditions = ReleaseRule(part_test=PartTest(order_test=OrderTest())).conditions(table)
    assert conditions.pop(condition).tolist() == [True, False]
    assert all(others.all() for others in conditions.values())


def test_a_pattern_of_fewer_users_than_asked_is_not_shared():
    columns = dict.fromkeys(("q_value", "holdout_lift_lower", "stability", "gain_p_value"), np.zeros(2))
    table = PatternTable.from_lists([(1, 2), (2, 3)], [20, 19], 100).with_columns(**columns)
    rule = ReleaseRule(part_test=PartTest(order_test=OrderTest()), min_users=20)
    assert rule.conditions(table)["shared"].tolist() == [True, False]


def test_a_lift_on_few_held_out_users_is_not_tried_enough():
    columns = dict.fromkeys(("q_value", "holdout_lift_lower", "stability", "gain_p_value"), np.zeros(2))
    table = PatternTable.from_lists([(1, 2), (2, 3)], [20, 20], 100).with_columns(
        **columns, holdout_antecedent_count=np.array([10, 9])
    )
    rule = ReleaseRule(part_test=PartTest(order_test=OrderTest()), min_holdout_users=10)
    assert rule.conditions(table)["tried"].tolist() == [True, False]


def test_what_beats_no_other_order_comes_together():
    """Under a gap both orders of 1 and 2 come beyond chance; 3, then 4 has a direction."""
    rows = [[1, 2, 9, 8, 7]] * 40 + [[2, 1, 9, 8, 7]] * 40 + [[3, 4, 9, 8, 7]] * 40
    table = PatternTable.from_lists([(1, 2), (3, 4)], [40, 40], 120).with_columns(
        **{name: np.ones(2) for name in ("stability", "holdout_leverage", "holdout_support")},
        **{name: np.zeros(2) for name in ("q_value", "gain_p_value")},
        holdout_lift_lower=np.full(2, 1.2),
    )
    rule = ReleaseRule(part_test=PartTest(order_test=OrderTest()))
    marked = rule.mark(InteractionLog.from_lists(rows), table, Constraints(max_gap=1), 20)
    assert marked.columns["comes_together"].tolist() == [True, False]
