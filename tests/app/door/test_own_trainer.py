"""Data module and sequence module fit and validate under a ``lightning.Trainer`` of one's own, without a word of Hydra."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import lightning
import pytest
import torch

import seqmine as sm
from seqmine.metrics.evaluator import RankingEvaluator
from seqmine.structs import UserError
from seqmine.training.evaluation import RankingEvaluation

README = (Path(__file__).parents[3] / "README.md").read_text()


def own_trainer(folder, epochs: int, *callbacks: lightning.Callback) -> lightning.Trainer:
    return lightning.Trainer(
        accelerator="cpu",
        max_epochs=epochs,
        callbacks=list(callbacks),
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=folder,
    )


def test_a_model_is_fitted_and_validated_by_a_trainer_of_ones_own(data, tmp_path):
    lightning.seed_everything(3, verbose=False)
    small = ["model.embedding_dim=16", "optimizer.lr=0.03", "scheduler=constant"]
    module = sm.build_model(data, model="gru", overrides=small)
    evaluation = RankingEvaluation(metrics=partial(RankingEvaluator, cutoffs=[10]), baselines={})
    [before] = own_trainer(tmp_path, 1, evaluation).validate(module, data.datamodule, verbose=False)
    trainer = own_trainer(tmp_path, 20, evaluation)
    trainer.fit(module, data.datamodule)
    assert trainer.current_epoch == 20
    during = {name: float(value) for name, value in trainer.callback_metrics.items()}
    assert during["train/loss"] < torch.log(torch.tensor(data.num_items)).item()
    [after] = trainer.validate(module, data.datamodule, verbose=False)
    assert after["val/ndcg@10"] > before["val/ndcg@10"] + 0.1
    assert after["val/ndcg@10"] == during["val/ndcg@10"]
    assert len(evaluation.per_user["val"]) == data.num_users


def test_the_example_of_the_readme_runs(data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    example = next(block for block in README.split("```python\n") if "sm.build_model(" in block).split("```")[0]
    small = "max_epochs=1, accelerator='cpu', logger=False, enable_checkpointing=False, enable_progress_bar=False"
    assert "max_epochs=20" in example
    names = {"lightning": lightning, "sm": sm, "data": data}
    exec(example.replace("max_epochs=20", small), names)
    assert 0 <= names["trainer"].callback_metrics["val/ndcg@10"] <= 1


@pytest.mark.parametrize(
    ("model", "overrides", "setting"),
    [("bert4rec", [], "data.task"), ("cl4srec", [], "data.task"), ("gru", ["data.max_length=7"], "data.max_length")],
)
def test_a_model_that_needs_other_batches_is_refused(data, model, overrides, setting):
    with pytest.raises(UserError, match=f"{model}.*another {setting} than the data module.*overrides of prepare"):
        sm.build_model(data, model=model, overrides=overrides)


def test_a_model_has_the_batches_that_its_data_were_prepared_for(data):
    masked = replace(data, settings=(*data.settings, "data/task=masked_item", "data.max_length=7"))
    assert sm.build_model(masked, model="bert4rec", overrides=["model.embedding_dim=8"]).num_items == data.num_items
