import pytest
import torch
from torchmetrics import MaxMetric

from seqmine.metrics.own import MeanOf, own_metrics


def test_a_function_of_the_ranks_is_averaged_over_users():
    metric = MeanOf(lambda ranks: 1 / ranks)
    metric.update(torch.tensor([1, 2]))
    metric.update(torch.tensor([4]))
    assert float(metric.compute()) == pytest.approx((1 + 1 / 2 + 1 / 4) / 3)


def test_metrics_that_are_given_are_not_shared():
    given = MaxMetric()
    first, second = own_metrics({"worst": given}), own_metrics({"worst": given})
    first["worst"].update(torch.tensor([3.0]))
    second["worst"].update(torch.tensor([7.0]))
    assert float(first["worst"].compute()) == 3.0
