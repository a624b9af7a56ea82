from collections import Counter
from dataclasses import replace
from itertools import combinations, permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from seqmine.mining.arrangements import arrangement_chance, distinct_chance, gap_chance, run_chance
from seqmine.mining.bursts import BurstTest
from seqmine.mining.constraints import Constraints
from seqmine.mining.hypotheses import frequent_multisets, num_orderings, order_family
from seqmine.mining.matching import count_supports
from seqmine.mining.multiplicity import benjamini_hochberg, benjamini_yekutieli, bonferroni, holm
from seqmine.mining.permutation import shuffle_within_users
from seqmine.mining.poisson_binomial import _refined_normal_tail, poisson_binomial_tail
from seqmine.mining.significance import OrderTest, sampled_p_value
from seqmine.mining.swap_null import AssociationTest
from seqmine.structs import InteractionLog, PatternTable
from tests.mining.references import brute_force


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


def timed_log(histories, times):
    return replace(
        InteractionLog.from_lists(histories), timestamps=np.concatenate([np.empty(0), *times]).astype(np.int64)
    )


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


def test_known_chances_of_repeats():
    masks, counts = np.array([1, 2]), np.array([3, 2])
    chances = [arrangement_chance(masks, counts, np.array(pattern)) for pattern in ([0, 1], [0, 0, 1], [0, 1, 0])]
    assert chances == pytest.approx([9 / 10, 7 / 10, 7 / 10])
    assert arrangement_chance(np.array([1]), np.array([3]), np.array([0, 0, 0])) == 1.0


def test_pair_chance_within_a_gap_has_its_closed_form():
    length, gap = 12, 4
    expected = sum(length - d for d in range(1, gap + 1)) / (length * (length - 1))
    assert gap_chance(length, (1, 1), (0, 1), gap) == pytest.approx(expected)
    assert distinct_chance(length, 2, gap, 99) == pytest.approx(expected)


def test_run_chance_equals_counting():
    places = [row for row in product([0, 1], repeat=7) if sum(row) == 3]
    hits = [any(row[t] and row[t + 1] for t in range(6)) for row in places]
    assert run_chance(7, 3, 2, 1) == pytest.approx(np.mean(hits))


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


def test_sampled_p_values_are_valid_and_can_be_small():
    rng = np.random.default_rng(0)
    supports = rng.binomial(200, 0.1, (20_000, 50))
    p_values = sampled_p_value(supports[:, 0], supports[:, 1:].sum(1), (supports[:, 1:] >= supports[:, :1]).sum(1), 49)
    for level in (0.001, 0.01, 0.05, 0.2):
        assert (p_values <= level).mean() <= level
    assert sampled_p_value(np.array([80]), np.array([49 * 20.0]), np.array([0.0]), 49)[0] < 1e-15


@given(st.lists(st.floats(0, 1), max_size=12), st.integers(0, 13))
@settings(max_examples=100, deadline=None)
def test_poisson_binomial_tail_equals_convolution(chances, at_least):
    mass = np.ones(1)
    for chance in chances:
        mass = np.convolve(mass, [1 - chance, chance])
    assert poisson_binomial_tail(np.array(chances), at_least) == pytest.approx(mass[at_least:].sum(), abs=1e-9)


def test_refined_normal_tail_is_close_to_the_exact_one():
    chances = np.random.default_rng(0).uniform(0.1, 0.6, 3000)
    for at_least in (1030, 1060, 1090):
        exact = poisson_binomial_tail(chances, at_least)
        assert _refined_normal_tail(chances, at_least) == pytest.approx(exact, rel=0.02)


@pytest.mark.parametrize("keep_ties", [True, False])
def test_shuffling_keeps_content_and_moments(keep_ties):
    log = timed_log([[1, 2, 3, 4], [5, 6]], [[0, 0, 1, 2], [7, 7]])
    seen = set()
    for seed in range(40):
        copy = shuffle_within_users(log, seed, keep_ties=keep_ties)
        assert sorted(copy.history(0)) == [1, 2, 3, 4]
        together = copy.timestamps[:4][copy.history(0) == 1] == copy.timestamps[:4][copy.history(0) == 2]
        assert together.all() or not keep_ties
        seen.add(tuple(copy.history(0).tolist()))
    assert len(seen) == 6 if keep_ties else len(seen) > 10
    again = [shuffle_within_users(log, 3, keep_ties=keep_ties).items.tolist() for _ in range(2)]
    assert again[0] == again[1]


def orders_of(log, min_count, length):
    """Return all orders of all multisets of a length that enough users have, one multiset and one order at a time."""
    counts = Counter()
    for user in range(log.num_users):
        counts.update(set(combinations(sorted(log.history(user).tolist()), length)))
    kept = [multiset for multiset, count in counts.items() if count >= min_count]
    return sorted(order for multiset in kept for order in set(permutations(multiset)))


