"""What every augmentation that has a yaml in conf/data/augmentation must do; a new one is tested as soon as it is there.

A rule of what augmentations keep stands in the same folder; it changes nothing itself.
"""

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from omegaconf import OmegaConf

from seqmine.data.augmentations import Augmentation, KeepingRule, prepare_augmentations
from seqmine.data.collate import MaskedItemCollate, NextItemCollate, TwoViewCollate
from seqmine.data.leakage.checks import batches_blind_to_held_out
from seqmine.data.rows import training_rows
from seqmine.data.splits import LeaveOneOut
from seqmine.data.windows import LatestWindow, PrefixWindows
from seqmine.structs import InteractionLog

CONF = Path(__file__).resolve().parents[2] / "conf"
RULES = {"keep_patterns"}
NAMES = sorted({path.stem for path in (CONF / "data" / "augmentation").glob("*.yaml")} - RULES - {"none"})
MAX_LENGTH, NUM_ITEMS = 30, 50
RANDOM = np.random.default_rng(0)
LOG = InteractionLog.from_lists(
    [RANDOM.integers(1, NUM_ITEMS + 1, RANDOM.integers(4, 40)).tolist() for _ in range(120)]
)
SPLIT = LeaveOneOut().split(LOG)
ROWS = {"next item": 1, "item itself": 0}


def config_of(name):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose(overrides=[f"+data/augmentation={name}", f"+data.max_length={MAX_LENGTH}"])
    return OmegaConf.create(OmegaConf.to_container(config.data.augmentation, resolve=True))


def build(config):
    (augmentation,) = instantiate(config).values()
    prepare_augmentations([augmentation], LOG, SPLIT.train_stops)
    return augmentation


def windows_of(choice):
    return choice.choose(LOG.offsets, SPLIT.train_stops, MAX_LENGTH, np.random.default_rng(0))


def rows_of(ahead, choice=None):
    windows = windows_of(choice or LatestWindow())
    return training_rows(LOG, windows, np.arange(len(windows)), ahead)


@pytest.fixture(params=NAMES, name="augmentation")
def augmentation_of_each_yaml(request):
    return build(config_of(request.param))


@pytest.fixture(params=ROWS.values(), ids=ROWS.keys(), name="ahead")
def distance_of_the_target(request):
    return request.param


def columns(rows):
    return rows.events, rows.items, rows.targets, rows.lengths, rows.kept


def test_there_is_something_to_test():
    assert set(NAMES) == {"crop", "insert", "mask", "reorder", "substitute"}


def test_rows_stay_rows(augmentation, ahead):
    before = rows_of(ahead)
    copies = copy.deepcopy(before)
    after = augmentation(before, np.random.default_rng(1))
    assert isinstance(augmentation, Augmentation)
    assert len(after) == len(before)
    assert after.lengths.min() >= 1 and after.lengths.max() <= MAX_LENGTH + 1
    assert (after.items[~after.valid] == 0).all()
    assert (after.events[~after.valid] == -1).all() and (after.targets[~after.valid] == -1).all()
    assert [column.dtype for column in columns(after)] == 4 * [np.int64] + [np.bool_]
    assert all((one == other).all() for one, other in zip(columns(before), columns(copies), strict=True))


def test_no_rows_give_no_rows(augmentation, ahead):
    nothing = rows_of(ahead).take_rows(np.empty(0, np.int64))
    assert len(augmentation(nothing, np.random.default_rng(1))) == 0


@pytest.mark.parametrize("choice", [LatestWindow(), PrefixWindows()], ids=["latest", "prefixes"])
def test_targets_are_those_of_the_row_each_at_most_once(augmentation, ahead, choice):
    before = rows_of(ahead, choice)
    after = augmentation(before, np.random.default_rng(1))
    for row in range(len(before)):
        asked = after.targets[row][after.targets[row] >= 0].tolist()
        assert len(set(asked)) == len(asked)
        assert set(asked) <= set(before.targets[row].tolist()) - {-1}
    assert (after.targets >= 0).sum() >= 0.4 * (before.targets >= 0).sum()


def test_what_comes_next_is_never_shown_before(augmentation):
    after = augmentation(rows_of(1), np.random.default_rng(1))
    for events, targets in zip(after.events, after.targets, strict=True):
        for step in np.flatnonzero(targets >= 0):
            assert targets[step] not in events[: step + 1]


def test_a_step_that_is_to_be_hidden_is_its_own_target(augmentation):
    after = augmentation(rows_of(0), np.random.default_rng(1))
    asked = after.targets >= 0
    assert (after.events[asked] == after.targets[asked]).all()


