"""What is measured is what is delivered: for every model and protocol the lists hit as often as the metrics say."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from hydra import compose, initialize_config_dir
from omegaconf import DictConfig, OmegaConf

from seqmine.data.datamodule import SequenceDataModule
from seqmine.metrics.evaluator import RankingEvaluator
from seqmine.models.baselines.module import BaselineModule
from seqmine.runs.components import CONF_DIR, build
from seqmine.serving.histories import Histories
from seqmine.serving.recommendations import ListSettings, recommend_to
from tests.listing import Listing

MODELS = sorted(path.stem for path in (CONF_DIR / "model").glob("*.yaml"))
COUNTED = [name for name in MODELS if "recommender" in OmegaConf.load(CONF_DIR / "model" / f"{name}.yaml")]
TOP_K = 5


def write_log(path: Path, histories: list[np.ndarray]) -> Path:
    """Write histories whose events are hours apart."""
    rows = [
        f"u{user},i{item},{1_600_000_000 + 3600 * (10 * place + user % 7)}"
        for user, items in enumerate(histories)
        for place, item in enumerate(items)
    ]
    path.write_text("\n".join(["user_id,item_id,timestamp", *rows]) + "\n")
    return path


@pytest.fixture(scope="module")
def mixed(tmp_path_factory) -> Path:
    """People who come back in half of their last events; every item has a training count of its own."""
    random = np.random.default_rng(0)
    pool = random.permutation(np.repeat(np.arange(30), np.arange(3, 33)))
    histories = []
    for part in np.array_split(pool, 80):
        last = [random.choice(part) if random.random() < 0.5 else random.integers(30) for _ in range(4)]
        histories.append(np.concatenate([part, last]))
    return write_log(tmp_path_factory.mktemp("mixed") / "log.csv", histories)


@pytest.fixture(scope="module")
def returning(tmp_path_factory) -> Path:
    """People who go round their own four things of a hundred, and take a new one in one of twelve events."""
    random = np.random.default_rng(1)
    histories = []
    for _ in range(150):
        own = random.permutation(100)[:4]
        items = np.resize(own, random.integers(8, 14))
        strange = random.random(len(items)) < 1 / 12
        histories.append(np.where(strange, random.integers(0, 100, len(items)), items))
    return write_log(tmp_path_factory.mktemp("returning") / "log.csv", histories)


def composed(path: Path, name: str) -> DictConfig:
    settings = [f"model={name}", "data=interactions", f"data.path={path}", "data.max_length=6"]
    settings += [f"paths.store={path.parent}", "data/split=leave_last_k"]
    settings += [] if name in COUNTED else ["model.embedding_dim=16"]
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        config = compose("train", settings)
    config.run_name = config.paths.run = "none"
    return config


def data_of(config: DictConfig, seen: str) -> SequenceDataModule:
    config.evaluation.seen = seen
    return build(config.data.module, [])


def module_of(config: DictConfig) -> torch.nn.Module:
    """Build a model, fitted where it is counted."""
    torch.manual_seed(0)
    data = data_of(config, "none")
    module = build(config.model, [])(catalog=data.catalog).eval()
    if isinstance(module, BaselineModule):
        module.recommender.fit(data.prepared.training_log(), data.catalog.num_items)
    return module


def ranks_of(module: torch.nn.Module, data: SequenceDataModule, ties: str = "pessimistic") -> pl.DataFrame:
    """Return what an evaluation measures: user, position and rank of each test target."""
    counts, data.reader = data.catalog.train_counts, module
    settings = {"ties": ties, "candidates": data.features.candidates.among}
    evaluator = RankingEvaluator(num_items=data.catalog.num_items, train_counts=counts, **settings)
    with torch.no_grad():
        for batch in data.test_dataloader():
            evaluator.update(module.score(batch), batch)
    users, positions, targets, ranks = (column.numpy() for column in evaluator.per_user())
    names = {"user_id": [data.prepared.user_ids[user] for user in users], "position": positions}
    return pl.DataFrame({**names, "item_id": [data.prepared.item_id(item) for item in targets], "rank": ranks})


def hits_of(module: torch.nn.Module, data: SequenceDataModule, targets: pl.DataFrame) -> np.ndarray:
    """Tell of each target whether the list that is delivered before it holds it."""
    prepared = data.prepared
    ends = prepared.split.test
    histories = Histories(prepared.log, prepared.user_ids, ends, data.max_length, periods=data.periods)
    lists = pl.concat(recommend_to(module, data.catalog, histories, ListSettings(TOP_K, 64, data.seen)))
    assert lists["rank"].max() <= TOP_K
    keys = ["user_id", "position", "item_id"]
    found = targets.join(lists.select(keys).with_columns(hit=True), on=keys, how="left", maintain_order="left")
    return found["hit"].fill_null(value=False).to_numpy()


def require_alike(module: torch.nn.Module, data: SequenceDataModule, most_ties: float) -> float:
    """Hold the lists against the metrics, target by target, and return the hit rate of the lists.

    A tie at the end of a list counts against the model, and may be won in the list.
    """
    targets = ranks_of(module, data)
    measured, delivered = (targets["rank"] <= TOP_K).to_numpy(), hits_of(module, data, targets)
    could_be = (ranks_of(module, data, ties="optimistic")["rank"] <= TOP_K).to_numpy()
    assert (measured <= delivered).all() and (delivered <= could_be).all()
    assert (measured != could_be).mean() <= most_ties
    return float(delivered.mean())


@pytest.mark.parametrize("name", MODELS)
def test_lists_hit_the_targets_that_the_metrics_count(mixed, name):
    config = composed(mixed, name)
    module = module_of(config)
    for seen, candidates in (("full", "full"), ("window", "full"), ("none", "full"), ("full", "available")):
        config.evaluation.candidates = candidates
        data = data_of(config, seen)
        assert data.seen == seen and len(data.prepared.split.test) > 150
        # shares of a few events tie
        assert require_alike(module, data, most_ties=0.3 if name in COUNTED else 0.0) > 0.02


@pytest.mark.parametrize("name", ["markov", "sasrec"])
def test_a_model_that_names_its_items_is_measured_and_delivered_as_by_its_scores(mixed, name):
    config = composed(mixed, name)
    scored = module_of(config)
    named = Listing(scored)
    for seen, candidates in (("full", "full"), ("none", "full"), ("full", "available")):
        config.evaluation.candidates = candidates
        data = data_of(config, seen)
        evaluators = [
            RankingEvaluator(
                num_items=30, train_counts=data.catalog.train_counts, cutoffs=[TOP_K, 20], candidates=among
            )
            for among in [data.features.candidates.among] * 2
        ]
        data.reader = scored
        with torch.no_grad():
            for batch in data.test_dataloader():
                evaluators[0].update(scored.score(batch), batch)
                evaluators[1].update_lists(named, batch)
        by_scores, by_lists = (evaluator.compute() for evaluator in evaluators)
        ranked = [name for name in by_scores if name.split("@")[0] in ("hit_rate", "ndcg", "mrr")]
        assert [by_lists[name] for name in ranked] == [by_scores[name] for name in ranked]
        test = data.prepared.split.test
        histories = Histories(data.prepared.log, data.prepared.user_ids, test, data.max_length, periods=data.periods)
        settings = ListSettings(TOP_K, 64, data.seen)
        lists = [pl.concat(recommend_to(one, data.catalog, histories, settings)) for one in (scored, named)]
        assert lists[0].equals(lists[1])
        targets = ranks_of(scored, data).drop("rank")
        hits = lists[1].join(targets, on=["user_id", "position", "item_id"]).height / len(targets)
        assert by_lists[f"hit_rate@{TOP_K}"] <= hits <= by_lists[f"hit_rate@{TOP_K}"] + (0.3 if name == "markov" else 0)


@pytest.mark.parametrize("name", ["markov", "sasrec"])
def test_a_log_of_returns_is_not_measured_by_what_cannot_be_delivered(returning, name):
    """Nearly every target was seen: with the filter hardly anything can be hit, and the log asks for none."""
    config = composed(returning, name)
    module = module_of(config)
    assert require_alike(module, data_of(config, "full"), most_ties=0.05) < 0.1
    asked = data_of(config, "auto")
    assert asked.seen == "none"
    assert require_alike(module, asked, most_ties=0.05) > (0.4 if name == "markov" else 0.0)


@pytest.mark.parametrize("name", COUNTED)
def test_no_counted_model_is_blind_to_items_that_people_come_back_to(returning, name):
    """Popularity, which knows nobody, hits what chance gives; whoever looks at the history finds more, also in noise."""
    config = composed(returning, name)
    data = data_of(config, "auto")
    hit_rate = (ranks_of(module_of(config), data)["rank"] <= TOP_K).mean()
    chance = TOP_K / data.catalog.num_items
    least = 0.4 if "popularity" in name else 2 if name.startswith("private") else 4
    assert hit_rate > least * chance
