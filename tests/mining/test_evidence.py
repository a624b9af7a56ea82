import numpy as np
import pytest
from scipy.stats import fisher_exact

from seqmine.mining.bursts import BurstTest
from seqmine.mining.constraints import Constraints
from seqmine.mining.evaluation import (
    greedy_cover,
    split_time,
    split_users,
    with_holdout_columns,
    with_redundancy_columns,
)
from seqmine.mining.evidence import Evidence, order_family
from seqmine.mining.intervals import wilson_interval
from seqmine.mining.miners import FrequentMiner
from seqmine.mining.permutation import shuffle_within_users
from seqmine.mining.release import ReleaseRule
from seqmine.mining.significance import OrderTest
from seqmine.mining.stability import Stability, rank_biased_overlap
from seqmine.mining.swap_null import AssociationTest
from seqmine.structs import InteractionLog, PatternTable, UserError

PLANTED = [(1, 2, 3), (11, 12), (21, 22, 21)]


def planted_log(seed, num_users=1200):
    """Return histories with planted patterns and, as distractors, all their parts and their reversals."""
    rng = np.random.default_rng(seed)
    histories = []
    for _ in range(num_users):
        row = rng.integers(30, 230, 12).tolist()
        pattern = PLANTED[rng.integers(len(PLANTED))]
        choice = rng.random()
        if choice < 0.35:
            parts = list(pattern)
        elif choice < 0.45:
            parts = list(reversed(pattern)) if len(set(pattern)) > 2 else [pattern[1], pattern[0]]
        elif choice < 0.6:
            parts = [pattern[rng.integers(len(pattern))]]
        else:
            parts = []
        for place, item in zip(np.sort(rng.choice(13, len(parts), replace=False))[::-1], parts[::-1], strict=True):
            row.insert(int(place), int(item))
        histories.append(row)
    return InteractionLog.from_lists(histories)


@pytest.fixture(scope="module")
def evidence():
    return Evidence(
        order_test=OrderTest(num_permutations=99),
        association_test=AssociationTest(num_samples=19),
        burst_test=BurstTest(),
        stability=Stability(num_bootstraps=25),
    )


def judge(evidence, log, min_count=30):
    miner = FrequentMiner(min_count=min_count, min_length=2, max_length=3)
    return evidence.judge(log, miner.mine(log), miner.constraints, min_count).table


def ordered_parts(pattern):
    """Return the parts of a pattern that have an order of their own."""
    pairs = {(pattern[i], pattern[j]) for i in range(len(pattern)) for j in range(i + 1, len(pattern))}
    return {pair for pair in pairs if pair[0] != pair[1]} | {pattern}


def test_planted_patterns_are_released_and_nothing_else(evidence):
    table = ReleaseRule().apply(judge(evidence, planted_log(0)))
    released = set(table.patterns())
    assert set(PLANTED) <= released | {(21, 22, 21)}
    assert {(1, 2, 3), (11, 12)} <= released
    assert released <= set.union(*(ordered_parts(pattern) for pattern in PLANTED))


def test_shuffled_copies_release_nothing(evidence):
    log, released = planted_log(1), 0
    for seed in range(6):
        copy = shuffle_within_users(log, seed, keep_ties=False)
        released += len(ReleaseRule().apply(judge(evidence, copy)))
    assert released == 0


def test_the_family_gives_every_length_an_equal_share():
    log = InteractionLog.from_lists([[1, 2, 3]] * 5)
    table = PatternTable.from_lists([(1,), (1, 2), (1, 2, 3)], [5, 5, 5], 5)
    weight, total = order_family(log, table, Constraints(), 5)
    assert total == 3 * 2 + 6
    assert weight.tolist() == [np.inf, 2 * 6 / 12, 2 * 6 / 12]


def test_single_symbols_are_never_significant(evidence):
    log = planted_log(2, 300)
    miner = FrequentMiner(min_count=20, max_length=2)
    table = evidence.judge(log, miner.mine(log), miner.constraints, 20).table
    assert (table.columns["q_value"][table.lengths == 1] == 1).all()


