from types import SimpleNamespace

import pytest
from omegaconf import OmegaConf

from seqmine.data.features import Features
from seqmine.data.splits import LeaveOneOut
from seqmine.runs.results import protocol, table_rows
from seqmine.structs import Catalog

NDCG = {"": 0.3, "baseline/markov/": 0.2, "baseline/popularity/": 0.1, "ceiling/": 0.4}


def test_rows_are_baselines_by_strength_then_the_model_then_the_ceiling():
    metrics = {f"{prefix}test/ndcg@10": value for prefix, value in NDCG.items()}
    names = [name for name, _ in table_rows("mine", metrics)]
    assert names == ["popularity", "markov", "mine", "ceiling"]


@pytest.mark.parametrize("behaviors", [None, ("buy",), ("cart", "buy")])
@pytest.mark.parametrize("horizon", [None, 5])
def test_the_protocol_says_all_that_numbers_depend_on(behaviors, horizon):
    evaluation = {"seen": "window", "ties": "mean", "unseen_targets": "drop", "candidates": "uniform_100"}
    config = OmegaConf.create({"evaluation": evaluation, "monitor": "val/mrr@10", "seed": 7})
    prepared = SimpleNamespace(split=SimpleNamespace(val=range(4), test=range(3)))
    data = SimpleNamespace(
        split=LeaveOneOut(), max_length=9, catalog=Catalog.of_size(5), prepared=prepared, fingerprint="abc",
        target_behaviors=behaviors, seen="window", features=Features(horizon=horizon),
    )  # fmt: skip
    stated = protocol(config, SimpleNamespace(datamodule=data, limit_test_batches=1.0))
    expected = {**evaluation, "split": "LeaveOneOut", "max_length": 9, "num_items": 5, "num_test_targets": 3,
                "data_fingerprint": "abc", "chosen_by": "val/mrr@10", "seed": 7}  # fmt: skip
    assert expected.items() <= stated.items()
    assert stated.get("horizon") == (horizon and "5 events")
    assert stated.get("target_behavior") == (behaviors and ", ".join(behaviors))
