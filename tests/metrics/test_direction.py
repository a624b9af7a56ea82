import pytest

from seqmine.metrics.beyond_accuracy import Coverage, Novelty, PopularityBias
from seqmine.metrics.direction import best_place, direction
from seqmine.metrics.ranking import MRR, NDCG, HitRate

KINDS = {"coverage": Coverage, "novelty": Novelty, "popularity_bias": PopularityBias, "mrr": MRR, "ndcg": NDCG,
         "hit_rate": HitRate}  # fmt: skip


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("part", ["val", "test"])
def test_a_metric_is_best_where_its_class_says(part, name):
    assert direction(f"{part}/{name}@10") == ("max" if KINDS[name].higher_is_better else "min")


@pytest.mark.parametrize("name", ["val/loss", "train/loss", "train/contrast", "time/total_s", "memory/peak_mib"])
def test_losses_and_costs_are_best_at_their_lowest(name):
    assert direction(name) == "min"


def test_a_value_that_is_no_number_is_never_the_best():
    nan = float("nan")
    assert best_place([nan, 0.2, 0.1, nan, 0.1], "val/loss") == 2
    assert best_place([nan, 0.2, 0.1, nan, 0.2], "val/mrr@5") == 1
