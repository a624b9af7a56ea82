import numpy as np
import pytest

from seqmine.mining.engine.miners import FrequentMiner
from seqmine.mining.judging.comparison import compare_groups
from seqmine.structs import InteractionLog, PatternTable, UserError
from seqmine.structs.constraints import Constraints


def planted(seed=0, num_users=300):
    """Return histories in which group 1 does 1 before 2 and group 0 does them in either order, and the groups."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 2, num_users)
    rows = []
    for one in group:
        pair = [1, 2] if one or rng.random() < 0.5 else [2, 1]
        rows.append([*pair, *rng.integers(3, 12, 4).tolist()])
    return InteractionLog.from_lists(rows), group


def compared(log, group, names=("men", "women"), **settings):
    table = FrequentMiner(min_count=20, max_length=2).mine(log)
    return compare_groups(log, table, Constraints(), group, list(names), by="gender", **settings)


def test_supports_and_confidences_of_each_group_are_counted():
    log = InteractionLog.from_lists([[1, 2], [1, 2], [1], [2, 1], [3]])
    table = PatternTable.from_lists([(1, 2), (1,)], [2, 4], 5)
    found = compare_groups(log, table, Constraints(), np.array([0, 0, 0, 1, -1]), ["a", "b", "none"], by="x")
    assert found.names == ["a", "b"]
    assert found.totals.tolist() == [3, 1]
    assert found.counts.tolist() == [[2, 0], [3, 1]]
    assert found.antecedents.tolist() == [[3, 1], [3, 1]]
    assert found.confidence[0].tolist() == pytest.approx([2 / 3, 0])
    assert found.difference[0].tolist() == pytest.approx([2 / 3, -2 / 3])
    lower, upper = found.difference_interval
    assert lower[0, 0] < 2 / 3 < upper[0, 0]


def test_what_groups_do_differently_is_found():
    found = compared(*planted())
    differing = [found.table.pattern(row) for row in found.differing(0.01).tolist()]
    assert set(differing) == {(1, 2), (2, 1)}


def test_a_permutation_of_the_groups_gives_the_p_value():
    log, group = planted(num_users=60)
    table = PatternTable.from_lists([(1, 2)], [0], 60)
    rng = np.random.default_rng(1)

    def statistic(groups):
        return abs(compare_groups(log, table, Constraints(), groups, ["a", "b"], by="x").difference[0, 0])

    own = compare_groups(log, table, Constraints(), group, ["a", "b"], by="x")
    reached = np.mean([statistic(rng.permutation(group)) >= statistic(group) - 1e-9 for _ in range(300)])
    assert own.p_value[0] == pytest.approx(reached, abs=0.05)


def test_random_groups_rarely_differ():
    """When nothing differs, one log in twenty has some false pattern; patterns of one log fall together."""
    false = 0
    for seed in range(12):
        log, group = planted(seed, num_users=120)
        false += len(compared(log, np.random.default_rng(seed).permutation(group)).differing(0.05)) > 0
    assert false <= 2


def test_the_correction_is_for_all_supports_and_confidences():
    log, group = planted(num_users=100)
    found = compared(log, group, adjustment=lambda p_values, size: np.full(len(p_values), float(size)))
    assert found.q_value[0] == 2 * len(found.table) - (found.table.lengths == 1).sum()


def test_one_group_is_no_comparison():
    with pytest.raises(UserError, match="groups is 'gender', which divides the users into men 300, women 0"):
        compared(planted()[0], np.zeros(300, np.int64))
