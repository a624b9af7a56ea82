from functools import partial
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
import torch
from lightning import LightningModule, Trainer

from seqmine.data.batching import Batching
from seqmine.data.cleaning.edges import WholeLog
from seqmine.data.cleaning.pipeline import Cleaning
from seqmine.data.datamodule import SequenceDataModule
from seqmine.data.sources.sequences import SequenceFile
from seqmine.data.splits import LeaveOneOut
from seqmine.data.windows import LatestWindow
from seqmine.metrics.evaluator import RankingEvaluator
from seqmine.models.baselines.ease import EASE
from seqmine.models.baselines.popularity import Popularity
from seqmine.structs import UserError
from seqmine.training.evaluation import RankingEvaluation
from tests.listing import Listing
from tests.tiny import call, train


class Fixed(LightningModule):
    """Gives every item the same score."""

    def __init__(self, num_items: int, value: float) -> None:
        super().__init__()
        self.num_items, self.value = num_items, value

    def validation_step(self, batch, batch_index):
        return torch.full((len(batch), self.num_items + 1), self.value)

    test_step = validation_step


class Falling(LightningModule):
    """Scores an item the lower the higher its number."""

    def __init__(self, num_items: int) -> None:
        super().__init__()
        self.num_items = num_items

    def score(self, batch):
        return -torch.arange(self.num_items + 1.0).repeat(len(batch), 1)

    def validation_step(self, batch, batch_index):
        return self.score(batch)

    test_step = validation_step


class Naming(LightningModule):
    """Names the items that another model scores best."""

    longest_list = 30

    def __init__(self, model) -> None:
        super().__init__()
        self.listing = Listing(model)

    def top(self, batch, k, seen):
        return self.listing.top(batch, k, seen)

    def validation_step(self, batch, batch_index):
        """Do nothing: the evaluation asks for the lists."""

    test_step = validation_step


def evaluate(small_log, tmp_path, value: float, model=None, stage="test", **baselines) -> RankingEvaluation:
    data = SequenceDataModule(
        source=SequenceFile(path=str(small_log)), cleaning=Cleaning(steps=[], edge=WholeLog()), split=LeaveOneOut(), windows=LatestWindow(), max_length=8, batching=Batching(batch_size=16, eval_batch_size=32), seen="full", seed=0, store=str(tmp_path),
    )  # fmt: skip
    callback = RankingEvaluation(
        metrics=partial(RankingEvaluator, cutoffs=[10]), baselines=baselines or {"popularity": Popularity()}
    )
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu"}
    trainer = Trainer(callbacks=[callback], use_distributed_sampler=False, default_root_dir=str(tmp_path), **quiet)
    model = model or (lambda num_items: Fixed(num_items, value))
    getattr(trainer, stage)(model(data.catalog.num_items), data, verbose=False)
    return callback


def test_a_constant_model_hits_nothing_and_baselines_stand_beside_it(small_log, tmp_path):
    callback = evaluate(small_log, tmp_path, 1.0)
    assert callback.results["test/hit_rate@10"] == 0.0
    assert callback.results["test/loss"] == pytest.approx(torch.tensor(float(30)).log().item(), rel=0.02)
    assert callback.results["baseline/popularity/test/hit_rate@10"] > 0.1
    assert callback.per_user["test"].columns == ["user_id", "position", "split", "item_id", "rank"]


def test_scores_that_are_not_numbers_are_an_error_never_a_hit(small_log, tmp_path):
    with pytest.raises(ValueError, match="NaN"):
        evaluate(small_log, tmp_path, float("nan"))


def test_a_fit_needs_no_baselines():
    callback = RankingEvaluation(
        metrics=partial(RankingEvaluator, cutoffs=[10]), baselines={"popularity": Popularity()}
    )
    catalog = SimpleNamespace(num_items=3, train_counts=torch.tensor([0, 1, 1, 1]))
    callback.setup(SimpleNamespace(datamodule=SimpleNamespace(catalog=catalog)), SimpleNamespace(device="cpu"), "fit")
    assert callback.results == {}


class Recorded(Popularity):
    """Keeps the log that it was fitted on."""

    def fit(self, log, num_items):
        self.log = log
        super().fit(log, num_items)


def test_baselines_know_the_training_part_alone(small_log, tmp_path):
    callback = evaluate(small_log, tmp_path, 1.0, popularity=Recorded())
    histories = [line.split()[1:] for line in small_log.read_text().splitlines()]
    assert callback.baselines["popularity"].log.lengths.sum() == sum(len(history) - 2 for history in histories)


