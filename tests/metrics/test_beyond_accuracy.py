import math

import pytest
import torch

from seqmine.metrics.beyond_accuracy import Coverage, Novelty, PopularityBias

COUNTS = torch.tensor([0, 8, 4, 2, 2, 0])


def test_coverage_counts_each_item_once_and_never_padding():
    coverage = Coverage(num_items=5)
    coverage.update(torch.tensor([[1, 2], [2, 0]]))
    coverage.update(torch.tensor([[1, 4]]))
    assert float(coverage.compute()) == 3 / 5


def test_coverage_of_two_devices_is_their_union():
    left, right = Coverage(num_items=4), Coverage(num_items=4)
    left.update(torch.tensor([[1, 2]]))
    right.update(torch.tensor([[2, 3]]))
    left.merge_state(right)
    assert float(left.compute()) == 3 / 4


def test_novelty_is_self_information_in_bits():
    novelty = Novelty(train_counts=COUNTS)
    novelty.update(torch.tensor([[1, 3, 0], [5, 0, 0]]))
    total = 8 + 4 + 2 + 2 + 1
    expected = -(math.log2(8 / total) + math.log2(2 / total) + math.log2(1 / total)) / 3
    assert float(novelty.compute()) == pytest.approx(expected, abs=1e-12)


def test_recommending_what_users_choose_has_no_popularity_bias():
    bias = PopularityBias(train_counts=COUNTS)
    events = torch.repeat_interleave(torch.arange(6), COUNTS)
    bias.update(events.reshape(-1, 2))
    assert float(bias.compute()) == pytest.approx(1.0, abs=1e-12)
    bias.reset()
    bias.update(torch.tensor([[1], [1]]))
    assert float(bias.compute()) == pytest.approx(8 / (88 / 16), abs=1e-12)
