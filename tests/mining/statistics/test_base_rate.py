from itertools import combinations, permutations, product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from seqmine.mining.engine.miners import FrequentMiner
from seqmine.mining.judging.rules import measure_rules
from seqmine.structs import InteractionLog, PatternTable
from seqmine.structs.constraints import Constraints
from tests.mining.references import allowed

LIMITS = [
    {},
    {"max_gap": 2},
    {"max_span": 3},
    {"max_gap": 2, "max_span": 4},
    {"max_duration": 3},
    {"max_duration": 3, "strict_time": True},
    {"max_gap": 3, "strict_time": True},
    {"strict_time": True},
    {"min_gap": 2},
    {"min_gap_time": 1, "max_gap_time": 3},
]


def log_of(histories, times):
    log = InteractionLog.from_lists(histories)
    return InteractionLog(log.items, log.offsets, np.concatenate([np.empty(0), *times]).astype(np.int64))


def matches(history, time, pattern, constraints):
    """Return all tuples of places where a pattern occurs."""
    found = [()]
    for symbol in pattern:
        found = [
            (*places, place)
            for places in found
            for place in range(places[-1] + 1 if places else 0, len(history))
            if history[place] == symbol and (not places or allowed(constraints, places, place, time))
        ]
    return found


def chance(history, time, pattern, constraints):
    """Return the chance of the consequent in reach when its events go to every set of open places; None without match."""
    antecedent, consequent = pattern[:-1], pattern[-1]
    found = matches(history, time, antecedent, constraints)
    if not found:
        return None
    begin = 0
    if consequent in antecedent:
        kept = len(antecedent) - antecedent[::-1].index(consequent)
        first = min(places[-1] for places in matches(history, time, antecedent[:kept], constraints))
        begin = next(
            (t for t in range(first + 1, len(time)) if not constraints.strict_time or time[t] > time[first]), 99
        )
    last = max((place for place, symbol in enumerate(history) if symbol == consequent), default=-1)
    found = [places for places in found if places[-1] != last]
    own = [place for place in range(begin, len(history)) if history[place] == consequent]
    is_open = [t for t in range(begin, len(history)) if history[t] == consequent or history[t] not in antecedent]
    hits = [
        any(allowed(constraints, places, place, time) and place > places[-1] for place in chosen for places in found)
        for chosen in combinations(is_open, len(own))
    ]
    return np.mean(hits)


@given(
    st.lists(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 2)), max_size=7), min_size=1, max_size=4),
    st.lists(st.integers(1, 3), min_size=2, max_size=4),
    st.sampled_from(LIMITS),
)
@settings(max_examples=150, deadline=None)
def test_the_base_rate_goes_through_all_places_of_the_consequent(rows, pattern, limits):
    histories = [[symbol for symbol, _ in row] for row in rows]
    times = [np.cumsum([step for _, step in row]).astype(int).tolist() for row in rows]
    log, constraints = log_of(histories, times), Constraints(**limits)
    assume(not (constraints.speaks_of_time and pattern[-1] in pattern[:-1]))  # from shuffled logs
    measures = measure_rules(log, PatternTable.from_lists([pattern], [0], log.num_users), constraints)
    chances = [chance(*row, tuple(pattern), constraints) for row in zip(histories, times, strict=True)]
    known = [value for value in chances if value is not None]
    assert measures.antecedent_count[0] == len(known)
    assert measures.base_rate[0] == pytest.approx(np.mean(known) if known else 0.0)


@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("pattern", [(1, 2), (1, 1, 2), (1, 2, 3), (2, 1, 3)])
def test_lift_is_1_over_all_orders_of_a_history(limits, pattern):
    histories = list(permutations([1, 1, 2, 2, 3, 9]))
    log = log_of(histories, [[0, 1, 1, 3, 4, 7]] * len(histories))
    measures = measure_rules(log, PatternTable.from_lists([pattern], [0], log.num_users), Constraints(**limits))
    assert measures.lift[0] == pytest.approx(1.0)


@pytest.mark.parametrize(("pattern", "strict_time"), product([(1, 1), (1, 2, 1), (2, 1, 2)], [False, True]))
def test_lift_of_a_return_is_1_over_all_orders_without_limits(pattern, strict_time):
    histories = list(permutations([1, 1, 1, 2, 2, 9]))
    log = log_of(histories, [[0, 1, 2, 3, 4, 7]] * len(histories))
    table, constraints = PatternTable.from_lists([pattern], [0], log.num_users), Constraints(strict_time=strict_time)
    assert measure_rules(log, table, constraints).lift[0] == pytest.approx(1.0)


@given(st.lists(st.lists(st.integers(1, 3), max_size=9), min_size=1, max_size=6), st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_a_pair_has_the_same_lift_under_a_gap_and_under_the_span_and_duration_that_say_the_same(histories, max_gap):
    log = log_of(histories, [range(len(history)) for history in histories])
    table = PatternTable.from_lists([(1, 2), (3, 1)], [0, 0], log.num_users)
    same = [{"max_gap": max_gap}, {"max_span": max_gap + 1}, {"max_duration": max_gap}]
    lifts = [measure_rules(log, table, Constraints(**limits)).lift for limits in same]
    np.testing.assert_array_equal(lifts[0], lifts[1])
    np.testing.assert_array_equal(lifts[0], lifts[2])


@pytest.mark.parametrize("limits", [{}, {"max_gap": 3}, {"max_gap": 1}, {"max_span": 4}, {"max_duration": 6}])
def test_lift_is_about_1_in_a_log_without_order(limits):
    rng = np.random.default_rng(0)
    shares = 1 / np.arange(1, 21)
    histories = (1 + rng.choice(20, size=(1000, 25), p=shares / shares.sum())).tolist()
    log = log_of(histories, np.cumsum(rng.integers(0, 4, size=(1000, 25)), axis=1))
    miner = FrequentMiner(min_count=100, min_length=2, max_length=3, **limits)
    table = miner.mine(log)
    measures = measure_rules(log, table, miner.constraints)
    assert np.mean(measures.lift_interval[0] > 1) < 0.05
    for length in (2, 3):
        rows = table.lengths == length
        assert np.median(measures.lift[rows]) == pytest.approx(1.0, abs=0.03)


def test_what_a_match_used_up_of_the_span_is_not_within_reach():
    histories = [[1, 9, 2, 3, 9, 9, 9], [1, 2, 9, 9, 3, 9, 9]]
    log = InteractionLog.from_lists(histories)
    table = PatternTable.from_lists([(1, 2, 3)], [0], 2)
    measures = measure_rules(log, table, Constraints(max_span=4))
    assert measures.base_rate[0] == pytest.approx((1 / 5 + 2 / 5) / 2)
    assert measures.confidence[0] == 0.5
