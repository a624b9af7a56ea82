from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import fisher_exact

from seqmine.mining.judging.evaluation import (
    coverage,
    greedy_cover,
    later_days,
    mined_from,
    split_time,
    split_users,
    with_holdout_columns,
    with_redundancy_columns,
)
from seqmine.structs import InteractionLog, PatternTable, UserError
from seqmine.structs.constraints import Constraints


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
    columns = with_redundancy_columns(with_holdout_columns(table, log, Constraints()), log, Constraints()).columns
    assert columns["gain_p_value"][0] > 0.01
    assert columns["gain_p_value"][1] < 1e-6
    assert columns["gain"][1] > 0.2
    assert abs(columns["gain"][0]) < 0.1, "4 alone leads to 8 seldom, 1 alone to 9 as often as the others"


def test_gain_p_value_is_fishers():
    rows = [[4, 5, 8]] * 9 + [[4, 5, 7]] * 3 + [[5, 8]] * 4 + [[5, 7]] * 10 + [[4, 1]] * 2
    log = InteractionLog.from_lists(rows)
    table = PatternTable.from_lists([(4, 5, 8)], [9], log.num_users)
    columns = with_redundancy_columns(with_holdout_columns(table, log, Constraints()), log, Constraints()).columns
    p_value = columns["gain_p_value"][0]
    assert columns["gain"][0] == pytest.approx(9 / 12 - 9 / 14), "4 alone is the better rule: of 14 users 9 go on to 8"
    over_five = fisher_exact([[9, 3], [4, 10]], alternative="greater").pvalue
    over_four = fisher_exact([[9, 3], [0, 2]], alternative="greater").pvalue
    assert p_value == pytest.approx(max(over_five, over_four))


def test_cover_takes_what_is_new():
    table = PatternTable.from_lists([(1,), (2,), (3,)], [3, 2, 1], 4)
    log = InteractionLog.from_lists([[1, 2], [1, 2], [1], [3]])
    assert greedy_cover(table, log, Constraints(), 5).tolist() == [0, 2]


def test_a_split_by_time_needs_times():
    with pytest.raises(UserError, match="needs timestamps and the log has none"):
        split_time(InteractionLog.from_lists([[1]]), 5)


def test_most_users_and_the_held_out_ones_are_all_users_once():
    most, others = split_users(InteractionLog.from_lists([[user] for user in range(10)]), 0.25, 3)
    assert (most.num_users, others.num_users) == (7, 3), "the share is rounded up"
    assert sorted([*most.items.tolist(), *others.items.tolist()]) == list(range(10))
    other = split_users(InteractionLog.from_lists([[user] for user in range(10)]), 0.25, 4)
    assert other[1].items.tolist() != others.items.tolist()


def test_later_days_begin_at_a_moment_that_is_one_of_them():
    log = replace(InteractionLog.from_lists([[1, 2, 3], [4, 5]]), timestamps=np.array([1, 2, 9, 3, 8]))
    assert later_days(log, 0.4) == 8
    before, after = split_time(log, 8)
    assert (before.items.tolist(), before.lengths.tolist()) == ([1, 2, 4], [2, 1])
    assert (after.items.tolist(), after.lengths.tolist()) == ([3, 5], [1, 1])


def test_a_part_of_the_log_needs_its_share_of_the_support():
    part = InteractionLog.from_lists([[1]] * 20 + [[2]] * 21 + [[3]] * 29)
    table = PatternTable.from_lists([(1,), (2,)], [30, 30], 100)
    assert mined_from(table, part, Constraints(), 30, 0.7).tolist() == [False, True]


def test_coverage_counts_a_user_once():
    log = InteractionLog.from_lists([[1, 2], [2], [3]])
    assert coverage(PatternTable.from_lists([(1,), (2,)], [1, 2], 3), log, Constraints()) == pytest.approx(2 / 3)
    assert coverage(PatternTable.from_lists([], [], 3), log, Constraints()) == 0
