import numpy as np

from seqmine.mining.constraints import Constraints
from seqmine.mining.release import ReleaseRule, unmeasured_later
from seqmine.mining.rivals import PartTest
from seqmine.mining.significance import OrderTest
from seqmine.structs import InteractionLog, PatternTable


def test_release_names_what_fails():
    log = InteractionLog.from_lists([[1, 2, 3]] * 50 + [[1, 3, 2]] * 40 + [[4, 5, 6]] * 20)
    table = PatternTable.from_lists([(1, 2, 3), (4, 5, 6), (4, 5, 6), (4, 5, 6), (4, 5, 6)], [50, 20, 20, 20, 19], 110)
    table = table.with_columns(
        q_value=np.array([0.01, 0.01, 0.05, 0.01, 0.01]),
        holdout_lift_lower=np.array([1.2, 1.2, 1.2, np.nan, 1.2]),
        later_lift_lower=np.array([1.2, 1.1, 1.2, 1.2, 1.2]),
        later_confidence=np.full(5, 0.5),
        stability=np.array([0.8, 0.8, 1.0, 1.0, 1.0]),
        holdout_leverage=np.ones(5),
        holdout_support=np.ones(5),
        gain_p_value=np.full(5, 0.001),
    )
    rule = ReleaseRule(part_test=PartTest(order_test=OrderTest()))
    met = rule.conditions(rule.mark(log, table, Constraints(), 10))
    assert {name: values.tolist() for name, values in met.items()} == {
        "significant": [True, True, False, True, True],
        "useful": [True, True, True, False, True],
        "lasting": [True, True, True, True, True],
        "stable": [True, True, True, True, True],
        "shared": [True, True, True, True, False],
        "productive": [True, True, True, True, True],
        "directed": [False, True, False, False, False],
        "independent": [False, True, False, False, False],
    }
    assert len(released_of(log, table)) == 1
    marked = rule.mark(log, table, Constraints(), 10)
    assert marked.columns["cover_rank"][marked.columns["released"]].tolist() == [1]
    assert np.isnan(marked.columns["cover_rank"][~marked.columns["released"]]).all()
    assert len(released_of(log, table, min_users=5)) == 2
    assert len(released_of(log, table, max_gain_p_value=0.001)) == 0
    assert len(released_of(log, table, min_later_lift=1.15)) == 0
    assert len(released_of(log, table, max_direction_p_value=1.1)) == 2


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
