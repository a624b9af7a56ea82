from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqmine.mining.judging.rules import RuleMiner, measure_rules
from seqmine.mining.statistics.permutation import shuffle_within_users, shuffled_logs
from seqmine.probing.matching import count_people
from seqmine.structs import InteractionLog, PatternTable, UserError
from seqmine.structs.constraints import Constraints
from tests.mining.references import timed_log

HISTORIES = st.lists(st.lists(st.integers(1, 3), max_size=7), min_size=1, max_size=6)


@given(HISTORIES)
@settings(max_examples=60, deadline=None)
def test_confidence_and_lift_equal_their_definition(histories):
    log = InteractionLog.from_lists(histories)
    table = RuleMiner(min_count=1, max_length=3).mine(log)
    for row, pattern in enumerate(table.patterns()):
        users = [self_contained(history, pattern[:-1]) for history in histories]
        assert table.columns["antecedent_count"][row] == sum(users)
        assert table.columns["confidence"][row] == pytest.approx(table.support_count[row] / sum(users))
        base = table.columns["base_rate"][row]
        assert table.columns["lift"][row] == pytest.approx(table.columns["confidence"][row] / base)
        assert table.columns["leverage"][row] == pytest.approx(table.support_count[row] - sum(users) * base)


def self_contained(history, pattern):
    rest = iter(history)
    return all(symbol in rest for symbol in pattern)


def test_followed_count_leaves_out_users_who_end_with_the_antecedent():
    log = InteractionLog.from_lists([[1, 2], [2, 1], [1, 3]])
    measures = measure_rules(log, PatternTable.from_lists([(1, 2)], [0], 3), Constraints())
    assert (measures.antecedent_count[0], measures.followed_count[0], measures.support_count[0]) == (3, 2, 1)


def test_rules_come_by_falling_confidence_above_the_floor():
    log = InteractionLog.from_lists([[1, 2], [1, 2], [1, 3], [3, 2]])
    table = RuleMiner(min_count=1, min_confidence=0.5).mine(log)
    assert table.patterns() == [(1, 2), (3, 2)]


def test_confidence_out_of_range_is_named():
    with pytest.raises(UserError, match=r"min_confidence is 2.0, allowed are numbers from 0 to 1"):
        RuleMiner(min_count=1, min_confidence=2.0)


def test_sessions_count_their_person_once():
    # person 0 has the rule in the second session, 1 in none of two, 2 in its only one
    log = InteractionLog.from_lists([[2, 1, 3], [1, 2, 3], [2, 1], [3, 1], [1, 2]])
    log = replace(log, people=np.array([0, 0, 1, 1, 2], np.int32))
    measures = measure_rules(log, PatternTable.from_lists([(1, 2)], [0], 5), Constraints())
    assert (measures.support_count[0], measures.antecedent_count[0], measures.followed_count[0]) == (2, 3, 2)
    # 1 stays: of the two places beside it the second, then both, are behind it; chances .5, 1, 0, none, 1
    assert measures.base_rate[0] == pytest.approx((1.0 + 0.0 + 1.0) / 3)


def test_rules_are_measured_alike_alone_and_together():
    rng = np.random.default_rng(4)
    log = InteractionLog.from_lists([rng.integers(1, 5, rng.integers(0, 9)).tolist() for _ in range(50)])
    log = replace(log, people=np.repeat(np.arange(25, dtype=np.int32), 2))
    patterns = [pattern for size in (1, 2, 3) for pattern in product(range(1, 5), repeat=size)]
    together = measure_rules(log, PatternTable.from_lists(patterns, [0] * len(patterns), 50), Constraints())
    for row, pattern in enumerate(patterns):
        alone = measure_rules(log, PatternTable.from_lists([pattern], [0], 50), Constraints())
        for name in ("support_count", "antecedent_count", "followed_count", "base_rate"):
            assert getattr(together, name)[row] == getattr(alone, name)[0]


def test_the_lift_of_what_comes_in_bursts_is_over_random_order_of_the_own_events():
    rng = np.random.default_rng(0)
    times = np.cumsum(np.where(rng.random((400, 12)) < 0.3, 4_000, 20), axis=1)
    histories = rng.integers(2, 6, (400, 12))
    histories[:200, 4:7] = 1  # a run, and nothing of it before or behind
    log = timed_log(histories.tolist(), times)
    table, limits = PatternTable.from_lists([(1, 1), (2, 1)], [0, 0], 400), Constraints(max_duration=60)
    measures = measure_rules(log, table, limits)
    shuffled = [count_people(other, table, limits)[0] for other in shuffled_logs(log, 200, 99, keep_ties=False)]
    assert measures.lift[0] == pytest.approx(measures.support_count[0] / np.mean(shuffled), rel=0.05)
    none = measure_rules(shuffle_within_users(log, 7, keep_ties=False), table, limits)
    assert none.lift[0] == pytest.approx(1.0, abs=0.15)
