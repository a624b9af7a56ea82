import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqmine.mining.constraints import Constraints
from seqmine.mining.rules import RuleMiner, measure_rules
from seqmine.structs import InteractionLog, PatternTable, UserError

HISTORIES = st.lists(st.lists(st.integers(1, 3), max_size=7), min_size=1, max_size=6)


def base_rate(histories, antecedent, consequent, horizon):
    """Return the chance of the consequent soon after a random position, over users with the antecedent."""
    rates = []
    for history in histories:
        rest = iter(history)
        if all(symbol in rest for symbol in antecedent):
            hits = [consequent in history[t + 1 : t + 1 + horizon] for t in range(len(history) - 1)]
            rates.append(np.mean(hits) if hits else 0.0)
    return np.mean(rates) if rates else 0.0


@given(HISTORIES)
@settings(max_examples=60, deadline=None)
def test_confidence_and_lift_equal_their_definition(histories):
    log = InteractionLog.from_lists(histories)
    table = RuleMiner(min_count=1, max_length=3).mine(log)
    for row, pattern in enumerate(table.patterns()):
        users = [self_contained(history, pattern[:-1]) for history in histories]
        assert table.columns["antecedent_count"][row] == sum(users)
        assert table.columns["confidence"][row] == pytest.approx(table.support_count[row] / sum(users))
        base = base_rate(histories, pattern[:-1], pattern[-1], 99)
        assert table.columns["base_rate"][row] == pytest.approx(base)
        assert table.columns["lift"][row] == pytest.approx(table.columns["confidence"][row] / base)


def self_contained(history, pattern):
    rest = iter(history)
    return all(symbol in rest for symbol in pattern)


@given(HISTORIES, st.integers(1, 3))
@settings(max_examples=40, deadline=None)
def test_the_horizon_of_the_base_rate_is_the_gap(histories, max_gap):
    log = InteractionLog.from_lists(histories)
    table = PatternTable.from_lists([(1, 2), (3, 1)], [0, 0], len(histories))
    measures = measure_rules(log, table, Constraints(max_gap=max_gap))
    for row, (first, second) in enumerate(table.patterns()):
        assert measures.base_rate[row] == pytest.approx(base_rate(histories, (first,), second, max_gap))


def test_followed_count_leaves_out_users_who_end_with_the_antecedent():
    log = InteractionLog.from_lists([[1, 2], [2, 1], [1, 3]])
    measures = measure_rules(log, PatternTable.from_lists([(1, 2)], [0], 3), Constraints())
    assert (measures.antecedent_count[0], measures.followed_count[0], measures.support_count[0]) == (3, 2, 1)


def test_rules_come_by_falling_confidence_above_the_floor():
    log = InteractionLog.from_lists([[1, 2], [1, 2], [1, 3], [3, 2]])
    table = RuleMiner(min_count=1, min_confidence=0.5).mine(log)
    assert table.patterns() == [(1, 2), (3, 2)]


def test_confidence_out_of_range_is_named():
    with pytest.raises(
        UserError, match=r"min_confidence=2.0 is not allowed: set miner.min_confidence between 0 and 1."
    ):
        RuleMiner(min_count=1, min_confidence=2.0)
