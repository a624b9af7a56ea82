import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqmine.mining.statistics.multiplicity import benjamini_hochberg, benjamini_yekutieli, bonferroni, holm


@given(st.lists(st.floats(1e-6, 1), min_size=1, max_size=20), st.integers(0, 10))
@settings(max_examples=60, deadline=None)
def test_corrections_equal_their_definitions(values, unseen):
    p, m = np.array(values), len(values) + unseen
    ranked = np.sort(p)
    for index, value in enumerate(p):
        place = int(np.searchsorted(ranked, value))
        steps = [min(1, (m - i) * ranked[i]) for i in range(place + 1)]
        assert holm(p, m)[index] == pytest.approx(max(steps))
        tails = [min(1, ranked[i] * m / (i + 1)) for i in range(np.searchsorted(ranked, value, "right") - 1, len(p))]
        assert benjamini_hochberg(p, m)[index] == pytest.approx(min(tails))
    assert (benjamini_yekutieli(p, m) >= benjamini_hochberg(p, m) - 1e-12).all()
    assert (holm(p, m) <= bonferroni(p, m) + 1e-12).all()
    assert benjamini_yekutieli(p, m) == pytest.approx(benjamini_hochberg(p * sum(1 / np.arange(1, m + 1)), m))


def rejected_by_holm(p, weights, total, alpha):
    """Return what the weighted step-down rejects, one step at a time."""
    rejected, left = [], total
    for index in sorted(range(len(p)), key=lambda i: p[i] / weights[i]):
        if p[index] > alpha * weights[index] / left:
            break
        rejected.append(index)
        left -= weights[index]
    return rejected


@given(st.lists(st.tuples(st.floats(1e-6, 1), st.floats(0.1, 5)), min_size=1, max_size=12), st.floats(0, 5))
@settings(max_examples=100, deadline=None)
def test_weighted_holm_rejects_step_by_step(rows, unseen):
    p, weights = np.array(rows).T
    total = weights.sum() + unseen
    adjusted = holm(p, total, weights)
    for alpha in (0.01, 0.0517, 0.3):
        if np.abs(adjusted - alpha).min() > 1e-9:
            assert sorted(np.flatnonzero(adjusted <= alpha)) == sorted(rejected_by_holm(p, weights, total, alpha))
    assert (adjusted <= bonferroni(p, total, weights) + 1e-12).all()
    assert holm(p, len(p) + 3, np.ones(len(p))) == pytest.approx(holm(p, len(p) + 3))


def test_weighted_holm_keeps_the_chance_of_any_false_one():
    rng = np.random.default_rng(0)
    weights = np.repeat([4.0, 0.25], [4, 16])
    weights *= len(weights) / weights.sum()
    false = [holm(rng.random(20), 20, weights).min() <= 0.1 for _ in range(4000)]
    assert np.mean(false) < 0.11
