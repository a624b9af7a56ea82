import numpy as np
import pytest

from seqmine.mining.judging.periods import split_periods
from seqmine.structs import InteractionLog, UserError


def moment(text):
    return int(np.datetime64(text, "s").astype(np.int64))


def test_weeks_begin_on_monday_and_months_on_their_first():
    days = ["2026-02-01T23:59:59", "2026-02-02T00:00:00", "2026-03-01T00:00:00", "2026-02-08T12:00:00"]
    log = InteractionLog(np.array([1, 2, 3, 4], np.int32), np.array([0, 3, 4]), np.array([*map(moment, days)]))
    cut, number, names = split_periods(log, "week")
    assert names == ["2026-01-26", "2026-02-02", "2026-02-23"]
    assert number.tolist() == [0, 1, 2, 1]
    assert [cut.history(row).tolist() for row in range(4)] == [[1], [2], [3], [4]]
    cut, number, names = split_periods(log, "month")
    assert (names, number.tolist()) == (["2026-02", "2026-03"], [0, 1, 0])
    assert cut.history(0).tolist() == [1, 2]


def test_other_periods_and_logs_without_time_are_refused():
    log = InteractionLog.from_lists([[1]])
    with pytest.raises(UserError, match="period is 'day', allowed are month or week"):
        split_periods(log, "day")
    with pytest.raises(UserError, match="period is month, which needs timestamps"):
        split_periods(log, "month")
