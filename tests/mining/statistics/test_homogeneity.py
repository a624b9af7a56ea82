import numpy as np
import pytest
from scipy.stats import chi2_contingency, fisher_exact

from seqmine.mining.statistics.homogeneity import ClusteredHomogeneity, difference_interval, homogeneity_p_values


def test_two_groups_are_compared_exactly():
    counts, totals = np.array([[10, 2], [7, 7], [0, 5], [0, 0]]), np.array([20, 15])
    expected = [fisher_exact([[a, 20 - a], [b, 15 - b]])[1] for a, b in counts]
    assert homogeneity_p_values(counts, totals, 0) == pytest.approx(expected)


def test_many_in_more_groups_are_compared_by_chi_squared():
    counts, totals = np.array([[50, 60, 90]]), np.array([100, 120, 110])
    expected = chi2_contingency([counts[0], totals - counts[0]], correction=False).pvalue
    assert homogeneity_p_values(counts, totals, 0)[0] == pytest.approx(expected)


def test_few_in_more_groups_are_compared_with_random_tables():
    """All three of 30 in one group of three: 3 * C(10, 3) / C(30, 3) of all tables are as extreme."""
    p_values = homogeneity_p_values(np.array([[3, 0, 0], [1, 1, 1], [0, 0, 0], [10, 10, 10]]), np.full(3, 10), 0)
    assert p_values[0] == pytest.approx(3 * 120 / 4060, rel=0.15)
    assert p_values[1:].tolist() == [1, 1, 1]
    assert homogeneity_p_values(np.array([[3]]), np.array([9]), 0).tolist() == [1]


def test_a_difference_lies_within_its_limits():
    lower, upper = difference_interval([56, 0], [70, 0], [48, 3], [80, 9])
    assert (round(float(lower[0]), 4), round(float(upper[0]), 4)) == (0.0524, 0.3339)
    assert lower[1] < 0 < upper[1]


@pytest.mark.parametrize("together", [True, False])
def test_owners_that_differ_from_each_other_are_no_difference_of_groups(together):
    rng, seen, naive = np.random.default_rng(0), [], []
    for _ in range(200):
        counts = rng.integers(1, 5, 150)
        owners = np.repeat(np.arange(150), counts)
        groups = owners % 4 if together else rng.integers(0, 4, len(owners))
        has = np.flatnonzero(rng.random(len(owners)) < np.repeat(rng.beta(0.5, 1.0, 150), counts))
        seen.append(ClusteredHomogeneity(owners, groups, 4).p_value(owners[has], groups[has], 0))
        per_group = [np.bincount(part, minlength=4) for part in (groups[has], groups)]
        naive.append(homogeneity_p_values(per_group[0][None], per_group[1], 0)[0])
    assert np.mean(np.array(seen) < 0.05) <= 0.08
    if together:
        assert np.mean(np.array(naive) < 0.05) > 0.15


def test_a_difference_of_groups_is_seen_whoever_owns_them():
    owners, groups = np.repeat(np.arange(100), 2), np.tile([0, 1], 100)
    has = np.flatnonzero((groups == 1) | (owners < 60))
    assert ClusteredHomogeneity(owners, groups, 2).p_value(owners[has], groups[has], 0) < 1e-9
    assert ClusteredHomogeneity(owners, groups, 2).p_value(owners, groups, 0) == 1.0
