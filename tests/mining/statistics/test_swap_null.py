import numpy as np
import pytest

from seqmine.mining.statistics.swap_null import AssociationTest
from seqmine.structs import InteractionLog, PatternTable


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


def test_of_a_large_log_some_users_are_drawn_and_stand_for_all():
    rng = np.random.default_rng(0)
    log = InteractionLog.from_lists([rng.choice(np.arange(1, 9), 3, replace=False).tolist() for _ in range(2000)])
    table = PatternTable.from_lists([(1, 2), (3, 4, 5), (6,)], [0, 0, 0], log.num_users)
    columns = AssociationTest(num_samples=9).test(log, table).columns
    drawn = AssociationTest(num_samples=9, most_users=500).test(log, table).columns
    assert drawn["set_support"].tolist() == columns["set_support"].tolist()
    assert drawn["association_expected"] == pytest.approx(columns["association_expected"], rel=0.25)
    assert drawn["association_p_value"][2] == 1.0
    assert np.all(drawn["association_p_value"] > 0.1)  # nothing comes together here
