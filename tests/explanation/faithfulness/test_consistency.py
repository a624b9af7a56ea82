import math

import numpy as np
import pytest
import torch

from seqmine.explanation.attribution.chance import ChanceExplainer
from seqmine.explanation.attribution.deletion import DeletionExplainer
from seqmine.explanation.attribution.input_x_gradient import InputXGradientExplainer
from seqmine.explanation.attribution.recency import RecencyExplainer
from seqmine.explanation.faithfulness.consistency import (
    ConsistencyTest,
    rank_correlation,
    shared_leaders,
    shuffled,
    thinned,
)
from seqmine.explanation.question import Question
from seqmine.probing.cases import Cases
from seqmine.structs import UserError
from tests.explanation.models import Additive, linear_module


def consistency(**changes):
    settings = {"dropped": 0.2, "peers": {}, "size": 2, "num_resamples": 200, "confidence": 0.95, "seed": 0}
    return ConsistencyTest(**(settings | changes))


def asked(cases, item=9):
    return [Question(case, item) for case in range(len(cases))]


@pytest.fixture(scope="module")
def cases():
    draws = np.random.default_rng(0)
    return Cases.of_histories([(draws.permutation(8)[:6] + 1).tolist() for _ in range(30)], max_length=6)


def test_rank_correlation_by_hand():
    # ranks 1 3 2 4 and 4 1 2 3: products of what they differ from 2.5, -2.25 - .75 + .25 + .75 = -2, over 5
    assert rank_correlation(np.array([0.1, 9.0, 5.0, 10.0]), np.array([7.0, 1.0, 2.0, 3.0])) == pytest.approx(-0.4)
    # two ties: ranks 1.5 1.5 3 and 1 2 3: (.5 + 0 + 1) / sqrt(1.5 * 2)
    assert rank_correlation(np.array([0.0, 0.0, 1.0]), np.array([1.0, 2.0, 3.0])) == pytest.approx(1.5 / 3**0.5)
    assert math.isnan(rank_correlation(np.array([1.0, 1.0]), np.array([1.0, 2.0])))
    assert math.isnan(rank_correlation(np.array([1.0]), np.array([2.0])))


def test_shared_leaders_by_hand():
    one, other = np.array([5.0, 4.0, 3.0, 0.0]), np.array([0.0, 4.0, 3.0, 5.0])
    assert shared_leaders(one, other, 3) == pytest.approx(2 / 3)
    assert shared_leaders(one, other, 1) == 0 and shared_leaders(one, other, 9) == 1


def test_a_thinned_history_lacks_events_and_keeps_the_rest_in_order(cases):
    thinner, kept = thinned(cases, 0.4, 1)
    for case in range(len(cases)):
        assert len(kept[case]) == 4  # a fifth of six is rounded to two
        assert thinner.history(case) == [cases.history(case)[place] for place in kept[case].tolist()]
    one, whole = thinned(Cases.of_histories([[1], [1, 2]], max_length=6), 0.99, 1)
    assert one.history(0) == [1] and len(one.history(1)) == 1 and whole[0].tolist() == [0]


def test_older_events_may_move_into_the_input():
    thinner, kept = thinned(Cases.of_histories([[1, 2, 3, 4, 5, 6]], max_length=3), 0.3, 0)
    assert len(thinner.history(0)) == 3 and thinner.history(0)[0] == 3
    assert thinner.history(0)[1:] == [[4, 5, 6][place] for place in kept[0].tolist()]


def test_shares_of_an_additive_model_are_perfectly_stable(cases):
    model = Additive([0.0, *np.linspace(0.1, 1, 8), 0.0, 0.0], 9)
    found = consistency().measure(DeletionExplainer(batch_size=64), model, cases, asked(cases))
    assert found.stability == pytest.approx(1)
    assert found.randomization is None  # it has no parameters


def test_a_method_that_asks_the_model_explains_another_one_differently(cases):
    questions = [Question(case, case % 9 + 1) for case in range(len(cases))]
    model = linear_module(9, embedding_dim=16)
    found = consistency().measure(DeletionExplainer(batch_size=64), model, cases, questions)
    assert found.depends_on_model and found.low > 0.1
    assert abs(found.randomization) < 0.4 < found.stability


@pytest.mark.parametrize("explainer", [RecencyExplainer(), ChanceExplainer(seed=1)])
def test_a_method_that_does_not_ask_the_model_is_found_out(cases, explainer):
    found = consistency().measure(explainer, linear_module(9), cases, asked(cases))
    assert found.randomization == pytest.approx(1) and not found.depends_on_model


def test_methods_that_fit_are_compared(cases):
    peers = {
        "gradient": InputXGradientExplainer(),
        "recency": RecencyExplainer(),
        "same": DeletionExplainer(batch_size=9),
    }
    one = DeletionExplainer(batch_size=64)
    assert consistency(peers=peers).measure(one, linear_module(9), cases, asked(cases)).agreement.keys() == {
        "gradient",
        "recency",
    }
    model = Additive([0.0, *np.linspace(0.1, 1, 8), 0.0, 0.0], 9)
    found = consistency(peers=peers).measure(one, model, cases, asked(cases)).agreement
    assert found.keys() == {"recency"} and abs(found["recency"].correlation) < 0.4


def test_a_shuffled_model_keeps_lengths_and_zeros_and_nothing_else():
    model = linear_module(9)
    other = shuffled(model, 0)
    table, rows = model.item_embedding.weight, other.item_embedding.weight
    assert torch.allclose(table.norm(dim=1), rows.norm(dim=1)) and not torch.allclose(table, rows)
    assert torch.equal(table.sort(dim=1).values, rows.sort(dim=1).values) and not rows[0].any()


def test_the_share_is_checked():
    with pytest.raises(UserError, match="dropped is 1, allowed are shares between 0 and 1"):
        consistency(dropped=1)
