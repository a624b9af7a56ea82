import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqmine.models.losses.gbce import GBCE, gbce_exponent
from seqmine.models.negatives import UniformSampler
from seqmine.structs import UserError


class FixedSampler:
    def __init__(self, negatives):
        self.negatives = negatives

    def sample(self, num_negatives, targets, num_items):
        return self.negatives, torch.zeros(len(self.negatives))


def reference(hidden, targets, items, negatives, beta, weight):
    losses, shift = [], math.log(beta / (weight * len(negatives)))
    for vector, target in zip(hidden, targets.tolist(), strict=True):
        positive = torch.sigmoid(vector @ items[target] + shift) ** beta
        others = [torch.log(1 - torch.sigmoid(vector @ items[n] + shift)) for n in negatives.tolist() if n != target]
        losses.append(-(torch.log(positive) + weight * sum(others)) / (weight * len(negatives) + 1))
    return torch.stack(losses).mean()


@pytest.mark.parametrize("calibration", [0.0, 0.75, 1.0])
@pytest.mark.parametrize("num_negatives", [4, 2])
def test_value_and_gradient_match_the_formula_of_the_paper(num_negatives, calibration):
    """With as many negatives as are drawn, and with fewer, where each that is drawn counts less."""
    torch.manual_seed(0)
    hidden = torch.randn(20, 4, dtype=torch.float32, requires_grad=True)
    items = torch.randn(11, 4, requires_grad=True)
    targets, negatives = torch.randint(1, 11, (20,)), torch.tensor([1, 4, 4, 10])
    alpha = num_negatives / 9
    beta = alpha * (calibration * (1 - 1 / alpha) + 1 / alpha)
    loss = GBCE(num_negatives=num_negatives, num_drawn=4, sampler=FixedSampler(negatives), calibration=calibration)
    ours = loss(hidden, targets, items)
    expected = reference(hidden, targets, items, negatives, beta, num_negatives / 4)
    assert ours.item() == pytest.approx(expected.item(), rel=1e-5)
    for mine, theirs in zip(
        torch.autograd.grad(ours, [hidden, items]), torch.autograd.grad(expected, [hidden, items]), strict=True
    ):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-6)


@settings(deadline=None)
@given(num_negatives=st.integers(1, 500), num_items=st.integers(2, 400), calibration=st.floats(0, 1))
def test_exponent_lies_between_the_sampling_rate_and_one(num_negatives, num_items, calibration):
    beta = gbce_exponent(num_negatives, num_items, calibration)
    assert min(1.0, num_negatives / (num_items - 1)) - 1e-9 <= beta <= 1.0


def test_calibration_out_of_range_is_refused():
    with pytest.raises(UserError, match=r"calibration is 2.0, allowed are numbers from 0 and up to 1"):
        GBCE(num_negatives=1, num_drawn=1, sampler=UniformSampler(), calibration=2.0)


@pytest.mark.parametrize("name", ["num_negatives", "num_drawn"])
def test_no_negatives_are_refused(name):
    counts = {"num_negatives": 1, "num_drawn": 1, name: 0}
    with pytest.raises(UserError, match=rf"{name} is 0, allowed are whole numbers from 1"):
        GBCE(**counts, sampler=UniformSampler(), calibration=0.5)


@pytest.mark.parametrize("calibration", [0.0, 0.75])
def test_no_constant_is_better_than_none(calibration):
    """Scores of zero are where the best constant is: a model need not move all vectors together to reach it."""
    loss = GBCE(num_negatives=20, num_drawn=100, sampler=UniformSampler(), calibration=calibration)
    targets, hidden = torch.arange(1, 101), torch.ones(100, 1)
    constant, less, more = (loss(hidden, targets, torch.full((101, 1), score)) for score in (0.0, -0.2, 0.2))
    assert constant < less
    assert constant < more


def test_the_whole_catalog_is_the_mean_over_the_negatives_of_each_position():
    """Drawn for each position alone, as in the paper, the loss scatters around what the whole catalog gives at once."""
    torch.manual_seed(0)
    hidden, items = torch.randn(1, 4), torch.randn(31, 4)
    target = torch.tensor([7])
    whole = GBCE(num_negatives=5, num_drawn=4096, sampler=UniformSampler(), calibration=0.5)(hidden, target, items)
    alone = GBCE(num_negatives=5, num_drawn=5, sampler=UniformSampler(), calibration=0.5)
    draws = torch.stack([alone(hidden, target, items) for _ in range(3000)])
    assert whole.item() == pytest.approx(draws.mean().item(), abs=4 * draws.std().item() / 3000**0.5)
    assert draws.std() > 0
