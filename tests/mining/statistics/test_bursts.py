import numpy as np

from seqmine.mining.statistics.bursts import BurstTest
from seqmine.mining.statistics.permutation import shuffle_within_users
from seqmine.mining.statistics.significance import OrderTest
from seqmine.structs import InteractionLog, PatternTable
from seqmine.structs.constraints import Constraints


def test_runs_are_judged_by_how_close_they_come():
    rng = np.random.default_rng(3)
    close = InteractionLog.from_lists([[1, 1, *rng.integers(2, 50, 10).tolist()] for _ in range(40)])
    table = PatternTable.from_lists([(1, 1), (2, 3)], [40, 0], 40)
    columns = BurstTest().test(close, table, Constraints(), OrderTest()).columns
    assert columns["burst_support"].tolist() == [40, 0]
    assert columns["burst_p_value"][0] < 1e-20
    assert np.isnan(columns["burst_p_value"][1])
    spread = shuffle_within_users(close, 0, keep_ties=False)
    assert BurstTest().test(spread, table, Constraints(), OrderTest()).columns["burst_p_value"][0] > 0.01