def test_shown_items_are_those_of_the_row_or_near_them_in_training(augmentation, ahead):
    near = {(0, 0)}
    for user in range(LOG.num_users):
        history = LOG.history(user)[: SPLIT.train_stops[user]].tolist()
        near |= {(one, other) for at, one in enumerate(history) for other in history[max(0, at - 3) : at + 4]}
    after = augmentation(rows_of(ahead), np.random.default_rng(1))
    own = np.where(after.valid, LOG.items[after.events], 0)
    shown = set(zip(own.flatten().tolist(), after.items.flatten().tolist(), strict=True))
    assert {(one, other) for one, other in shown if other} <= near


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("share", [0.2, 0.7, 1.0])
def test_kept_steps_stay_as_they_are(augmentation, ahead, share, seed):
    before = rows_of(ahead)
    before = before.take_rows(before.lengths <= MAX_LENGTH * 0.9)  # a longer one may lose its oldest events to new ones
    generator = np.random.default_rng(seed)
    before = replace(before, kept=before.valid & (generator.random(before.items.shape) < share))
    after = augmentation(before, generator)
    for row in range(len(before)):
        for column in ("events", "items"):
            was, became = getattr(before, column)[row], getattr(after, column)[row]
            assert was[before.kept[row]].tolist() == became[after.kept[row]].tolist()
        if before.kept[row].sum() == before.lengths[row]:
            assert after.targets[row][after.valid[row]].tolist() == before.targets[row][before.valid[row]].tolist()
    assert share == 1.0 or (after.items.shape, after.items.tolist()) != (before.items.shape, before.items.tolist())
    if ahead:
        for events, targets in zip(after.events, after.targets, strict=True):
            for step in np.flatnonzero(targets >= 0):
                assert targets[step] not in events[: step + 1]


def test_one_seed_one_result(augmentation, ahead):
    before = rows_of(ahead)
    one, again, other = (augmentation(before, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert all((a == b).all() for a, b in zip(columns(one), columns(again), strict=True))
    assert one.items.shape != other.items.shape or (one.items != other.items).any()


@pytest.mark.parametrize(
    "collate",
    [NextItemCollate, lambda **parts: MaskedItemCollate(mask_share=0.2, last_share=0.1, **parts), TwoViewCollate],
)
@pytest.mark.parametrize("name", NAMES)
def test_held_out_events_change_nothing(collate, name):
    def task(**parts):
        return collate(augmentations=instantiate(config_of(name)), **parts)

    check = batches_blind_to_held_out(LOG, SPLIT, windows_of(LatestWindow()), task, num_items=NUM_ITEMS, seed=0)
    assert check.passed, check.detail


VALUES = [(name, key) for name in NAMES for key in config_of(name)[name] if not key.startswith("_")]


@pytest.mark.parametrize(("name", "key"), VALUES, ids=str)
def test_every_value_of_the_yaml_matters(name, key):
    config = config_of(name)
    value = config[name][key]
    config[name][key] = value // 2 if isinstance(value, int) else value / 2 + 0.2
    one, other = (build(part)(rows_of(1), np.random.default_rng(0)) for part in (config_of(name), config))
    assert one.items.shape != other.items.shape or (one.items != other.items).any()


@pytest.mark.parametrize("name", sorted(RULES))
def test_a_rule_marks_steps_of_the_training_part(name):
    (rule,) = instantiate(config_of(name)).values()
    assert isinstance(rule, KeepingRule) and not isinstance(rule, Augmentation)
    rule.prepare(LOG.first_events(SPLIT.train_stops))
    kept = rule.find_kept(rows_of(1), LOG)
    assert kept.shape == rows_of(1).items.shape and kept.dtype == np.bool_


def test_a_list_is_applied_in_its_order():
    orders = {}
    for names in ("mask,insert", "insert,mask"):
        with initialize_config_dir(str(CONF), version_base="1.3"):
            orders[names] = list(compose("train", [f"data/augmentation=[{names}]"]).data.augmentation)
    assert orders == {names: names.split(",") for names in orders}


def test_augmentations_reach_the_training_batches_in_their_order():
    parts = instantiate(OmegaConf.create({**config_of("mask"), **config_of("reorder")}))
    collate = NextItemCollate(log=LOG, train_stops=SPLIT.train_stops, augmentations=parts)
    windows, rows = windows_of(LatestWindow()), np.arange(20)
    batch = collate(windows, rows, np.random.default_rng(5))
    generator, expected = np.random.default_rng(5), training_rows(LOG, windows, rows, 1)
    for part in parts.values():
        expected = part(expected, generator)
    assert batch.items.tolist() == expected.items.tolist()
    assert replace(batch, views=None).lengths.tolist() == expected.lengths.tolist()
