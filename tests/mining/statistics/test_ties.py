import numpy as np

from seqmine.mining.statistics.ties import for_order, tie_note
from seqmine.structs import InteractionLog
from seqmine.structs.constraints import Constraints


def timed(rows, times):
    log = InteractionLog.from_lists(rows)
    return InteractionLog(log.items, log.offsets, timestamps=np.array(times, np.int64))


def test_order_is_judged_across_timestamps_where_there_are_ties():
    limits = Constraints(max_gap=2)
    assert for_order(limits, timed([[1, 2]], [7, 7])) == Constraints(max_gap=2, strict_time=True)
    for log in (timed([[1, 2]], [7, 8]), InteractionLog.from_lists([[1, 2]])):
        assert for_order(limits, log) == limits


def test_ties_are_told_where_they_are_more_than_a_few_and_count():
    assert "12% of neighboring events" in tie_note(0.12, Constraints())
    assert "set miner.strict_time=true" in tie_note(0.12, Constraints())
    for share, limits in ((None, Constraints()), (0.01, Constraints()), (0.12, Constraints(strict_time=True))):
        assert tie_note(share, limits) is None
