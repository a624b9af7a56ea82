from types import SimpleNamespace

import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from omegaconf import OmegaConf

from seqmine.data.splits import LeaveOneOut
from seqmine.runs.results import best_of, protocol, table_rows
from seqmine.structs import Catalog
from seqmine.training.learning_curve import LearningCurve

NDCG = {"": 0.3, "baseline/markov/": 0.2, "baseline/popularity/": 0.1, "ceiling/": 0.4}


def test_rows_are_baselines_by_strength_then_the_model_then_the_ceiling():
    metrics = {f"{prefix}test/ndcg@10": value for prefix, value in NDCG.items()}
    names = [name for name, _ in table_rows("mine", metrics)]
    assert names == ["popularity", "markov", "mine", "ceiling"]


def test_the_epoch_that_validation_chose_is_told(tmp_path):
    checkpoint = ModelCheckpoint(dirpath=tmp_path, monitor="val/ndcg@10", mode="max")
    checkpoint.best_model_score = torch.tensor(0.5)
    curve = LearningCurve(path=str(tmp_path / "curve.png"), metric="val/ndcg@10")
    curve.history = [{"val/ndcg@10": value} for value in (0.25, 0.5, 0.125)]
    assert best_of(SimpleNamespace(callbacks=[checkpoint, curve], current_epoch=3)) == {
        "best_epoch": 1, "best_value": 0.5,
    }  # fmt: skip
    checkpoint.best_model_score = None
    assert best_of(SimpleNamespace(callbacks=[checkpoint, curve], current_epoch=0)) == {}


@pytest.mark.parametrize("behavior", [None, "buy"])
def test_the_protocol_says_all_that_numbers_depend_on(behavior):
    evaluation = {"seen": "window", "ties": "mean", "unseen_targets": "drop", "candidates": "uniform_100"}
    config = OmegaConf.create({"evaluation": evaluation, "monitor": "val/mrr@10", "seed": 7})
    prepared = SimpleNamespace(split=SimpleNamespace(val=range(4), test=range(3)))
    data = SimpleNamespace(
        split=LeaveOneOut(), max_length=9, catalog=Catalog.of_size(5), prepared=prepared, fingerprint="abc",
        target_behavior=behavior, seen="window",
    )  # fmt: skip
    stated = protocol(config, SimpleNamespace(datamodule=data))
    expected = {**evaluation, "split": "LeaveOneOut", "max_length": 9, "num_items": 5, "num_test_targets": 3,
                "data_fingerprint": "abc", "chosen_by": "val/mrr@10", "seed": 7}  # fmt: skip
    assert expected.items() <= stated.items()
    assert stated.get("target_behavior") == behavior
