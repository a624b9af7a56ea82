from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from seqmine.data.collate import HistoryCollate
from seqmine.data.targets import Targets, between
from seqmine.mining.against_model.held_out import held_out_cases, open_cases
from seqmine.structs import InteractionLog
from seqmine.structs.constraints import Constraints


def latest_match(history, times, pattern, constraints, max_length):
    """Try all places; ``times`` has that of the next event at its end."""
    found = []
    for places in combinations(range(len(history)), len(pattern) - 1):
        whole = (*places, len(history))
        fits = tuple(history[place] for place in places) == pattern[:-1]
        fits &= len(history) - places[0] <= max_length
        if constraints.max_gap is not None:
            fits &= all(after - before <= constraints.max_gap for before, after in zip(whole, whole[1:]))  # noqa: B905, RUF007
        waits = [times[after] - times[before] for before, after in zip(whole, whole[1:])]  # noqa: B905, RUF007
        fits &= all((constraints.min_gap_time or 0) <= wait <= (constraints.max_gap_time or 99) for wait in waits)
        fits &= all(after - before >= (constraints.min_gap or 1) for before, after in zip(whole, whole[1:]))  # noqa: B905, RUF007
        if constraints.max_span is not None:
            fits &= whole[-1] - whole[0] + 1 <= constraints.max_span
        if constraints.max_duration is not None:
            fits &= times[whole[-1]] - times[whole[0]] <= constraints.max_duration
        if constraints.strict_time:
            fits &= all(times[before] < times[after] for before, after in zip(whole, whole[1:]))  # noqa: B905, RUF007
        if fits:
            found.append(places)
    return max(found, key=lambda places: places[::-1], default=None)


@pytest.mark.parametrize(
    "constraints",
    [
        Constraints(),
        Constraints(max_gap=2),
        Constraints(max_span=4),
        Constraints(max_duration=5),
        Constraints(strict_time=True),
        Constraints(min_gap=2, max_gap_time=4),
        Constraints(min_gap_time=2, max_gap=3),
        Constraints(max_gap=3, max_span=5, max_duration=6, strict_time=True),
    ],
    ids=str,
)
def test_a_rule_is_open_where_the_slow_search_finds_its_antecedent_and_no_consequent_since(constraints):
    rng = np.random.default_rng(0)
    rows = [rng.integers(1, 4, rng.integers(2, 9)).tolist() for _ in range(150)]
    log = InteractionLog.from_lists(rows)
    times = [np.sort(rng.integers(0, 10, len(row))) for row in rows]
    log = replace(log, timestamps=np.concatenate(times))
    collate = HistoryCollate(log=log, max_length=6, seen="full")
    lasts = np.array([row[-1] for row in rows], np.int32)
    held_out = held_out_cases(collate, Targets(np.arange(len(rows)), log.lengths - 1), lasts, num_items=3)
    for pattern in [(1, 2), (1, 1), (1, 2, 3), (2, 1, 2), (1, 1, 1), (3, 1, 2, 1)]:
        expected = {}
        for case, row in enumerate(rows):
            places = latest_match(row[:-1], times[case], pattern, constraints, 6)
            if places and pattern[-1] not in row[places[-1] + 1 : -1]:
                expected[case] = [place - len(row) + 1 for place in places]
        found = open_cases(held_out, pattern, constraints)
        assert dict(zip(found.cases.tolist(), found.places.tolist(), strict=True)) == expected
        assert found.is_next.tolist() == [rows[case][-1] == pattern[-1] for case in expected]


def test_cases_are_the_first_known_target_of_each_user_with_something_before():
    log = InteractionLog.from_lists([[1, 2, 3], [1, 2], [3], [2, 2]])
    targets = np.array([[0, 1, 2], [0, 2, 3], [1, 0, 1], [1, 1, 2], [2, 0, 3], [3, 1, 9]])
    collate = HistoryCollate(log=log, max_length=9, seen="full")
    items = targets[:, 2].astype(np.int32)
    held_out = held_out_cases(collate, Targets(targets[:, 0], targets[:, 1]), items, num_items=5)
    assert held_out.users.tolist() == [0, 1]
    assert held_out.items.tolist() == [2, 2]
    assert [held_out.history(case) for case in range(2)] == [[1], [1]]
    assert held_out.times is None


def test_of_a_horizon_users_have_its_different_known_items_in_turn():
    log = InteractionLog.from_lists([[1, 7, 8, 8], [1, 7, 8, 8], [1, 7, 8, 8], [1, 9, 9, 9], [1, 2, 9, 7]])
    targets = between(np.arange(5), np.full(5, 1), np.full(5, 4))
    items = log.items[log.offsets[targets.users] + targets.positions]
    held_out = held_out_cases(HistoryCollate(log=log, max_length=9, seen="full"), targets, items, num_items=8)
    assert held_out.users.tolist() == [0, 1, 2, 4], "nothing is known of what came to user 3"
    assert held_out.items.tolist() == [7, 8, 7, 2], "place: user modulo different items"
    assert [held_out.history(case) for case in range(4)] == [[1]] * 4
