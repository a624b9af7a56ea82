import math
from itertools import pairwise

import numpy as np
import pytest

from seqmine.explanation.faithfulness.measures import (
    LOWER_IS_BETTER,
    SHARES,
    Trace,
    gini,
    is_necessary,
    measures_of,
    rank_weight,
    shares,
    tenths,
)


def drawn(size, seed=0):
    draws = np.random.default_rng(seed)
    ranks = draws.integers(1, 12, (2, size + 1))
    ranks[:, 0] = 2
    probabilities, kept = draws.random((2, size + 1))
    kept[size] = probabilities[0]
    return Trace(ranks[0], probabilities, ranks[1], kept)


def trapezoid(curve):
    return sum((before + after) / 2 for before, after in pairwise(curve)) / (len(curve) - 1)


def slow(trace, values, k, size):
    """The definitions, one event and one step at a time."""
    n = len(values)
    steps = [math.ceil(n * j / 10) for j in range(11)]
    few = [math.ceil(round(n * share, 6)) for share in SHARES]
    p, kept = trace.probabilities, trace.probabilities_kept
    is_in = trace.ranks[0] <= k
    total = sum(abs(value) for value in values)
    return {
        "PN-S": float(trace.ranks[min(size, n)] > k) if is_in else float("nan"),
        "POS-P": sum(trace.ranks[m] <= k for m in steps[1:]) / 10,
        "NEG-P": sum(trace.ranks_without_least[m] <= k for m in steps[1:]) / 10,
        "DEL": trapezoid([p[m] / p[0] for m in steps]),
        "INS": trapezoid([kept[m] / p[0] for m in steps]),
        "CDCG": sum(1 / math.log2(1 + trace.ranks[m]) for m in steps[1:]) / 10,
        "comprehensiveness": sum(p[0] - p[m] for m in few) / 5,
        "sufficiency": sum(p[0] - kept[m] for m in few) / 5,
        "size": float(next((m for m in range(n + 1) if trace.ranks[m] > k), n)) if is_in else float("nan"),
        "Gini": sum(abs(abs(a) - abs(b)) for a in values for b in values) / (2 * n * total),
    }


@pytest.mark.parametrize("size", [1, 2, 7, 10, 23, 50])
@pytest.mark.parametrize("k", [1, 2, 5])
def test_measures_are_those_of_the_definitions(size, k):
    values = np.random.default_rng(size).normal(size=size)
    found, expected = measures_of(drawn(size), values, k, 3), slow(drawn(size), values, k, 3)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, nan_ok=True), name


def test_only_small_values_of_these_are_good():
    n = 10
    # a perfect explanation: without the first event the item is gone, with it alone it is there
    gone, there = np.array([1, *[99] * n]), np.array([*[1] * n, 99])
    good = Trace(gone, np.array([0.5, *[0.01] * n]), there, np.array([0.01, *[0.5] * n]))
    bad = Trace(there, np.array([*[0.5] * n, 0.01]), gone, np.array([*[0.01] * n, 0.5]))
    values = np.arange(n) + 1.0
    best, worst = measures_of(good, values, 5, 1), measures_of(bad, values, 5, 1)
    for name in best.keys() - {"Gini"}:
        assert (best[name] < worst[name]) == (name in LOWER_IS_BETTER), name


def test_an_item_outside_the_list_has_nothing_to_lose():
    assert math.isnan(is_necessary(drawn(4), 1, 1))
    assert is_necessary(drawn(4), 2, 99) in (0.0, 1.0)  # an explanation of more events than there are deletes all


def test_an_item_that_never_leaves_needs_all_events():
    trace = Trace(np.ones(4, int), np.ones(4), np.ones(4, int), np.ones(4))
    assert measures_of(trace, np.ones(3), 5, 2)["size"] == 3


def test_parts_of_a_history_are_rounded_up():
    assert tenths(3).tolist() == [0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3]
    assert shares(100).tolist() == [1, 5, 10, 20, 50] and shares(1).tolist() == [1] * 5
    assert tenths(10).tolist() == list(range(11))


def test_gini_knows_no_sign():
    assert gini(np.array([-1.0, 1.0, 0.0, 0.0])) == pytest.approx(0.5)
    assert rank_weight(7) == pytest.approx(1 / 3)


def test_every_measure_of_one_explanation_by_hand():
    # ten events, so that a tenth is one; the two most important hold the item in the top 2
    ranks = np.array([1, 2, 3, 3, 3, 3, 3, 3, 3, 3, 7])
    chances = np.array([0.8, 0.4, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.0])
    without_least = np.array([1, 1, 1, 1, 1, 1, 1, 1, 1, 4, 7])
    kept = np.array([0.0, 0.4, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8])
    values = np.array([6.0, 2.0, *[0.0] * 8])
    found = measures_of(Trace(ranks, chances, without_least, kept), values, 2, 2)
    assert found["PN-S"] == 1  # without two it has rank 3
    assert found["size"] == 2
    assert found["POS-P"] == pytest.approx(0.1)  # in the list after one tenth alone
    assert found["NEG-P"] == pytest.approx(0.8)  # in the list until eight tenths are gone
    # trapezoids of 1, .5, .25 eight times, 0
    assert found["DEL"] == pytest.approx((0.75 + 0.375 + 7 * 0.25 + 0.125) / 10)
    assert found["INS"] == pytest.approx((0.25 + 0.75 + 8) / 10)  # of 0, .5, 1 nine times
    assert found["CDCG"] == pytest.approx((1 / math.log2(3) + 8 / 2 + 1 / 3) / 10)  # ranks 2, 3 eight times, 7
    # one event for 1, 5 and 10%, two for 20%, five for 50%
    assert found["comprehensiveness"] == pytest.approx((3 * 0.4 + 2 * 0.6) / 5)
    assert found["sufficiency"] == pytest.approx(3 * 0.4 / 5)
    assert found["Gini"] == pytest.approx((9 * 6 + 7 * 2) / (10 * 8))  # sorted, 2i - n - 1 is 9 and 7 for the last
