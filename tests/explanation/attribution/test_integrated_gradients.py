import numpy as np
import pytest
import torch

from seqmine.explanation.attribution.gradients import VectorScore, mean_vector
from seqmine.explanation.attribution.integrated_gradients import IntegratedGradientsExplainer
from seqmine.explanation.question import Question
from seqmine.probing.cases import Cases
from seqmine.structs import UserError
from tests.explanation.models import linear_module

SETTINGS = {"num_steps": 32, "max_steps": 64, "tolerance": 1e-3, "batch_size": 10}


def test_shares_of_a_linear_model_of_two_items_are_known_in_closed_form():
    module, cases = linear_module(2), Cases.of_histories([[1, 2, 2, 2]], max_length=3)
    [found] = IntegratedGradientsExplainer(**SETTINGS).explain(module, cases, [Question(0, 1)])
    table = 2 * module.item_embedding.weight.detach().double().numpy()[1:]
    direction = (table[0] - table[1]) / 2
    way = (table[[1, 1, 1]] - table.mean(0)) @ direction  # along which the log-odds move
    log_odds = [
        -(np.log1p(np.exp(-shift))) for shift in (table[[1, 1, 1]].sum(0) @ direction, 3 * table.mean(0) @ direction)
    ]
    difference = log_odds[0] - log_odds[1]
    assert np.allclose(found.values, way / way.sum() * difference, atol=1e-4)
    assert found.gap == pytest.approx(0, abs=1e-4)


def test_steps_are_doubled_until_the_gap_is_small_or_no_more_are_allowed():
    module, cases = linear_module(6), Cases.of_histories([[1, 2, 3, 5]], max_length=9)
    with torch.no_grad():
        module.item_embedding.weight *= 3  # a steep softmax, which few points miss
    rough = IntegratedGradientsExplainer(**{**SETTINGS, "num_steps": 1, "max_steps": 1}).explain(
        module, cases, [Question(0, 4)]
    )[0]
    fine = IntegratedGradientsExplainer(**{**SETTINGS, "num_steps": 1, "max_steps": 256}).explain(
        module, cases, [Question(0, 4)]
    )[0]
    assert abs(rough.gap) > 20 * abs(fine.gap)


def test_shares_are_those_of_captum():
    captum = pytest.importorskip("captum.attr", reason="captum is not installed")
    module, cases = linear_module(6), Cases.of_histories([[1, 2, 3]], max_length=9)
    score = VectorScore.of(module, cases, Question(0, 4))
    expected = captum.IntegratedGradients(score).attribute(
        score.vectors[None], mean_vector(module).expand_as(score.vectors)[None], n_steps=64, method="gausslegendre"
    )
    exact = IntegratedGradientsExplainer(**{**SETTINGS, "num_steps": 64})
    [found] = exact.explain(module, cases, [Question(0, 4)])
    assert np.allclose(found.values, expected[0].sum(1).detach().numpy(), atol=1e-4)


@pytest.mark.parametrize(("name", "value"), [("num_steps", 0), ("max_steps", 31), ("tolerance", 0.0)])
def test_settings_are_checked(name, value):
    with pytest.raises(UserError, match=f"{name} is {value}"):
        IntegratedGradientsExplainer(**{**SETTINGS, name: value})
