import numpy as np
import pytest

from seqmine.mining.statistics.significance import OrderTest
from seqmine.mining.statistics.stability import Stability, rank_biased_overlap
from seqmine.structs import InteractionLog, PatternTable
from seqmine.structs.constraints import Constraints


def test_rank_biased_overlap_weighs_the_top():
    near = rank_biased_overlap(list("abcdefghij"), list("abcdefghji"))
    far = rank_biased_overlap(list("abcdefghij"), list("bacdefghij"))
    assert far < near < 1


@pytest.mark.parametrize(("min_count", "low", "high"), [(20, 0.95, 1.0), (40, 0.3, 0.7), (70, 0.0, 0.0)])
def test_a_sample_selects_by_support(min_count, low, high):
    """40 of 100 users have the order, and none the other one: what decides is how many of them are drawn."""
    log = InteractionLog.from_lists([[1, 2, 3 + user] for user in range(40)] + [[50 + user] for user in range(60)])
    table = PatternTable.from_lists([(1, 2)], [40], 100)
    table = (
        OrderTest()
        .test(log, table, Constraints())
        .with_columns(tested_support=table.support_count, q_value=np.zeros(1))
    )
    table, _ = Stability(num_bootstraps=60).test(log, table, Constraints(), min_count, np.ones(1), 1)
    assert low <= table.columns["stability"][0] <= high


def test_what_is_far_from_significant_is_not_looked_for():
    log = InteractionLog.from_lists([[1, 2]] * 30 + [[2, 1]] * 30)
    table = PatternTable.from_lists([(1, 2), (2, 1)], [30, 30], 60)
    table = OrderTest().test(log, table, Constraints())
    table = table.with_columns(tested_support=table.support_count, q_value=np.array([0.19, 0.2]))
    table, _ = Stability(num_bootstraps=5, max_q_value=0.05).test(log, table, Constraints(), 5, np.ones(2), 2)
    assert np.isnan(table.columns["stability"]).tolist() == [False, True]
