from dataclasses import replace

import numpy as np
import pytest

from seqmine.mining.judging.occurrences import next_match, with_lags
from seqmine.structs import InteractionLog, PatternTable
from seqmine.structs.constraints import Constraints


@pytest.mark.parametrize(
    ("limits", "expected"),
    [(Constraints(), [0, 1, 4]), (Constraints(max_gap=2), [2, 3, 4]), (Constraints(max_gap=3), [0, 1, 4]),
     (Constraints(max_span=3), [2, 3, 4]), (Constraints(max_duration=15), None),
     (Constraints(min_gap=2), None), (Constraints(min_gap_time=10), [0, 1, 4]), (Constraints(max_gap_time=10), [2, 3, 4])],
    ids=str,
)  # fmt: skip
def test_the_leftmost_match_within_the_limits_is_found(limits, expected):
    items, times, places = np.array([1, 2, 1, 2, 3], np.int32), np.arange(0, 50, 10), np.zeros(3, np.int64)
    pattern = np.array([1, 2, 3], np.int32)
    arguments = (limits.limits, limits.strict_time, limits.is_greedy, places)
    assert next_match(items, times, 0, 5, pattern, *arguments) is (expected is not None)
    if expected is not None:
        assert places.tolist() == expected


def test_lags_are_seconds_where_there_is_time_and_events_where_there_is_none():
    log = InteractionLog.from_lists([[1, 2], [1, 3, 2], [1, 3, 3, 2], [2, 1]])
    table = PatternTable.from_lists([(1, 2), (3,)], [3, 2], 4)
    columns = with_lags(log, table, Constraints()).columns
    assert [columns[f"lag_{name}"][0] for name in ("lower", "median", "upper")] == [1.5, 2.0, 2.5]
    assert np.isnan(columns["lag_median"][1])
    timed = replace(log, timestamps=np.array([0, 60, 0, 1, 90, 0, 1, 2, 600, 0, 1]))
    assert with_lags(timed, table, Constraints()).columns["lag_median"][0] == 90


@pytest.mark.parametrize("strict_time", [False, True])
def test_lags_without_limits_are_those_under_limits_that_nobody_meets(strict_time):
    random = np.random.default_rng(0)
    log = InteractionLog.from_lists([random.integers(1, 5, length).tolist() for length in random.integers(0, 12, 50)])
    log = replace(log, timestamps=np.cumsum(random.integers(0, 3, log.num_events)))
    patterns = [(1, 2), (1, 2, 3), (2, 1, 2), (3, 3, 3), (4,), (1, 2, 4), (9, 1)]
    table = PatternTable.from_lists(patterns, [0] * len(patterns), 50)
    free = with_lags(log, table, Constraints(strict_time=strict_time)).columns
    within = with_lags(log, table, Constraints(strict_time=strict_time, max_gap=99)).columns
    assert np.isfinite(free["lag_median"]).sum() >= 4
    for name, column in free.items():
        np.testing.assert_array_equal(column, within[name])
