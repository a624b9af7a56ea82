import numpy as np
import pytest

from seqmine.explanation.attribution.lime import LimeExplainer, weighted_ridge
from seqmine.explanation.question import Question
from seqmine.probing.cases import Cases
from seqmine.structs import UserError
from tests.explanation.models import Additive

SETTINGS = {"num_samples": 60, "kernel_width": 0.25, "ridge": 0.0, "seed": 0, "batch_size": 32}
WEIGHTS = [0.0, 1.0, -0.5, 0.25, 0.0, 0.0]


def test_shares_of_an_additive_model_are_its_weights():
    cases = Cases.of_histories([[1, 2, 3, 1]], max_length=9)
    found = LimeExplainer(**SETTINGS).explain(Additive(WEIGHTS, item=4), cases, [Question(0, 4)])[0]
    assert np.allclose(found.values, [1.0, -0.5, 0.25, 1.0])
    shrunk = LimeExplainer(**{**SETTINGS, "ridge": 50.0}).explain(Additive(WEIGHTS, item=4), cases, [Question(0, 4)])[0]
    assert 0 < shrunk.values[0] < 0.7


def test_near_histories_count_more():
    drawn = LimeExplainer(**SETTINGS)._draw(6)
    assert drawn[0].all() and not drawn[1:].all(axis=1).any()
    assert set(drawn[1:].sum(axis=1).tolist()) == set(range(6))  # from no event to all but one
    weights = LimeExplainer(**SETTINGS)._weights(drawn)
    order = np.argsort(drawn.sum(axis=1), kind="stable")
    assert (np.diff(weights[order]) >= 0).all() and weights[0] == 1


def test_the_regression_is_that_of_the_normal_equations():
    draws = np.random.default_rng(0)
    inputs, values, weights = draws.normal(size=(30, 4)), draws.normal(size=30), draws.random(30)
    columns = np.column_stack([np.ones(30), inputs])
    penalty = np.diag([0.0, 0.7, 0.7, 0.7, 0.7])
    expected = np.linalg.solve(columns.T @ np.diag(weights) @ columns + penalty, columns.T @ (weights * values))
    assert np.allclose(weighted_ridge(inputs, values, weights, 0.7), expected[1:])


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("kernel_width", 0.0, "kernel_width is 0.0"),
        ("ridge", -1.0, "ridge is -1.0"),
        ("num_samples", 0, "num_samples is 0"),
    ],
)
def test_settings_are_checked(name, value, words):
    with pytest.raises(UserError, match=words):
        LimeExplainer(**{**SETTINGS, name: value})
