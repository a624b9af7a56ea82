import numpy as np
import pytest
from scipy.stats import binomtest

from seqmine.mining.statistics.intervals import wilson_interval


@pytest.mark.parametrize(("hits", "trials"), [(0, 7), (3, 7), (7, 7), (40, 1000)])
def test_limits_are_those_of_scipy(hits, trials):
    expected = binomtest(hits, trials).proportion_ci(0.95, method="wilson")
    assert [float(limit) for limit in wilson_interval(hits, trials)] == pytest.approx([expected.low, expected.high])


def test_nothing_tried_tells_nothing():
    lower, upper = wilson_interval(np.array([0, 1]), np.array([0, 2]))
    assert (lower[0], upper[0]) == (0.0, 1.0)
    assert 0 < lower[1] < 0.5 < upper[1] < 1


def test_more_trials_make_it_narrower():
    lower, upper = wilson_interval(np.array([5, 50, 500]), np.array([10, 100, 1000]))
    assert (np.diff(upper - lower) < 0).all()
