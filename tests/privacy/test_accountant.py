import math
import sys

import pytest
from scipy.stats import norm

from seqmine.privacy import accountant
from seqmine.privacy.accountant import Budget, epsilon_of
from seqmine.structs import UserError

# noise multiplier, sampling rate, steps, delta: epsilon of dp-accounting 0.6.0 (PLDAccountant, Poisson-sampled Gaussian)
KNOWN = {
    (0.8, 0.05, 400, 1e-5): 10.732671,
    (1.5, 0.25, 100, 1e-5): 9.685806,
    (4.0, 0.5, 200, 1e-6): 9.749236,
    (0.7, 0.02, 300, 1e-5): 5.435133,
}


@pytest.mark.parametrize(("case", "known"), KNOWN.items())
def test_what_is_spent_agrees_with_another_accountant_and_is_no_less(case, known):
    noise, rate, steps, delta = case
    spent = epsilon_of([(noise, rate, steps)], delta)
    assert known <= spent <= 1.01 * known


def test_steps_of_one_kind_count_together_however_they_came():
    budget = Budget(8.0, 1e-5)
    for noise in (1.0, 1.0, 2.0, 1.0):
        budget.take(noise, 0.1)
    assert budget.spent == [(1.0, 0.1, 2), (2.0, 0.1, 1), (1.0, 0.1, 1)]
    assert budget.num_steps == 4
    assert budget.epsilon_spent == pytest.approx(epsilon_of([(2.0, 0.1, 1), (1.0, 0.1, 3)], 1e-5), rel=1e-3)


def test_the_noise_for_a_budget_spends_it_and_leaves_nothing():
    budget = Budget(3.0, 1e-5)
    noise = budget.noise_for(0.1, 50)
    assert 2.9 < epsilon_of([(noise, 0.1, 50)], 1e-5) <= 3.0
    budget.spent = [(noise, 0.1, 30)]
    assert budget.steps_left(noise, 0.1, 20) == 20
    assert 20 <= budget.steps_left(noise, 0.1, 30) < 25
    budget.epsilon = 1.0
    assert budget.steps_left(noise, 0.1, 2) == 0


def test_nothing_costs_nothing_and_no_noise_promises_nothing():
    assert epsilon_of([], 1e-5) == 0.0
    assert epsilon_of([(1.0, 0.1, 5), (0.0, 0.1, 1)], 1e-5) == math.inf


def test_an_accountant_that_is_not_installed_is_told_in_a_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "opacus", None)
    accountant._opacus.cache_clear()
    with pytest.raises(UserError, match=r"opacus, which is not installed; run pip install 'seqmine\[privacy\]'"):
        Budget(7.7, 1e-5).noise_for(0.1, 10)
    monkeypatch.undo()
    accountant._opacus.cache_clear()


@pytest.mark.parametrize(("epsilon", "delta"), [(1.0, 1e-5), (8.0, 1e-5), (16.0, 1e-6)])
def test_one_release_of_everybody_costs_what_the_gaussian_mechanism_does(epsilon, delta):
    """The exact condition of Balle and Wang 2018 (arXiv:1805.06530, Theorem 8), which needs no composition."""
    noise = Budget(epsilon, delta).noise_for(1.0, 1)

    def exact(promised):
        half, scaled = 1 / (2 * noise), promised * noise
        return norm.cdf(half - scaled) - math.exp(promised) * norm.cdf(-half - scaled)

    assert exact(epsilon) <= delta < exact(0.97 * epsilon)