def test_a_model_is_held_against_what_is_blind_to_order(small_log, tmp_path):
    """A constant model misses everything, so the gain is minus what EASE reaches."""
    callback = evaluate(small_log, tmp_path, 1.0, ease=EASE(regularization=5.0), popularity=Popularity())
    gain = callback.results["baseline/ease/order_gain/ndcg@10"]
    assert gain == pytest.approx(-callback.results["baseline/ease/test/ndcg@10"]) and gain < 0
    assert callback.results["baseline/ease/order_gain/low"] <= gain <= callback.results["baseline/ease/order_gain/high"]
    assert not any("order_gain" in name for name in callback.results if "popularity" in name)


@pytest.mark.parametrize("stage", ["validate", "test"])
def test_a_model_that_names_items_has_the_numbers_of_its_scores_but_no_loss(small_log, tmp_path, stage):
    scored = evaluate(small_log, tmp_path, 0.0, model=Falling, stage=stage)
    named = evaluate(small_log, tmp_path, 0.0, model=lambda num_items: Naming(Falling(num_items)), stage=stage)
    part = {"validate": "val", "test": "test"}[stage]
    assert scored.results[f"{part}/hit_rate@10"] > 0.2
    assert {**named.results, f"{part}/loss": scored.results[f"{part}/loss"]} == scored.results
    assert f"{part}/loss" not in named.results and "val/loss" not in named.validation_names
    hits = (scored.per_user[part]["rank"] <= 10).to_list()
    assert (named.per_user[part]["rank"] <= 10).to_list() == hits


class NamedPopularity(Popularity):
    """A baseline that names its best items too."""

    longest_list = 30

    def top(self, batch, k, seen):
        return Listing(super()).top(batch, k, seen)


def test_a_baseline_may_name_its_items(small_log, tmp_path):
    results = evaluate(small_log, tmp_path, 1.0, named=NamedPopularity(), plain=Popularity()).results
    named = {name: value for name, value in results.items() if name.startswith("baseline/named/")}
    assert named and named == {name: results[name.replace("named", "plain")] for name in named}


def test_lists_that_are_too_short_are_refused_before_anything_is_ranked(small_log, tmp_path):
    with pytest.raises(UserError, match="the lists of the model have at most 3 items and 10 are needed"):
        evaluate(small_log, tmp_path, 0.0, model=lambda n: setattr(one := Naming(Falling(n)), "longest_list", 3) or one)


def test_items_that_training_never_saw_are_ranked_by_their_content_alone(small_log, tmp_path):
    """Items stand on a circle, each followed by its neighbor: where they stand tells what comes next of a new one too."""
    angles = np.arange(30) * 2 * np.pi / 30
    columns = {"item_id": [f"i{item + 1}" for item in range(30)], "x": np.cos(angles), "y": np.sin(angles)}
    pl.DataFrame(columns).write_csv(tmp_path / "items.csv")
    circle = [f"data.item_attributes.path={tmp_path}/items.csv", "data.item_attributes.numeric=[x,y]"]
    cold = ["data/cleaning=cold_items", "data.cleaning.steps.1.share=0.2", "evaluation.unseen_targets=score"]
    learned = ["trainer.max_epochs=6", "optimizer.lr=0.03", "scheduler=constant"]
    content = ["model/item_table=content", "model.item_table.own_dropout=0.5"]
    settings = [*circle, *cold, *learned, *content, "evaluation.seen=none"]
    folder = train(small_log, tmp_path / "run", *settings)
    known = set(pl.read_parquet(folder / "catalog.parquet")["item_id"])
    ranks = pl.read_parquet(folder / "per_user.parquet").filter(split="test")
    of_cold = ranks.filter(~pl.col("item_id").is_in(list(known)))
    assert 20 <= len(known) < 30 and len(of_cold) > 20
    assert of_cold["rank"].mean() < 11 and (ranks["rank"] <= 5).mean() > 0.5  # chance is 15
    again = call("evaluate", tmp_path / "again", f"run={folder}")
    assert pl.read_parquet(again / "per_user.parquet").filter(split="test")["rank"].equals(ranks["rank"])
    kept = call("evaluate", tmp_path / "kept", f"run={folder}", "evaluation.unseen_targets=keep")
    missed = pl.read_parquet(kept / "per_user.parquet").filter(split="test").join(of_cold, on="user_id", how="semi")
    assert (missed["rank"] == len(known) + 1).all()
