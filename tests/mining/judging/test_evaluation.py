import numpy as np
import pytest
from scipy.stats import fisher_exact

from seqmine.mining.judging.evaluation import (
    greedy_cover,
    split_time,
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


def test_cover_takes_what_is_new():
    table = PatternTable.from_lists([(1,), (2,), (3,)], [3, 2, 1], 4)
    log = InteractionLog.from_lists([[1, 2], [1, 2], [1], [3]])
    assert greedy_cover(table, log, Constraints(), 5).tolist() == [0, 2]


def test_a_split_by_time_needs_times():
    with pytest.raises(UserError, match="needs timestamps and the log has none"):
        split_time(InteractionLog.from_lists([[1]]), 5)
