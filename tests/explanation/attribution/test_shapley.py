from itertools import permutations

import numpy as np
import pytest

from seqmine.explanation.attribution.shapley import ShapleyExplainer, exact_values, sampled_values
from seqmine.explanation.question import Question
from seqmine.probing.cases import Cases
from seqmine.structs import UserError
from tests.explanation.models import Table


def game(items):
    """Three items of which 1 and 2 only work together, in this order."""
    together = 1 in items and 2 in items and items.index(1) < items.index(2)
    return [0.3 * (3 in items) - 0.2 * len(items), 2.0 * together + 0.1 * len(items) ** 2, 0.0, 0.0]


def explainer(**changes):
    return ShapleyExplainer(**({"max_exact": 8, "num_orders": 6, "seed": 0, "batch_size": 16} | changes))


def slow(values, size):
    shares = np.zeros(size)
    orders = list(permutations(range(size)))
    for order in orders:
        number = 0
        for place in order:
            shares[place] += values[number | 1 << place] - values[number]
            number |= 1 << place
    return shares / len(orders)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 5])
def test_exact_values_are_means_over_all_orders_and_add_up(size):
    values = np.random.default_rng(size).normal(size=1 << size)
    found = exact_values(values)
    assert np.allclose(found.values, slow(values, size))
    assert abs(found.gap) < 1e-12


def test_all_orders_give_the_exact_values():
    values = np.random.default_rng(0).normal(size=8)
    orders = np.array(list(permutations(range(3))))
    prefixes = [sum(1 << place for place in order[:step]) for order in orders.tolist() for step in range(4)]
    found = sampled_values(values[prefixes], orders)
    assert np.allclose(found.values, exact_values(values).values)


@pytest.mark.parametrize("max_exact", [8, 0])
def test_shares_add_up_to_the_difference_between_the_whole_and_the_empty_history(max_exact):
    cases = Cases.of_histories([[1, 3, 2, 3], [3]], max_length=9, seen="none")
    model = Table(4, game)
    for found, case in zip(
        explainer(max_exact=max_exact).explain(model, cases, [Question(0, 2), Question(1, 1)]), (0, 1), strict=True
    ):
        item = 2 - case
        full, empty = (np.array(game(items)) for items in (cases.history(case), []))
        logs = [scores[item - 1] - np.log(np.exp(scores).sum()) for scores in (full, empty)]
        assert found.values.sum() == pytest.approx(logs[0] - logs[1], abs=1e-6)
        assert abs(found.gap) < 1e-6


def test_longer_histories_are_sampled_alike_whatever_else_is_asked():
    cases = Cases.of_histories([[1, 3, 2, 3, 1], [3, 1, 2]], max_length=9)
    model = Table(4, game)
    alone = explainer(max_exact=2).explain(model, cases, [Question(1, 2)])[0]
    beside = explainer(max_exact=2).explain(model, cases, [Question(0, 2), Question(1, 2)])[1]
    assert alone.values.tolist() == beside.values.tolist()
    assert (
        explainer(max_exact=2, seed=1).explain(model, cases, [Question(1, 2)])[0].values.tolist()
        != alone.values.tolist()
    )


def test_settings_are_checked():
    with pytest.raises(UserError, match="max_exact is 13, allowed are 0 to 12"):
        explainer(max_exact=13)
    with pytest.raises(UserError, match="num_orders is 0"):
        explainer(num_orders=0)