@given(st.lists(st.lists(st.integers(1, 4), max_size=6), min_size=1, max_size=6), st.integers(1, 3), st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_the_family_counts_all_orders_of_frequent_multisets(histories, min_count, longest):
    log = InteractionLog.from_lists(histories)
    sizes = [0, 0, *(len(orders_of(log, min_count, length)) for length in range(2, longest + 1))]
    family = order_family(log, min_count, longest)
    assert family.sizes.tolist() == sizes
    assert (family.total, family.exact_length, family.note) == (sum(sizes), longest, None)
    for most in (4, 10, 30):  # a bound where there are more
        bounded = order_family(log, min_count, longest, most)
        assert (bounded.sizes >= family.sizes).all()
        assert bounded.sizes[: bounded.exact_length + 1].tolist() == sizes[: bounded.exact_length + 1]
        assert (bounded.note is None) == (len(frequent_multisets(log, min_count, longest)) <= most)


def test_a_family_that_is_too_large_is_bounded_and_says_so():
    family = order_family(InteractionLog.from_lists([list(range(1, 21))] * 3), 3, 6, 300)
    assert family.sizes.tolist() == [0, 0, 380, *(380 * 20**power for power in range(1, 5))]
    assert family.note == (
        "More than 300 sets of up to 6 symbols are had by 3 users in any order, so patterns of more than 2 symbols are "
        "corrected for an upper bound on the number of hypotheses: lower miner.max_length or raise miner.min_count (or "
        "miner.min_support) for the exact number."
    )


def test_orders_of_long_multisets_are_a_finite_number():
    table = PatternTable.from_lists([[1] * 400, list(range(400)), [1] * 10 + [2] * 10], [0] * 3, 1)
    assert num_orderings(table).tolist() == [1.0, 1e300, 184_756.0]


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


def test_runs_are_judged_by_how_close_they_come():
    rng = np.random.default_rng(3)
    close = InteractionLog.from_lists([[1, 1, *rng.integers(2, 50, 10).tolist()] for _ in range(40)])
    table = PatternTable.from_lists([(1, 1), (2, 3)], [40, 0], 40)
    columns = BurstTest().test(close, table, Constraints(), OrderTest()).columns
    assert columns["burst_support"].tolist() == [40, 0]
    assert columns["burst_p_value"][0] < 1e-20
    assert np.isnan(columns["burst_p_value"][1])
    spread = shuffle_within_users(close, 0, keep_ties=False)
    assert BurstTest().test(spread, table, Constraints(), OrderTest()).columns["burst_p_value"][0] > 0.01


def test_association_null_knows_popularity_from_affinity():
    rng = np.random.default_rng(0)
    rows = [[1, 2, *rng.choice(np.arange(3, 40), 4, replace=False).tolist()] for _ in range(30)]
    rows += [rng.choice(np.arange(1, 40), 6, replace=False).tolist() for _ in range(200)]
    log = InteractionLog.from_lists(rows)
    table = PatternTable.from_lists([(1, 2), (3, 4)], [0, 0], log.num_users)
    columns = AssociationTest(num_samples=99).test(log, table).columns
    assert columns["set_support"][0] >= 30
    assert columns["association_p_value"][0] == 0.01
    assert columns["association_p_value"][1] > 0.05
    assert columns["association_expected"][0] < 20


def test_association_null_is_uniform_over_tables_with_the_same_sums():
    # Users of 1, 1, 2 items; items of 2, 1, 1 users: five tables, two of which give the third user items 2 and 3.
    log = InteractionLog.from_lists([[1], [1], [2, 3]])
    table = PatternTable.from_lists([(2, 3)], [1], 3)
    expected = AssociationTest(num_samples=4000, trades_per_user=3).test(log, table).columns["association_expected"][0]
    assert expected == pytest.approx(1 / 5, abs=0.03)


@given(st.lists(st.floats(1e-6, 1), min_size=1, max_size=20), st.integers(0, 10))
@settings(max_examples=60, deadline=None)
def test_corrections_equal_their_definitions(values, unseen):
    p, m = np.array(values), len(values) + unseen
    ranked = np.sort(p)
    for index, value in enumerate(p):
        place = int(np.searchsorted(ranked, value))
        steps = [min(1, (m - i) * ranked[i]) for i in range(place + 1)]
        assert holm(p, m)[index] == pytest.approx(max(steps))
        tails = [min(1, ranked[i] * m / (i + 1)) for i in range(np.searchsorted(ranked, value, "right") - 1, len(p))]
        assert benjamini_hochberg(p, m)[index] == pytest.approx(min(tails))
    assert (benjamini_yekutieli(p, m) >= benjamini_hochberg(p, m) - 1e-12).all()
    assert (holm(p, m) <= bonferroni(p, m) + 1e-12).all()
    assert benjamini_yekutieli(p, m) == pytest.approx(benjamini_hochberg(p * sum(1 / np.arange(1, m + 1)), m))


def rejected_by_holm(p, weights, total, alpha):
    """Return what the weighted step-down rejects, one step at a time."""
    rejected, left = [], total
    for index in sorted(range(len(p)), key=lambda i: p[i] / weights[i]):
        if p[index] > alpha * weights[index] / left:
            break
        rejected.append(index)
        left -= weights[index]
    return rejected


@given(st.lists(st.tuples(st.floats(1e-6, 1), st.floats(0.1, 5)), min_size=1, max_size=12), st.floats(0, 5))
@settings(max_examples=100, deadline=None)
def test_weighted_holm_rejects_step_by_step(rows, unseen):
    p, weights = np.array(rows).T
    total = weights.sum() + unseen
    adjusted = holm(p, total, weights)
    for alpha in (0.01, 0.0517, 0.3):
        if np.abs(adjusted - alpha).min() > 1e-9:
            assert sorted(np.flatnonzero(adjusted <= alpha)) == sorted(rejected_by_holm(p, weights, total, alpha))
    assert (adjusted <= bonferroni(p, total, weights) + 1e-12).all()
    assert holm(p, len(p) + 3, np.ones(len(p))) == pytest.approx(holm(p, len(p) + 3))


def test_weighted_holm_keeps_the_chance_of_any_false_one():
    rng = np.random.default_rng(0)
    weights = np.repeat([4.0, 0.25], [4, 16])
    weights *= len(weights) / weights.sum()
    false = [holm(rng.random(20), 20, weights).min() <= 0.1 for _ in range(4000)]
    assert np.mean(false) < 0.11
