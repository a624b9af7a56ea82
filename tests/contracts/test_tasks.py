"""What every encoder must do together with the task that its yaml brings: predict nothing that it is shown."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from seqmine.data.collate import TrainingCollate
from seqmine.data.windows import LatestWindow
from seqmine.runs.components import build
from seqmine.structs import Catalog, InteractionLog

CONF = Path(__file__).resolve().parents[2] / "conf"
MODELS = sorted(path.stem for path in (CONF / "model").glob("*.yaml") if "encoder" in OmegaConf.load(path))
TASKS = sorted(path.stem for path in (CONF / "data" / "task").glob("*.yaml"))
NUM_ITEMS = 40
RANDOM = np.random.default_rng(0)
# no item twice in a history, so that an item names an event
LOG = InteractionLog.from_lists([(RANDOM.permutation(NUM_ITEMS)[:length] + 1).tolist() for length in (13, 9, 6, 2)])


def composed(*overrides):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose("train", [*overrides, "data.max_length=12", "model.embedding_dim=16"])
    config.run_name = config.paths.run = "none"
    return config


def built(config):
    torch.manual_seed(0)
    collate = build(config.data.task, [])(log=LOG, train_stops=LOG.lengths)
    module = build(config.model, [])(catalog=Catalog.of_size(NUM_ITEMS)).eval()
    windows = LatestWindow().choose(LOG.offsets, LOG.lengths, 12, np.random.default_rng(0))
    return module, collate(windows, np.arange(len(windows)), np.random.default_rng(0))


def shown_to_itself(module, batch):
    """Return the steps whose state changes when the item that they are to predict is another one in the input."""
    found = []
    for row, step in batch.targets.nonzero().tolist():
        item = batch.targets[row, step]
        # the target itself stands at its own step, or at the next one of a task that asks what comes next
        for place in (step, step + 1):
            if place < batch.lengths[row] and batch.items[row, place] == item:
                other = batch.to("cpu")
                other.items = batch.items.clone()
                other.items[row, place] = item % NUM_ITEMS + 1
                difference = (module(batch) - module(other))[row, step].abs().max()
                found += [(row, step)] if difference > 1e-5 else []
                break
    return found


@pytest.mark.parametrize("name", MODELS)
def test_no_state_depends_on_what_it_is_to_predict(name):
    module, batch = built(composed(f"model={name}"))
    assert (batch.targets > 0).sum() >= 4
    with torch.no_grad():
        assert shown_to_itself(module, batch) == []


def test_a_pair_that_shows_its_targets_is_caught():
    module, batch = built(composed("model=bert4rec", "data/task=next_item"))
    with torch.no_grad():
        assert len(shown_to_itself(module, batch)) > 10


@pytest.mark.parametrize("name", TASKS)
def test_a_task_makes_batches_of_training_events(name):
    config = composed(f"data/task={name}", *(["data/augmentation=mask"] if name == "two_views" else []))
    collate = build(config.data.task, [])(log=LOG, train_stops=LOG.lengths)
    assert isinstance(collate, TrainingCollate)
    windows = LatestWindow().choose(LOG.offsets, LOG.lengths, 12, np.random.default_rng(0))
    batch = collate(windows, np.arange(len(windows)), np.random.default_rng(0))
    assert len(batch) == 4
    for row, user in enumerate(batch.user_index.tolist()):
        assert set(batch.targets[row].tolist()) - {0} <= set(LOG.history(user).tolist())
    assert not batch.items[~batch.valid_mask].any() and not batch.targets[~batch.valid_mask].any()


@pytest.mark.parametrize("key", ["mask_share", "last_share"])
def test_every_value_of_the_masked_task_matters(key):
    hidden = [
        (built(composed("model=bert4rec", f"data.task.{key}={value}"))[1].items == 0).tolist() for value in (0.1, 1.0)
    ]
    assert hidden[0] != hidden[1]
