import numpy as np
import pytest

from seqmine.probing.matching import count_supports, find_supporters
from seqmine.structs import PatternTable
from seqmine.structs.constraints import Constraints
from tests.mining.references import brute_force, timed_log


@pytest.mark.parametrize("strict_time", [False, True])
def test_leftmost_matches_find_the_users_of_trying_all_places(strict_time):
    rng = np.random.default_rng(7)
    rows = [rng.integers(1, 4, rng.integers(0, 9)).tolist() for _ in range(60)]
    times = [np.sort(rng.integers(0, 5, len(row))).tolist() for row in rows]
    constraints = Constraints(max_length=4, strict_time=strict_time)
    expected = brute_force(rows, times, constraints, 1)
    log, table = timed_log(rows, times), PatternTable.from_lists(list(expected), [0] * len(expected), len(rows))
    assert len(table) > 100
    assert count_supports(log, table, constraints).tolist() == list(expected.values())


def test_limits_wider_than_any_history_change_nothing():
    rng = np.random.default_rng(8)
    rows = [rng.integers(1, 4, 7).tolist() for _ in range(40)]
    log = timed_log(rows, [list(range(7))] * 40)
    table = PatternTable.from_lists([(1, 2), (2, 2, 1), (3, 1, 3)], [0] * 3, 40)
    wide = Constraints(max_gap=7, max_span=7, max_duration=7)
    for one, other in zip(find_supporters(log, table, Constraints()), find_supporters(log, table, wide), strict=True):
        assert one.tolist() == other.tolist()
