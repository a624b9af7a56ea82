import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from seqmine.metrics.comparison import (
    bootstrap_interval,
    compare,
    holm,
    paired_bootstrap,
    rank_gains,
    signed_rank_p,
)
from seqmine.structs import UserError


def test_bootstrap_equals_drawing_users_one_by_one():
    rng = np.random.default_rng(0)
    differences = rng.choice([-0.5, 0.0, 0.0, 0.3, 1.0], size=300)
    low, high, p_value = paired_bootstrap(differences, np.arange(300), 20_000, 0.95, np.random.default_rng(1))
    slow = differences[rng.integers(0, 300, size=(20_000, 300))].mean(axis=1)
    assert low == pytest.approx(np.quantile(slow, 0.025), abs=0.004)
    assert high == pytest.approx(np.quantile(slow, 0.975), abs=0.004)
    assert p_value == pytest.approx(2 / 20_001, abs=1e-9)


def test_equal_models_do_not_differ():
    assert paired_bootstrap(np.zeros(50), np.arange(50), 100, 0.95, np.random.default_rng(0)) == (0.0, 0.0, 1.0)
    assert signed_rank_p(np.zeros(50), np.arange(50)) == 1.0


def test_false_alarms_are_as_rare_as_promised():
    rng = np.random.default_rng(2)
    alarms = [paired_bootstrap(rng.normal(size=80), np.arange(80), 400, 0.95, rng)[2] < 0.05 for _ in range(200)]
    assert 0.01 <= np.mean(alarms) <= 0.11


def test_holm_equals_the_definition():
    p_values = np.array([0.001, 0.2, 0.013, 0.04, 0.9])
    order = np.argsort(p_values)
    expected, running = np.empty(5), 0.0
    for step, index in enumerate(order):
        running = max(running, (5 - step) * p_values[index])
        expected[index] = min(1.0, running)
    np.testing.assert_allclose(holm(p_values), expected)


def test_holm_gives_the_golden_numbers():
    """By hand: sorted, the four are times 4, 3, 2 and 1, and none falls below the one before."""
    np.testing.assert_allclose(holm(np.array([0.01, 0.04, 0.03, 0.005])), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm(np.array([0.5, 0.9])), [1.0, 1.0])


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_never_helps_keeps_the_order_and_stays_below_bonferroni(p_values):
    raw = np.array(p_values, dtype=np.float64)
    corrected = holm(raw)
    assert (corrected >= raw).all()
    assert (corrected <= np.minimum(1.0, raw * len(raw)) + 1e-12).all()
    assert (np.diff(corrected[np.argsort(raw, kind="stable")]) >= 0).all()


@settings(deadline=None)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=30), st.integers(1, 20))
def test_gains_are_the_definitions_rank_by_rank(ranks, top_k):
    gains = {
        name: rank_gains(np.array(ranks, dtype=np.float64), f"{name}@{top_k}") for name in ("hit_rate", "ndcg", "mrr")
    }
    for place, rank in enumerate(ranks):
        inside = rank <= top_k
        assert gains["hit_rate"][place] == inside
        assert gains["ndcg"][place] == pytest.approx(1 / np.log2(1 + rank) if inside else 0)
        assert gains["mrr"][place] == pytest.approx(1 / rank if inside else 0)


@pytest.mark.parametrize("metric", ["ndcg", "ndcg@0", "coverage@10", "ndcg@x"])
def test_a_metric_that_is_no_function_of_the_rank_is_refused(metric):
    with pytest.raises(UserError, match=f"metric is '{metric}', allowed are hit_rate@k, ndcg@k, mrr@k"):
        rank_gains(np.ones(1), metric)


def test_an_interval_holds_the_true_mean_as_often_as_promised():
    rng = np.random.default_rng(5)
    inside = 0
    for _ in range(300):
        low, high = bootstrap_interval(rng.choice([0.0, 0.0, 0.5, 1.0], size=120), np.arange(120), 300, 0.9, rng)
        inside += low <= 0.375 <= high
    assert 0.84 <= inside / 300 <= 0.95


