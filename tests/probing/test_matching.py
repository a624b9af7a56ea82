import numpy as np
import pytest

from seqmine.probing.matching import count_supports, find_supporters, lexicographic_order, weighted_supports
from seqmine.structs import InteractionLog, PatternTable, UserError
from seqmine.structs.constraints import Constraints
from tests.mining.references import brute_force, timed_log


@pytest.fixture
def problem():
    rng = np.random.default_rng(5)
    rows = [rng.integers(1, 4, rng.integers(0, 8)).tolist() for _ in range(30)]
    return rows, [np.sort(rng.integers(0, 9, len(row))).tolist() for row in rows]


PATTERNS = [(1,), (2, 1), (1, 2), (1, 1), (1, 2, 3), (1, 2, 1), (3, 3, 3), (2, 2, 1), (9,), (1, 9)]


@pytest.mark.parametrize(
    "constraints",
    [
        Constraints(),
        Constraints(max_gap=1),
        Constraints(max_gap=2, max_span=4),
        Constraints(max_span=3),
        Constraints(max_duration=2),
        Constraints(min_gap=2, max_gap_time=3),
        Constraints(min_gap_time=1, max_span=4),
        Constraints(strict_time=True, max_gap=3),
    ],
    ids=str,
)
def test_supports_are_those_of_trying_all_places(problem, constraints):
    rows, times = problem
    expected = brute_force(rows, times, constraints, 1)
    table = PatternTable.from_lists(PATTERNS, [0] * len(PATTERNS), len(rows))
    log = timed_log(rows, times)
    assert count_supports(log, table, constraints).tolist() == [expected.get(pattern, 0) for pattern in PATTERNS]
    users = find_supporters(log, table, constraints)
    assert [len(members) for members in users] == [expected.get(pattern, 0) for pattern in PATTERNS]
    assert all((np.diff(members) > 0).all() for members in users)


def test_users_weigh_what_they_are_given():
    log = InteractionLog.from_lists([[1, 2], [2, 1], [1, 2, 1]])
    table = PatternTable.from_lists([(1, 2), (2, 1)], [0, 0], 3)
    weights = np.array([[1, 5], [0, 7], [2, 100]])
    assert weighted_supports(log, table, Constraints(), weights).tolist() == [[3, 105], [2, 107]]
    with pytest.raises(UserError, match="weights have 2 rows for 3 users"):
        weighted_supports(log, table, Constraints(), weights[:2])


def test_a_pattern_stands_before_its_extensions():
    table = PatternTable.from_lists([(2,), (1, 3), (1,), (1, 2, 9)], [0] * 4, 1)
    assert [table.pattern(row) for row in lexicographic_order(table).tolist()] == [(1,), (1, 2, 9), (1, 3), (2,)]


def test_no_pattern_has_no_support():
    log, table = InteractionLog.from_lists([[1]]), PatternTable.from_lists([], [], 1)
    assert count_supports(log, table, Constraints()).tolist() == []
    assert find_supporters(log, table, Constraints()) == []


def test_limits_on_time_need_times():
    table = PatternTable.from_lists([(1, 2)], [0], 1)
    for question in (count_supports, find_supporters):
        with pytest.raises(UserError, match="strict_time is True, which needs timestamps"):
            question(InteractionLog.from_lists([[1, 2]]), table, Constraints(strict_time=True))
