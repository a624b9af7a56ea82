import math

import pytest
import torch

from seqmine.metrics.ranking import MRR, NDCG, HitRate

RANKS = torch.tensor([1, 4, 10, 11, 200])


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        (HitRate(top_k=10), 3 / 5),
        (NDCG(top_k=10), (1 + 1 / math.log2(5) + 1 / math.log2(11)) / 5),
        (MRR(top_k=10), (1 + 1 / 4 + 1 / 10) / 5),
    ],
)
def test_one_batch_and_split_batches_agree_with_the_definition(metric, expected):
    metric.update(RANKS)
    assert float(metric.compute()) == pytest.approx(expected, abs=1e-15)
    metric.reset()
    metric.update(RANKS[:1])
    metric.update(RANKS[1:])
    assert float(metric.compute()) == pytest.approx(expected, abs=1e-15)


def test_the_sum_keeps_its_digits_in_a_half_precision_model():
    model = torch.nn.ModuleDict({"hit_rate": HitRate(top_k=10)}).to(torch.bfloat16)
    for _ in range(1000):
        model["hit_rate"].update(torch.tensor([1]))
    model["hit_rate"].update(torch.tensor([99]))
    assert float(model["hit_rate"].compute()) == 1000 / 1001


def test_no_user_gives_no_number():
    metric = HitRate(top_k=10)
    metric.update(torch.zeros(0, dtype=torch.int64))
    assert math.isnan(metric.compute())
