import numpy as np

from seqmine.mining.judging.release import ReleaseRule, unmeasured_later
from seqmine.mining.judging.rivals import PartTest
from seqmine.mining.statistics.significance import OrderTest
from seqmine.structs import PatternTable


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