def test_held_out_measures_are_those_of_the_other_users():
    log = planted_log(3, 400)
    most, others = split_users(log, 0.3, 0)
    assert (most.num_users, others.num_users) == (280, 120)
    table = with_holdout_columns(PatternTable.from_lists([(11, 12)], [0], 280), others, Constraints())
    count = sum(
        any(a == 11 and 12 in row[i:] for i, a in enumerate(row))
        for row in (others.history(user).tolist() for user in range(120))
    )
    assert table.columns["holdout_support"][0] == pytest.approx(count / 120)
    lower, upper = wilson_interval(count, 120)
    assert table.columns["holdout_support_lower"][0] == pytest.approx(lower)
    assert table.columns["holdout_support_upper"][0] == pytest.approx(upper)


def test_a_rule_is_redundant_when_a_part_of_it_says_as_much():
    rng = np.random.default_rng(0)
    rows = []
    for _ in range(600):  # 2 leads to 9 whether 1 came before or not
        row = [1] * int(rng.random() < 0.5) + [2] + [9] * int(rng.random() < 0.6)
        rows.append([*row, *rng.integers(20, 60, 3).tolist()])
    for _ in range(300):  # 5 leads to 8 only after 4
        has_four = rng.random() < 0.5
        rows.append([4] * has_four + [5] + [8] * int(rng.random() < (0.9 if has_four else 0.1)) + [7])
        rows.append([4] + [8] * int(rng.random() < 0.1) + [7])
    log = InteractionLog.from_lists(rows)
    table = PatternTable.from_lists([(1, 2, 9), (4, 5, 8)], [0, 0], log.num_users)
    columns = with_redundancy_columns(table, log, Constraints()).columns
    assert columns["gain_p_value"][0] > 0.01
    assert columns["gain_p_value"][1] < 1e-6
    assert columns["gain"][1] > 0.2


def test_gain_p_value_is_fishers():
    rows = [[4, 5, 8]] * 9 + [[4, 5, 7]] * 3 + [[5, 8]] * 4 + [[5, 7]] * 10 + [[4, 1]] * 2
    log = InteractionLog.from_lists(rows)
    table = PatternTable.from_lists([(4, 5, 8)], [9], log.num_users)
    p_value = with_redundancy_columns(table, log, Constraints()).columns["gain_p_value"][0]
    over_five = fisher_exact([[9, 3], [4, 10]], alternative="greater").pvalue
    over_four = fisher_exact([[9, 3], [0, 2]], alternative="greater").pvalue
    assert p_value == pytest.approx(max(over_five, over_four))


def test_release_names_what_fails():
    table = PatternTable.from_lists([(1, 2, 3)] * 4, [50, 50, 50, 19], 100).with_columns(
        q_value=np.array([0.01, 0.05, 0.01, 0.01]),
        holdout_lift_lower=np.array([1.2, 1.2, np.nan, 1.2]),
        stability=np.array([0.8, 1.0, 1.0, 1.0]),
        holdout_leverage=np.ones(4),
        holdout_support=np.ones(4),
        gain_p_value=np.array([0.001, 0.001, 0.001, 0.001]),
    )
    met = ReleaseRule().conditions(table)
    assert {name: values.tolist() for name, values in met.items()} == {
        "significant": [True, False, True, True],
        "useful": [True, True, False, True],
        "stable": [True, True, True, True],
        "shared": [True, True, True, False],
        "productive": [True, True, True, True],
    }
    assert len(ReleaseRule().apply(table)) == 1
    assert len(ReleaseRule(min_users=5).apply(table)) == 2
    assert len(ReleaseRule(max_gain_p_value=0.001).apply(table)) == 0


def test_rank_biased_overlap_weighs_the_top():
    near = rank_biased_overlap(list("abcdefghij"), list("abcdefghji"))
    far = rank_biased_overlap(list("abcdefghij"), list("bacdefghij"))
    assert far < near < 1


def test_cover_takes_what_is_new():
    table = PatternTable.from_lists([(1,), (2,), (3,)], [3, 2, 1], 4)
    log = InteractionLog.from_lists([[1, 2], [1, 2], [1], [3]])
    assert greedy_cover(table, log, Constraints(), 5).tolist() == [0, 2]


def test_a_split_by_time_needs_times():
    with pytest.raises(UserError, match="needs timestamps and the log has none"):
        split_time(InteractionLog.from_lists([[1]]), 5)
