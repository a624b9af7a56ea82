import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqmine.models.negatives import (
    InBatchSampler,
    MixedSampler,
    PopularitySampler,
    UniformSampler,
    prepare_samplers,
    stratified_points,
)
from seqmine.structs import Catalog, UserError

NUM_ITEMS = 12
COUNTS = torch.tensor([0, 40, 1, 1, 7, 3, 20, 2, 2, 9, 5, 1, 0])
CATALOG = replace(Catalog.of_size(NUM_ITEMS), train_counts=COUNTS)
SAMPLERS = {
    "uniform": UniformSampler(),
    "popularity": PopularitySampler(power=0.75),
    "in_batch": InBatchSampler(),
    "mixed": MixedSampler(in_batch_share=0.4),
}


@pytest.fixture(params=SAMPLERS, name="sampler")
def prepared_sampler(request):
    sampler = SAMPLERS[request.param]
    prepare_samplers(sampler, CATALOG)
    return sampler


def popular_targets(count):
    weights = COUNTS.clamp(min=1).double()
    weights[0] = 0
    return torch.multinomial(weights, count, replacement=True)


@pytest.mark.parametrize("num_negatives", [1, 5, 12, 40])
def test_measured_frequency_is_the_expected_count(sampler, num_negatives):
    torch.manual_seed(num_negatives)
    draws = 3000
    drawn, log_counts = torch.zeros(NUM_ITEMS + 1), torch.full((NUM_ITEMS + 1,), math.nan)
    for _ in range(draws):
        negatives, log_count = sampler.sample(num_negatives, popular_targets(30), NUM_ITEMS)
        drawn += torch.bincount(negatives, minlength=NUM_ITEMS + 1)
        log_counts[negatives] = log_count
    expected = log_counts[1:].exp() * draws
    assert drawn[0] == 0
    # draws of one stratum vary less than Poisson draws, and targets of a batch do not: five deviations of the latter
    assert ((drawn[1:] - expected).abs() < 5 * expected.sqrt() + 1).all()
    assert expected.sum().item() == pytest.approx(draws * num_negatives, rel=1e-3)


@settings(deadline=None)
@given(num_negatives=st.integers(1, 300), num_items=st.integers(1, 5000))
def test_uniform_stays_in_the_catalog_and_repeats_only_at_borders(num_negatives, num_items):
    negatives, log_counts = UniformSampler().sample(num_negatives, torch.ones(3, dtype=torch.int64), num_items)
    assert len(negatives) == len(log_counts) == num_negatives
    assert negatives.min() >= 1
    assert negatives.max() <= num_items
    most = negatives.bincount().max()
    assert most <= math.ceil(num_negatives / num_items) + 1


def test_uniform_draws_the_whole_catalog_once():
    negatives, log_counts = UniformSampler().sample(1000, torch.ones(1, dtype=torch.int64), 1000)
    assert negatives.tolist() == list(range(1, 1001))
    assert log_counts.abs().max() == 0


def test_points_lie_each_in_their_own_part():
    points = stratified_points(10_000)
    assert (points * 10_000).floor().tolist() == list(range(10_000))


def test_in_batch_draws_only_targets_and_all_of_them_once():
    sampler = InBatchSampler()
    prepare_samplers(sampler, CATALOG)
    targets = torch.tensor([3, 3, 9, 1])
    assert sampler.sample(4, targets, NUM_ITEMS)[0].tolist() == [3, 3, 9, 1]
    assert set(sampler.sample(50, targets, NUM_ITEMS)[0].tolist()) == {1, 3, 9}


def test_one_seed_one_draw(sampler):
    targets = popular_targets(20)
    torch.manual_seed(3)
    first = sampler.sample(9, targets, NUM_ITEMS)[0]
    torch.manual_seed(3)
    assert torch.equal(first, sampler.sample(9, targets, NUM_ITEMS)[0])


@pytest.mark.parametrize("sampler", [PopularitySampler(power=1.0), InBatchSampler(), MixedSampler(in_batch_share=0.5)])
def test_unprepared_sampler_says_so(sampler):
    with pytest.raises(RuntimeError, match="knows 0 rows of a table of 13: call prepare_samplers first"):
        sampler.sample(4, torch.tensor([1]), NUM_ITEMS)


@pytest.mark.parametrize("sampler", [InBatchSampler(), MixedSampler(in_batch_share=1.0)])
def test_correction_follows_targets_that_are_not_as_popular_as_items(sampler):
    """Item 1 is the first event of everybody: frequent in training and never a target."""
    catalog = replace(
        Catalog.of_size(4),
        train_counts=torch.tensor([0, 300, 100, 100, 100]),
        count_targets=lambda: torch.tensor([0, 0, 100, 200, 299]),
    )
    prepare_samplers(sampler, catalog)
    negatives, log_counts = sampler.sample(6, torch.tensor([2, 3, 3, 4, 4, 4]), 4)
    found = dict(zip(negatives.tolist(), log_counts.exp().tolist(), strict=True))
    assert found == pytest.approx({2: 1.0, 3: 2.0, 4: 2.99})


def test_share_outside_the_unit_interval_is_refused():
    with pytest.raises(UserError, match=r"in_batch_share is 1.5, allowed are numbers from 0 and up to 1"):
        MixedSampler(in_batch_share=1.5)
