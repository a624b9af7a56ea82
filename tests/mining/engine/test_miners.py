from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prefixspan import PrefixSpan

from seqmine.mining.engine.condense import closed_patterns, maximal_patterns
from seqmine.mining.engine.condensed import is_searchable
from seqmine.mining.engine.frequent import mine_frequent
from seqmine.mining.engine.miners import ClosedMiner, FrequentMiner, MaximalMiner, TopKMiner
from seqmine.mining.judging.rules import RuleMiner
from seqmine.probing.matching import count_supports, find_supporters
from seqmine.structs import InteractionLog, UserError
from seqmine.structs.constraints import Constraints, threshold
from tests.mining.references import brute_force, contains

LIMIT = st.none() | st.integers(1, 5)


@st.composite
def mining_problems(draw):
    """Draw a small log with times, constraints as keywords, and a count."""
    num_symbols = draw(st.integers(1, 4))
    history = st.lists(st.integers(1, num_symbols), max_size=7)
    histories = draw(st.lists(history, min_size=1, max_size=6))
    steps = [draw(st.lists(st.integers(0, 2), min_size=len(row), max_size=len(row))) for row in histories]
    times = [np.cumsum(row).astype(int).tolist() for row in steps]
    min_length = draw(st.integers(1, 2))
    seconds = st.integers(0, 3).map("{}s".format)
    min_gap, max_gap = draw(st.none() | st.integers(1, 3) | seconds), draw(LIMIT | seconds)
    if type(min_gap) is type(max_gap) is not type(None) and min_gap > max_gap:
        min_gap, max_gap = max_gap, min_gap
    keywords = {
        "min_length": min_length,
        "max_length": draw(st.none() | st.integers(min_length, 5)),
        "max_gap": max_gap,
        "min_gap": min_gap,
        "max_span": draw(LIMIT),
        "max_duration": draw(st.none() | st.integers(0, 4)),
        "strict_time": draw(st.booleans()),
        "must_contain": draw(st.sampled_from([(), (), (1,), (1, 2)])),
        "num_threads": draw(st.integers(1, 2)),
    }
    log = InteractionLog.from_lists(histories)
    log = replace(log, timestamps=np.concatenate([np.empty(0), *times]).astype(np.int64))
    return histories, times, log, keywords, draw(st.integers(1, 3))


def as_dict(table):
    return dict(zip(table.patterns(), table.support_count.tolist(), strict=True))


@given(mining_problems())
@settings(max_examples=80, deadline=None)
def test_all_miners_equal_brute_force(problem):
    histories, times, log, keywords, min_count = problem
    miner = FrequentMiner(min_count=min_count, **keywords)
    expected = brute_force(histories, times, miner.constraints, min_count)
    table = miner.mine(log)
    assert as_dict(table) == expected
    assert table.patterns() == sorted(expected, key=lambda pattern: (-expected[pattern], pattern))
    longer = {p: [q for q in expected if len(q) > len(p) and contains(p, q)] for p in expected}
    closed = {p for p in expected if all(expected[q] != expected[p] for q in longer[p])}
    assert set(ClosedMiner(min_count=min_count, **keywords).mine(log).patterns()) == closed
    maximal = {p for p in expected if not longer[p]}
    assert set(MaximalMiner(min_count=min_count, **keywords).mine(log).patterns()) == maximal
    assert (count_supports(log, table, miner.constraints) == table.support_count).all()
    assert [len(users) for users in find_supporters(log, table, miner.constraints)] == table.support_count.tolist()


@given(mining_problems())
@settings(max_examples=80, deadline=None)
def test_direct_search_for_closed_and_maximal_equals_brute_force(problem):
    histories, times, log, keywords, min_count = problem
    keywords |= {"max_length": None, "max_gap": None, "min_gap": None, "max_span": None, "max_duration": None}
    miner = ClosedMiner(min_count=min_count, **keywords)
    assert is_searchable(miner.constraints)
    expected = brute_force(histories, times, miner.constraints, min_count)
    longer = {p: [q for q in expected if len(q) > len(p) and contains(p, q)] for p in expected}
    closed = {p: expected[p] for p in expected if all(expected[q] != expected[p] for q in longer[p])}
    table = miner.mine(log)
    assert as_dict(table) == closed
    assert table.patterns() == sorted(closed, key=lambda pattern: (-closed[pattern], pattern))
    maximal = {p: expected[p] for p in expected if not longer[p]}
    assert as_dict(MaximalMiner(min_count=min_count, **keywords).mine(log)) == maximal


