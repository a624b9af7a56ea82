from dataclasses import replace

import pytest
import torch

from seqmine.models.losses.sampled_softmax import SampledSoftmax
from seqmine.models.negatives import (
    InBatchSampler,
    MixedSampler,
    PopularitySampler,
    UniformSampler,
    prepare_samplers,
)
from seqmine.structs import Catalog, UserError


class FixedSampler:
    def __init__(self, negatives, log_counts):
        self.negatives, self.log_counts = negatives, log_counts

    def sample(self, num_negatives, targets, num_items):
        return self.negatives, self.log_counts


def reference(hidden, targets, items, negatives, log_counts, temperature):
    losses = []
    for vector, target in zip(hidden, targets.tolist(), strict=True):
        positive = vector @ items[target] / temperature
        others = [
            vector @ items[negative] / temperature - log_count
            for negative, log_count in zip(negatives.tolist(), log_counts, strict=True)
            if negative != target
        ]
        losses.append(torch.logsumexp(torch.stack([positive, *others]), 0) - positive)
    return torch.stack(losses).mean()


def make_inputs(num_rows=37, num_items=25, dim=6):
    torch.manual_seed(0)
    hidden = torch.randn(num_rows, dim, requires_grad=True)
    items = torch.randn(num_items + 1, dim, requires_grad=True)
    return hidden, torch.randint(1, num_items + 1, (num_rows,)), items


@pytest.mark.parametrize("temperature", [0.2, 1.0])
def test_value_and_gradient_match_a_loop(temperature):
    hidden, targets, items = make_inputs()
    negatives, log_counts = torch.tensor([4, 9, 4, 1, 25]), torch.tensor([0.1, -2.0, 0.1, 0.5, 1.0])
    loss = SampledSoftmax(num_negatives=5, sampler=FixedSampler(negatives, log_counts), temperature=temperature)
    ours = loss(hidden, targets, items)
    expected = reference(hidden, targets, items, negatives, log_counts, temperature)
    assert ours.item() == pytest.approx(expected.item(), rel=1e-6)
    for mine, theirs in zip(
        torch.autograd.grad(ours, [hidden, items]), torch.autograd.grad(expected, [hidden, items]), strict=True
    ):
        torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-7)


def test_tiles_do_not_change_the_result(monkeypatch):
    hidden, targets, items = make_inputs(num_rows=100)
    loss = SampledSoftmax(num_negatives=25, sampler=UniformSampler())
    whole = loss(hidden, targets, items)
    gradients = torch.autograd.grad(whole, [hidden, items])
    monkeypatch.setattr("seqmine.models.losses.shared_negatives._TILE_BYTES", {"cpu": 1, "cuda": 1})
    tiled = loss(hidden, targets, items)
    assert tiled.item() == pytest.approx(whole.item(), rel=1e-6)
    for one, other in zip(torch.autograd.grad(tiled, [hidden, items]), gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    "sampler", [UniformSampler(), PopularitySampler(power=1.0), InBatchSampler(), MixedSampler(in_batch_share=0.5)]
)
def test_correction_makes_the_normalizer_unbiased(sampler):
    """The mean over draws of the sum over negatives is the sum over the catalog without the target."""
    torch.manual_seed(1)
    counts = torch.tensor([0, 50, 10, 5, 20, 5, 5, 3, 2])
    prepare_samplers(sampler, replace(Catalog.of_size(8), train_counts=counts))
    hidden, items, target = torch.randn(1, 4), torch.randn(9, 4), torch.tensor([3])
    scores = (items @ hidden[0]).exp()
    exact = (scores[1:].sum() - scores[3]).item()
    total, draws = 0.0, 1000
    for _ in range(draws):
        batch_targets = torch.multinomial(counts.double(), 16, replacement=True)
        negatives, log_counts = sampler.sample(12, batch_targets, 8)
        loss = SampledSoftmax(num_negatives=12, sampler=FixedSampler(negatives, log_counts))(hidden, target, items)
        total += (loss.exp().item() - 1) * scores[3].item()
    assert total / draws == pytest.approx(exact, rel=0.1)


def test_a_row_whose_negatives_are_all_its_target_costs_nothing():
    hidden, items = torch.randn(1, 4, requires_grad=True), torch.randn(5, 4)
    loss = SampledSoftmax(num_negatives=2, sampler=FixedSampler(torch.tensor([2, 2]), torch.zeros(2)))
    value = loss(hidden, torch.tensor([2]), items)
    value.backward()
    assert value.item() == 0
    assert hidden.grad.abs().max() == 0


def test_autocast_keeps_the_softmax_in_single_precision():
    hidden, targets, items = make_inputs(num_rows=200, dim=32)
    loss = SampledSoftmax(num_negatives=25, sampler=UniformSampler())
    exact = loss(hidden, targets, items)
    with torch.autocast("cpu", torch.bfloat16):
        low = loss(hidden, targets, items)
    assert low.dtype == torch.float32
    assert low.item() == pytest.approx(exact.item(), rel=5e-3)
    low.backward()
    assert hidden.grad.dtype == items.grad.dtype == torch.float32


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"num_negatives": 0}, "num_negatives is 0, allowed are whole numbers from 1"),
        ({"temperature": 0.0}, "temperature is 0.0, allowed are numbers from 0.001"),
    ],
)
def test_settings_out_of_range_are_refused(setting, message):
    with pytest.raises(UserError, match=message):
        SampledSoftmax(**{"num_negatives": 2, "sampler": UniformSampler(), **setting})
