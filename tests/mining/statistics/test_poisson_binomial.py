import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqmine.mining.statistics.poisson_binomial import (
    _exact_tail,
    _moments,
    _refined_normal_tail,
    poisson_binomial_tail,
)


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
        assert _refined_normal_tail(*_moments(chances)[2:], at_least) == pytest.approx(exact, rel=0.02)


def test_large_tails_of_many_flips_are_close_to_exact():
    chances = np.random.default_rng(0).uniform(0.1, 0.6, 150)
    for at_least in (45, 50, 55, 60):
        exact = _exact_tail(chances, at_least)
        assert poisson_binomial_tail(chances, at_least) == pytest.approx(exact, abs=0.002)
        if exact < 0.19:
            assert poisson_binomial_tail(chances, at_least) == exact
