import numpy as np

from seqmine.models.baselines.counting import item_counts, popularity_shares, positions_in_history
from tests.models.baselines.small_logs import log_of


def test_shares_are_a_distribution_without_zeros():
    shares = popularity_shares(log_of([[1, 1, 2], []]), num_items=3)
    assert shares[0] == 0
    assert shares[1:].min() > 0
    assert abs(shares.sum() - 1) < 1e-12


def test_positions_start_anew_at_every_user():
    assert positions_in_history(log_of([[1, 2, 3], [], [4], [5, 6]])).tolist() == [0, 1, 2, 0, 0, 1]


def test_counts_cover_the_catalog():
    np.testing.assert_array_equal(item_counts(log_of([[2]]), num_items=3), [0, 0, 1, 0])