def test_direct_search_equals_the_filter_on_movielens(movielens):
    part = InteractionLog.from_lists([movielens.history(user).tolist() for user in range(300)])
    every = FrequentMiner(min_count=60).mine(part)
    closed, maximal = (kind(min_count=60).mine(part) for kind in (ClosedMiner, MaximalMiner))
    assert as_dict(closed) == as_dict(closed_patterns(every))
    assert as_dict(maximal) == as_dict(maximal_patterns(every))
    assert len(maximal) < len(closed) <= len(every)


@given(mining_problems(), st.integers(1, 12))
@settings(max_examples=50, deadline=None)
def test_top_k_keeps_every_tie_and_nothing_else(problem, top_k):
    histories, times, log, keywords, min_count = problem
    miner = TopKMiner(top_k=top_k, min_count=min_count, **keywords)
    every = brute_force(histories, times, miner.constraints, min_count)
    supports = sorted(every.values(), reverse=True)
    level = supports[min(top_k, len(supports)) - 1] if supports else 0
    assert as_dict(miner.mine(log)) == {p: support for p, support in every.items() if support >= level}


def test_repeats_inside_a_pattern_need_that_many_events():
    log = InteractionLog.from_lists([[7, 8, 7, 7], [7, 7], [7]])
    assert as_dict(FrequentMiner(min_count=1).mine(log))[(7, 7, 7)] == 1
    assert as_dict(FrequentMiner(min_count=2).mine(log)) == {(7,): 3, (7, 7): 2}


@pytest.fixture(scope="module")
def wide_log():
    """Histories that are too wide and too sparse for the tables of the dense search."""
    rng = np.random.default_rng(5)
    popular = np.arange(1, 11)
    rows = [np.concatenate([rng.choice(popular, 4), rng.integers(11, 400, 40)]) for _ in range(600)]
    return InteractionLog.from_lists([rng.permutation(row).tolist() for row in rows])


def test_search_without_tables_equals_the_search_that_keeps_every_end(wide_log):
    free = mine_frequent(wide_log, 6, Constraints(max_length=3), num_threads=2)
    limited = mine_frequent(wide_log, 6, Constraints(max_length=3, max_gap=10_000), num_threads=1)
    assert len(free) > 5_000
    assert free.patterns() == limited.patterns()
    assert (free.support_count == limited.support_count).all()


def test_counts_equal_prefixspan_on_beauty(beauty):
    histories = [beauty.history(user).tolist() for user in range(beauty.num_users)]
    expected = {tuple(pattern): support for support, pattern in PrefixSpan(histories).frequent(20)}
    assert as_dict(FrequentMiner(min_count=20).mine(beauty)) == expected


def test_counts_equal_prefixspan_on_movielens(movielens):
    part = InteractionLog.from_lists([movielens.history(user).tolist() for user in range(400)])
    histories = [part.history(user).tolist() for user in range(400)]
    expected = {tuple(pattern): support for support, pattern in PrefixSpan(histories).frequent(60)}
    assert as_dict(FrequentMiner(min_support=0.15).mine(part)) == expected


def test_pairs_of_movielens_equal_a_direct_count(movielens):
    wanted = np.zeros((movielens.items.max() + 1,) * 2, dtype=np.int64)
    for user in range(movielens.num_users):
        history = movielens.history(user)  # every item comes once
        for place in range(len(history)):
            wanted[history[place], history[place + 1 :]] += 1
    table = FrequentMiner(min_support=0.1, min_length=2, max_length=2).mine(movielens)
    assert len(table) == (wanted >= 604).sum()
    assert all(wanted[pattern] == support for pattern, support in as_dict(table).items())


def test_order_and_content_do_not_depend_on_threads(beauty):
    one, two = (FrequentMiner(min_count=15, num_threads=threads).mine(beauty) for threads in (1, 2))
    assert one.patterns() == two.patterns()


def test_progress_ends_at_one(beauty):
    shares = []
    FrequentMiner(min_count=50).mine(beauty, shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)


def test_an_empty_log_has_no_patterns():
    log = InteractionLog.from_lists([[], []])
    for miner in (FrequentMiner(min_count=1), ClosedMiner(min_count=1), MaximalMiner(min_count=1), TopKMiner(top_k=3)):
        assert len(miner.mine(log)) == 0


def test_threshold_is_rounded_up_and_inclusive():
    assert threshold(100, None, 0.07) == 7
    assert threshold(6041, None, 0.1) == 605
    assert threshold(100, 3, 0.5) == 3


@given(st.integers(1, 10**7), st.decimals("0.00001", 1, places=5))
@settings(max_examples=200, deadline=None)
def test_threshold_is_the_first_count_that_reaches_the_share(num_users, share):
    count = threshold(num_users, None, float(share))
    assert count >= 1
    assert count >= share * num_users
    assert count == 1 or count - 1 < share * num_users


