"""A model is asked by probing what it is asked by an evaluation: every model in conf/model, with all that it may read."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from seqmine.app.subject import trained_model
from seqmine.metrics.functional import mask_candidates, top_items
from seqmine.probing.edits import whole_histories
from seqmine.probing.queries import recommended, scores_after_edits
from seqmine.runs.components import CONF_DIR, build
from seqmine.structs import columns_read

CHOICES = {path.stem: [f"model={path.stem}"] for path in sorted((CONF_DIR / "model").glob("*.yaml"))}
CONTEXTS = sorted(path.stem for path in (CONF_DIR / "model" / "context").glob("*.yaml"))
CHOICES |= {f"transformer-{name}": ["model=transformer", f"model/context=[{name}]"] for name in CONTEXTS}
CHOICES["transformer-time_gap"] = ["model=transformer", "model/positions@model.encoder=time_gap"]


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """Forty users with every column, attributes, repeats, and histories longer than what a model sees."""
    folder, random = tmp_path_factory.mktemp("log"), np.random.default_rng(0)
    lines = ["user,item,time,behavior,rating"]
    for user in range(40):
        times = np.cumsum(random.integers(1, 100_000, random.integers(4, 10)))
        for time in times:
            lines.append(
                f"u{user},i{random.integers(15)},{time},{random.choice(['view', 'buy'])},{random.integers(1, 6)}"
            )
    (folder / "log.csv").write_text("\n".join(lines) + "\n")
    items = [f"i{item},{item % 3},{item / 10}" for item in range(15)]
    (folder / "items.csv").write_text("\n".join(["item_id,kind,price", *items]) + "\n")
    users = [f"u{user},{user % 4},{user / 10}" for user in range(40)]
    (folder / "users.csv").write_text("\n".join(["user_id,country,age", *users]) + "\n")
    return folder


def settings_of(log: Path, choice: list[str]):
    columns = {"user_id": "user", "item_id": "item", "timestamp": "time", "behavior": "behavior", "rating": "rating"}
    data = [f"data.columns.{name}={column}" for name, column in columns.items()]
    data += [f"data.item_attributes.path={log}/items.csv", "data.item_attributes.categorical=[kind]"]
    data += [f"data.user_attributes.path={log}/users.csv", "data.user_attributes.categorical=[country]"]
    data += ["data.item_attributes.numeric=[price]", "data.user_attributes.numeric=[age]", "data.max_length=5"]
    overrides = ["data=interactions", f"data.path={log}/log.csv", *data, "evaluation.seen=full", *choice]
    with initialize_config_dir(str(CONF_DIR), version_base="1.3"):
        config = compose("train", overrides)
    config.paths.run, config.paths.store = str(log / "run"), str(log / "store")
    return config


@pytest.fixture(scope="module")
def datamodule(log):
    return build(settings_of(log, []).data.module, [])


def built(log: Path, datamodule, choice: list[str]):
    """Return a model with random weights, or counted, and let the data be read for it."""
    torch.manual_seed(0)
    module = build(settings_of(log, choice).model, [])(catalog=datamodule.catalog).eval()
    if hasattr(module, "recommender"):
        module.recommender.fit(datamodule.prepared.training_log(), datamodule.catalog.num_items)
    with torch.no_grad():
        for weight in module.parameters():
            weight.add_(0.1 * torch.randn_like(weight))
    datamodule.reader = module
    return module


@pytest.mark.parametrize("choice", CHOICES.values(), ids=CHOICES)
def test_unedited_histories_get_the_scores_of_the_evaluator(choice, log, datamodule):
    module = built(log, datamodule, choice)
    cases = trained_model(module, datamodule).test
    [batch] = list(datamodule.test_dataloader())
    with torch.no_grad():
        expected = module.score(batch)
    [(rows, scores)] = list(scores_after_edits(module, cases, whole_histories(cases)))
    place = {user: row for row, user in enumerate(batch.user_index.tolist())}
    order = [place[user] for user in cases.users[rows].tolist()]
    assert len(order) == len(batch)
    assert torch.equal(scores, expected[order, 1:].double())
    masked = mask_candidates(expected.clone(), batch)
    firsts = top_items(masked, 1)[:, 0]
    assert recommended(module, cases, 1)[rows, 0].tolist() == firsts[order].tolist()


def test_models_that_read_more_than_items_are_among_them(log, datamodule):
    read = [
        columns_read(built(log, datamodule, choice)) for choice in (CHOICES["hstu"], CHOICES["transformer-behavior"])
    ]
    assert read == [{"timestamps"}, {"behaviors"}]
    assert OmegaConf.select(settings_of(log, CHOICES["hstu"]), "data.max_length") == 5
