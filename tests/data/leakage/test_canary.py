import numpy as np
import polars as pl
import pytest

from seqmine.data.engines.embedded import number_table
from seqmine.data.leakage import find_leaks
from seqmine.data.leakage.canary import exchange_targets, likely_successors
from seqmine.data.sequences import prepare_sequences
from seqmine.data.splits import LeaveOneOut
from seqmine.data.windows import LatestWindow, SlidingWindows, Windows


def events_of(seed=0, num_users=400, num_items=300, length=12):
    """Users step through the items with some noise, at times of their own; a few items are rare."""
    generator = np.random.default_rng(seed)
    users = np.repeat(np.arange(num_users), length)
    steps = np.tile(np.arange(length), num_users)
    items = (np.repeat(generator.integers(0, num_items, num_users), length) + 3 * steps) % num_items
    items = np.where(generator.random(len(items)) < 0.5, generator.integers(0, num_items, len(items)), items)
    times = np.repeat(generator.integers(0, 12_000, num_users), length) + 1000 * steps
    return pl.DataFrame({"user_id": users, "item_id": items, "timestamp": times}).cast(
        {"user_id": pl.String, "item_id": pl.String}
    )


def prepare(splitter=None, events=None):
    return prepare_sequences(number_table(events_of() if events is None else events), None, splitter or LeaveOneOut())


def report(data, splitter=None, windows=None, audit=None):
    return find_leaks(
        data,
        splitter=splitter or LeaveOneOut(),
        windows=windows or SlidingWindows(stride=3),
        max_length=5,
        audit=audit,
        seed=1,
    )


class BeyondTheEdge:
    """Augments with stretches that run into the targets."""

    def choose(self, offsets, train_stops, max_length, generator):
        users = np.flatnonzero(train_stops >= 2)
        starts = offsets[users]
        return Windows(users, starts, offsets[users + 1], starts + 1)


def test_canary_alone_finds_training_on_targets():
    clean = next(c for c in report(prepare()).checks if c.name == "exchanged targets cannot be predicted")
    assert clean.passed
    leaky = next(
        check
        for check in report(prepare(), windows=BeyondTheEdge()).checks
        if check.name == "exchanged targets cannot be predicted"
    )
    assert not leaky.passed
    assert "standard deviations" in leaky.detail


@pytest.mark.parametrize("seed", range(8))
def test_canary_is_quiet_on_clean_data(seed):
    found = find_leaks(
        prepare(events=events_of(seed)),
        splitter=LeaveOneOut(),
        windows=LatestWindow(),
        max_length=12,
        audit=None,
        seed=seed,
    )
    assert found.passed


def test_likely_successors_equal_counting():
    generator = np.random.default_rng(0)
    before, after = generator.integers(1, 6, 200), generator.integers(1, 9, 200)
    expected = set()
    for item in range(1, 6):
        counts = np.bincount(after[before == item], minlength=9)
        ranked = sorted(np.flatnonzero(counts), key=lambda other: (-counts[other], other))[:3]
        expected |= {item * 9 + other for other in ranked}
    assert set(likely_successors(before, after, 8, 3).tolist()) == expected


def test_targets_of_a_part_are_exchanged_among_its_users_and_nothing_else():
    data = prepare()
    log, split = data.log, data.split
    exchanged = exchange_targets(log, split, np.random.default_rng(0))
    is_target = np.zeros(log.num_events, bool)
    for part in (split.val, split.test):
        events = (log.offsets[part.users] + part.positions)[part.positions < log.lengths[part.users]]
        is_target[events] = True
        assert sorted(exchanged.items[events]) == sorted(log.items[events])
        assert (exchanged.items[events] != log.items[events]).mean() > 0.9
    assert (exchanged.items[~is_target] == log.items[~is_target]).all()