@pytest.mark.parametrize(
    ("keywords", "sentence"),
    [
        ({}, "min_count and min_support are both unset; set one of them"),
        ({"min_count": 0}, "min_count is 0, allowed are whole numbers from 1"),
        ({"min_support": 1.5}, "min_support is 1.5, allowed are numbers above 0 and up to 1"),
        ({"min_count": 2.5}, "min_count is 2.5, allowed are whole numbers from 1"),
        ({"min_count": "abc"}, "min_count is 'abc', allowed are whole numbers from 1"),
        ({"min_count": True}, "min_count is True, allowed are whole numbers from 1"),
        ({"min_support": "abc"}, "min_support is abc, allowed are numbers above 0 and up to 1"),
        ({"min_support": float("nan")}, "min_support is nan, allowed are numbers above 0 and up to 1"),
        (
            {"min_count": 1, "max_length": "abc"},
            "max_length is 'abc', allowed are whole numbers from 1",
        ),
        (
            {"min_count": 1, "max_duration": 0.5},
            "max_duration is 0.5, allowed are whole numbers from 0",
        ),
        ({"min_count": 1, "num_threads": -1}, "num_threads is -1, allowed are whole numbers from 0"),
        ({"min_count": 1, "max_gap": 0}, "max_gap is 0, allowed are whole numbers from 1"),
        ({"min_count": 1, "min_gap": 0}, "min_gap is 0, allowed are whole numbers from 1"),
        ({"min_count": 1, "min_gap": 3, "max_gap": 2}, "min_gap is 3, above max_gap=2"),
        ({"min_count": 1, "min_gap": "2h", "max_gap": "60m"}, "min_gap is 7200, above max_gap=3600"),
        (
            {"min_count": 1, "max_gap": "a day"},
            "max_gap is 'a day', allowed are positions in the history, or a time with a unit such as 90s, 30m, 4h, 7d",
        ),
        (
            {"min_count": 1, "min_length": 3, "max_length": 2},
            "max_length is 2, below min_length=3",
        ),
    ],
)
def test_settings_out_of_range_are_named(keywords, sentence):
    with pytest.raises(UserError) as error:
        FrequentMiner(**keywords)
    assert str(error.value) == sentence
    with pytest.raises(UserError) as error:
        RuleMiner(**{"min_length": 2, **keywords})
    assert str(error.value) == sentence
    if keywords:
        with pytest.raises(UserError) as error:
            TopKMiner(top_k=3, **keywords)
        assert str(error.value) == sentence


def test_the_best_patterns_and_rules_take_the_limits_of_all_miners(beauty):
    best = TopKMiner(top_k=10**6, min_support=0.005, max_length=2).mine(beauty)
    assert as_dict(best) == as_dict(FrequentMiner(min_support=0.005, max_length=2).mine(beauty))
    rules = RuleMiner(min_support=0.001, min_length=3, max_length=4).mine(beauty)
    assert as_dict(rules) == as_dict(FrequentMiner(min_support=0.001, min_length=3, max_length=4).mine(beauty))
    with pytest.raises(UserError) as error:
        RuleMiner(min_count=1, min_length=1)
    assert str(error.value) == "min_length is 1, allowed are whole numbers from 2"
    with pytest.raises(UserError, match="top_k is 0, allowed are whole numbers from 1"):
        TopKMiner(top_k=0)


@pytest.mark.parametrize("history", [[1] * 1500, [1, 2] * 600], ids=["one symbol", "two in turn"])
def test_a_long_chain_is_condensed_in_time(history):
    log = InteractionLog.from_lists([history] * 2)
    for miner in (ClosedMiner(min_count=2, max_gap=1), MaximalMiner(min_count=2, max_gap=1)):
        assert miner.mine(log).patterns() == [tuple(history)]


def test_time_constraints_need_times():
    with pytest.raises(UserError, match="strict_time is True, which needs timestamps, and the log has none"):
        FrequentMiner(min_count=1, strict_time=True).mine(InteractionLog.from_lists([[1]]))


def test_too_many_patterns_is_an_error_of_the_user(monkeypatch):
    def overflow(*_):
        raise OverflowError

    monkeypatch.setattr("seqmine.mining.engine.frequent.search_leftmost", overflow)
    with pytest.raises(UserError, match=r"min_count=1 gives more than 50,000,000 patterns: raise it"):
        FrequentMiner(min_count=1).mine(InteractionLog.from_lists([[1, 2]]))
