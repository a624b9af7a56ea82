from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from seqmine.mining.statistics.hypotheses import frequent_multisets
from seqmine.mining.statistics.multiplicity import benjamini_hochberg, bonferroni
from seqmine.mining.statistics.permutation import shuffle_within_users
from seqmine.mining.statistics.significance import OrderTest, sampled_p_value
from seqmine.probing.matching import count_supports
from seqmine.structs import InteractionLog, PatternTable
from seqmine.structs.constraints import Constraints
from tests.mining.references import brute_force, timed_log


def exact_tail(histories, times, pattern, constraints, observed):
    """Return P(support >= observed) by trying every order of every history (blocks of one time as wholes)."""
    tail = np.ones(1)
    for history, time in zip(histories, times, strict=True):
        blocks = {}
        for symbol, moment in zip(history, time, strict=True):
            blocks.setdefault(moment if constraints.strict_time else len(blocks), []).append(symbol)
        slots = sorted(set(time)) if constraints.strict_time else list(time)
        hits = []
        for order in permutations(blocks.values()):
            row = [symbol for block in order for symbol in block]
            moments = [slot for slot, block in zip(slots, order, strict=True) for _ in block]
            hits.append(pattern in brute_force([row], [moments], constraints, 1))
        chance = np.mean(hits)
        tail = np.convolve(tail, [1 - chance, chance])
    return tail[observed:].sum()


@st.composite
def small_logs(draw):
    histories = draw(st.lists(st.lists(st.integers(1, 3), min_size=1, max_size=5), min_size=1, max_size=4))
    times = [np.cumsum(draw(st.lists(st.integers(0, 1), min_size=len(h), max_size=len(h)))).tolist() for h in histories]
    return histories, times


@given(
    small_logs(),
    st.lists(st.integers(1, 3), min_size=2, max_size=3),
    st.sampled_from(
        [
            Constraints(),
            Constraints(strict_time=True),
            Constraints(max_gap=1),
            Constraints(max_gap=2),
            Constraints(max_span=3),
            Constraints(max_gap=2, max_span=3),
        ]
    ),
)
@settings(max_examples=60, deadline=None)
def test_exact_p_values_equal_brute_force_permutations(problem, pattern, constraints):
    histories, times = problem
    log = timed_log(histories, times)
    table = PatternTable.from_lists([pattern], [0], log.num_users)
    table = replace(table, support_count=count_supports(log, table, constraints))
    tested = OrderTest(num_permutations=1).test(log, table, constraints).columns
    if tested["p_is_exact"][0]:
        expected = exact_tail(histories, times, tuple(pattern), constraints, int(table.support_count[0]))
        assert tested["p_value"][0] == pytest.approx(expected, abs=1e-12)
    else:  # repeats under a limit on the span
        assert len(pattern) == 3
        assert constraints.max_span is not None


def test_distinct_symbols_are_binomial():
    histories = [[1, 2, 3]] * 14 + [[2, 1]] * 6
    log = InteractionLog.from_lists(histories)
    table = PatternTable.from_lists([(1, 2), (1, 2, 3)], [14, 14], 20)
    columns = OrderTest().test(log, table, Constraints()).columns
    assert columns["itemset_count"].tolist() == [20, 14]
    assert columns["p_value"] == pytest.approx([binom.sf(13, 20, 1 / 2), (1 / 6) ** 14])
    assert columns["expected_support"] == pytest.approx([10, 14 / 6])


def test_sampled_p_values_say_so_and_are_close():
    rng = np.random.default_rng(0)
    log = InteractionLog.from_lists([rng.permutation([1, 1, 2, 2, 3, 3]).tolist() for _ in range(30)])
    table = PatternTable.from_lists([(1, 2, 3)], [0], 30)
    constraints = Constraints(max_span=3)
    table = replace(table, support_count=count_supports(log, table, constraints))
    columns = OrderTest(num_permutations=400, seed=1).test(log, table, constraints).columns
    assert not columns["p_is_exact"][0]
    rows = set(permutations([1, 1, 2, 2, 3, 3]))
    chance = np.mean([(1, 2, 3) in brute_force([row], [list(range(6))], constraints, 1) for row in rows])
    assert columns["expected_support"][0] == pytest.approx(30 * chance, abs=0.6)
    exact = binom.sf(table.support_count[0] - 1, 30, chance)
    assert exact < columns["p_value"][0] < 2 * exact + 0.1


