import numpy as np
import pytest
from scipy import stats

from seqmine.metrics.comparison import compare, holm, ndcg_gain, paired_bootstrap, signed_rank_p
from seqmine.structs import UserError


def test_bootstrap_equals_drawing_users_one_by_one():
    rng = np.random.default_rng(0)
    differences = rng.choice([-0.5, 0.0, 0.0, 0.3, 1.0], size=300)
    low, high, p_value = paired_bootstrap(differences, 20_000, 0.95, np.random.default_rng(1))
    slow = differences[rng.integers(0, 300, size=(20_000, 300))].mean(axis=1)
    assert low == pytest.approx(np.quantile(slow, 0.025), abs=0.004)
    assert high == pytest.approx(np.quantile(slow, 0.975), abs=0.004)
    assert p_value == pytest.approx(2 / 20_001, abs=1e-9)


def test_equal_models_do_not_differ():
    assert paired_bootstrap(np.zeros(50), 100, 0.95, np.random.default_rng(0)) == (0.0, 0.0, 1.0)
    assert signed_rank_p(np.zeros(50)) == 1.0


def test_false_alarms_are_as_rare_as_promised():
    rng = np.random.default_rng(2)
    alarms = [paired_bootstrap(rng.normal(size=80), 400, 0.95, rng)[2] < 0.05 for _ in range(200)]
    assert 0.01 <= np.mean(alarms) <= 0.11


def test_holm_equals_the_definition():
    p_values = np.array([0.001, 0.2, 0.013, 0.04, 0.9])
    order = np.argsort(p_values)
    expected, running = np.empty(5), 0.0
    for step, index in enumerate(order):
        running = max(running, (5 - step) * p_values[index])
        expected[index] = min(1.0, running)
    np.testing.assert_allclose(holm(p_values), expected)


def test_compare_finds_the_better_model_and_names_the_users():
    rng = np.random.default_rng(3)
    base = rng.integers(1, 60, size=2000)
    better = np.maximum(1, base - rng.integers(0, 8, size=2000))
    shuffled = rng.permutation(base)
    results = compare({"base": base, "better": better, "shuffled": shuffled}, reference="base", seed=4)
    first, second = results
    assert (first.name, second.name) == ("better", "shuffled")
    assert first.difference == pytest.approx((ndcg_gain(better * 1.0) - ndcg_gain(base * 1.0)).mean())
    assert first.low > 0
    assert first.bootstrap_p < 0.01
    assert first.wilcoxon_p == pytest.approx(
        2 * stats.wilcoxon(ndcg_gain(better * 1.0) - ndcg_gain(base * 1.0), method="approx").pvalue, rel=1e-6
    )
    assert second.low < 0 < second.high
    assert second.bootstrap_p > 0.05
    assert compare({"base": base, "better": better, "shuffled": shuffled}, reference="base", seed=4) == results


def test_models_of_different_users_are_refused():
    with pytest.raises(UserError, match="models were ranked on different users"):
        compare({"a": np.ones(3), "b": np.ones(4)}, reference="a")
    with pytest.raises(UserError, match="the reference 'c' is not one of a, b"):
        compare({"a": np.ones(3), "b": np.ones(3)}, reference="c")