def test_the_signed_rank_test_is_that_of_scipy_without_the_users_who_agree():
    rng = np.random.default_rng(6)
    differences = rng.choice([-0.5, 0.0, 0.1, 0.3], size=200)
    expected = stats.wilcoxon(differences[differences != 0], method="approx").pvalue
    assert signed_rank_p(differences, np.arange(200)) == pytest.approx(expected, rel=1e-12)


def test_users_are_drawn_with_all_their_targets():
    """Five equal targets a user tell as much as one: an interval over targets would be sqrt(5) times too short."""
    rng = np.random.default_rng(8)
    of_users = rng.choice([-0.5, 0.0, 0.2, 1.0], size=150)
    once = bootstrap_interval(of_users, np.arange(150), 4000, 0.95, np.random.default_rng(1))
    users = np.repeat(np.arange(150), 5)
    assert bootstrap_interval(of_users[users], users, 4000, 0.95, np.random.default_rng(1)) == pytest.approx(once)
    assert signed_rank_p(of_users[users], users) == pytest.approx(signed_rank_p(of_users, np.arange(150)))


def test_users_of_many_targets_count_by_their_targets():
    rng = np.random.default_rng(9)
    users = np.repeat(np.arange(60), rng.integers(1, 6, size=60))
    values = rng.random(len(users)) + (users % 3 == 0)
    order = rng.permutation(len(users))
    low, high = bootstrap_interval(values[order], users[order], 5000, 0.95, np.random.default_rng(2))
    slow = []
    for _ in range(5000):
        drawn = np.concatenate([np.flatnonzero(users == user) for user in rng.integers(0, 60, size=60)])
        slow.append(values[drawn].mean())
    assert low == pytest.approx(np.quantile(slow, 0.025), abs=0.02)
    assert high == pytest.approx(np.quantile(slow, 0.975), abs=0.02)
    assert low < values.mean() < high


def gains_of(**ranks: np.ndarray) -> dict[str, np.ndarray]:
    return {name: rank_gains(values.astype(np.float64), "ndcg@10") for name, values in ranks.items()}


def test_compare_finds_the_better_model_and_names_the_users():
    rng = np.random.default_rng(3)
    base = rng.integers(1, 60, size=2000)
    gains = gains_of(
        base=base, better=np.maximum(1, base - rng.integers(0, 8, size=2000)), shuffled=rng.permutation(base)
    )
    results = compare(gains, np.arange(2000), reference="base", seed=4)
    first, second = results
    assert (first.name, second.name) == ("better", "shuffled")
    assert first.difference == pytest.approx((gains["better"] - gains["base"]).mean())
    assert first.low > 0
    assert first.bootstrap_p < 0.01
    raw = stats.wilcoxon(gains["better"] - gains["base"], method="approx").pvalue
    assert first.wilcoxon_p == pytest.approx(2 * raw, rel=1e-6)
    assert second.low < 0 < second.high
    assert second.bootstrap_p > 0.05
    assert compare(gains, np.arange(2000), reference="base", seed=4) == results
    assert compare(gains, np.arange(2000), reference="base", seed=5)[0].low != first.low


def test_a_difference_turns_with_its_sides():
    rng = np.random.default_rng(7)
    gains = gains_of(a=rng.integers(1, 30, size=500), b=rng.integers(1, 25, size=500))
    forth, back = (compare(gains, np.arange(500), reference=name, seed=0)[0] for name in ("a", "b"))
    assert forth.difference == pytest.approx(-back.difference)
    assert forth.low == pytest.approx(-back.high, abs=0.01)
    assert forth.wilcoxon_p == pytest.approx(back.wilcoxon_p)


def test_models_of_different_users_are_refused():
    with pytest.raises(UserError, match="models were ranked on different targets"):
        compare({"a": np.ones(3), "b": np.ones(4)}, np.arange(3), reference="a", seed=0)
    with pytest.raises(UserError, match="the reference 'c' is not one of a, b"):
        compare({"a": np.ones(3), "b": np.ones(3)}, np.arange(3), reference="c", seed=0)


def test_no_p_value_is_zero():
    assert 0 < signed_rank_p(np.linspace(1, 2, 20_000), np.arange(20_000)) < 1e-300