@pytest.mark.parametrize("chance", [0.01, 0.2])  # a variance of the support below and above what tails need
def test_sampled_p_values_are_valid_and_can_be_small(chance):
    rng = np.random.default_rng(0)
    draws = rng.random((4_000, 50, 100), np.float32) < chance
    supports = draws.sum(axis=2)
    reached = (supports[:, 1:] >= supports[:, :1]).sum(axis=1)
    p_values = sampled_p_value(supports[:, 0], draws[:, 1:].sum(axis=1), reached, 49)
    for level in (0.001, 0.01, 0.05, 0.2):
        assert (p_values <= level).mean() <= level
    many = np.full((1, 100), round(49 * chance), np.int32)
    assert sampled_p_value(np.array([80]), many, np.array([0]), 49)[0] < 1e-15


def test_p_values_under_a_duration_are_close_above_the_exact_ones_of_the_gap_that_says_the_same():
    rng = np.random.default_rng(3)
    histories = rng.integers(1, 6, (300, 8))
    histories[:110, 3:5] = [1, 2]
    log = timed_log(histories.tolist(), [range(8)] * 300)
    table = PatternTable.from_lists([(1, 2), (3, 4), (1, 2, 3)], [0, 0, 0], 300)
    found = {}
    for name, limits in {"gap": Constraints(max_gap=1), "duration": Constraints(max_gap_time=1)}.items():
        counted = replace(table, support_count=count_supports(log, table, limits))
        found[name] = OrderTest(num_permutations=199).test(log, counted, limits).columns
    assert found["gap"]["p_value"][0] < 1e-6
    assert found["gap"]["p_is_exact"].all() and not found["duration"]["p_is_exact"].any()
    ratio = found["duration"]["p_value"] / found["gap"]["p_value"]
    assert (ratio > 0.9).all() and (ratio < 10).all()
    np.testing.assert_allclose(found["duration"]["expected_support"], found["gap"]["expected_support"], rtol=0.05)


def pair_hypotheses(log, min_count):
    """Return both orders of every two different symbols that enough users have."""
    sets = frequent_multisets(log, min_count, 2).patterns()
    orders = [order for pair in sets if len(set(pair)) == 2 for order in (pair, pair[::-1])]
    table = PatternTable.from_lists(orders, [0] * len(orders), log.num_users)
    return replace(table, support_count=count_supports(log, table, Constraints()))


def test_order_tests_of_beauty_find_what_was_found_independently(beauty):
    table = pair_hypotheses(beauty, 20)
    p_values = OrderTest().test(beauty, table, Constraints()).columns["p_value"]
    counts = np.zeros((2, len(table)))
    users = {symbol: set() for symbol in np.unique(table.symbols).tolist()}
    for user in range(beauty.num_users):
        for item in set(beauty.history(user).tolist()) & users.keys():
            users[item].add(user)
    for row, (first, second) in enumerate(table.patterns()):
        counts[0, row] = len(users[first] & users[second])
    counts[1] = table.support_count
    direct = binom.sf(counts[1] - 1, counts[0], 0.5)  # nearly nobody has an item twice
    assert np.mean(np.isclose(p_values, direct)) > 0.98
    assert len(table) > 5000
    assert (bonferroni(p_values, len(table)) < 0.05).sum() == pytest.approx(1263, abs=5)


def test_a_shuffled_log_has_next_to_no_significant_order(beauty):
    false = 0
    for seed in range(3):
        copy = shuffle_within_users(beauty, seed, keep_ties=False)
        table = pair_hypotheses(copy, 30)
        p_values = OrderTest().test(copy, table, Constraints()).columns["p_value"]
        false += int((benjamini_hochberg(p_values, len(table)) < 0.05).sum())
        assert (p_values < 0.05).mean() < 0.06
    assert false <= 1


def test_people_are_tested_and_not_their_sessions():
    # each person has two sessions with 1 and 2; under random order 3 of 4 people have 1 before 2 in one of them
    log = InteractionLog.from_lists([[1, 2], [2, 1]] * 30)
    log = replace(log, people=np.repeat(np.arange(30), 2).astype(np.int32))
    table = PatternTable.from_lists([(1, 2)], [30], 60)
    tested = OrderTest().test(log, table, Constraints())
    assert tested.columns["expected_support"][0] == pytest.approx(22.5)
    assert tested.columns["p_value"][0] == pytest.approx(0.75**30)
    assert tested.columns["itemset_count"][0] == 30
    sampled = OrderTest(num_permutations=199).test(
        replace(log, timestamps=np.zeros(120, np.int64)), table, Constraints(max_duration=9)
    )
    assert sampled.columns["expected_support"][0] == pytest.approx(22.5, abs=0.6)
    assert sampled.columns["itemset_count"][0] == 30
