import numpy as np
import pytest
import torch

from seqmine.explanation.attribution.input_x_gradient import InputXGradientExplainer
from seqmine.explanation.question import Question
from seqmine.probing.cases import Cases
from tests.explanation.models import linear_module


def test_shares_are_inner_products_with_the_gradient_and_the_gap_is_what_they_miss():
    module, cases = linear_module(5), Cases.of_histories([[1, 2, 2]], max_length=9)
    [found] = InputXGradientExplainer().explain(module, cases, [Question(0, 4)])
    table = module.item_embedding.weight.detach().double().numpy()[1:]
    vectors = 2 * table[[0, 1, 1]]

    def log_probability(hidden):
        scores = table @ hidden
        return scores[3] - np.log(np.exp(scores).sum())

    scores = table @ vectors.sum(0)
    gradient = table[3] - np.exp(scores - np.log(np.exp(scores).sum())) @ table
    assert np.allclose(found.values, vectors @ gradient, atol=1e-4)
    difference = log_probability(vectors.sum(0)) - log_probability(np.zeros(4))
    assert found.gap == pytest.approx(found.values.sum() - difference, abs=1e-4)
    assert torch.is_grad_enabled()
