from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from seqmine.data.batching import Batching, TargetBatches, TrainingBatches, counted_batches, mixed_batches
from seqmine.data.collate import HistoryCollate, NextItemCollate
from seqmine.data.splits import LeaveOneOut
from seqmine.data.targets import Targets
from seqmine.data.windows import LatestWindow, SlidingWindows
from seqmine.structs import InteractionLog, SequenceBatch, UserError

RANDOM = np.random.default_rng(0)
LOG = InteractionLog.from_lists([RANDOM.integers(1, 20, RANDOM.integers(3, 40)).tolist() for _ in range(101)])
SPLIT = LeaveOneOut().split(LOG)


def training_batches(seed=0, rank=0, world_size=1, epoch=0, done=0) -> TrainingBatches:
    return TrainingBatches(
        log=LOG, collate=NextItemCollate(log=LOG, train_stops=SPLIT.train_stops), train_stops=SPLIT.train_stops,
        windows=LatestWindow(), max_length=30, batching=Batching(batch_size=8), seed=seed, rank=rank, world_size=world_size,
        progress=lambda: (epoch, done),
    )  # fmt: skip


def users_of(batches) -> list[list[int]]:
    return [batch.user_index.tolist() for batch in batches]


@given(st.lists(st.integers(1, 50), min_size=1, max_size=300), st.integers(1, 20))
@example([1] * 10, 3)
def test_every_row_is_in_one_batch(lengths, batch_size):
    batches = mixed_batches(np.array(lengths), batch_size, np.random.default_rng(0))
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
    assert max(map(len, batches)) <= batch_size
    assert all((np.diff(np.array(lengths)[rows]) >= 0).all() for rows in batches)


@given(st.integers(1, 200), st.integers(1, 20), st.integers(1, 60))
def test_no_batch_is_empty_however_many_there_are(num_rows, batch_size, num_batches):
    batching = Batching(batch_size=batch_size)
    batches = batching.divide(np.arange(num_rows) % 7, np.random.default_rng(0), num_batches)
    assert len(batches) == min(num_batches, num_rows)
    assert min(map(len, batches)) > 0
    assert sorted(np.concatenate(batches).tolist()) == list(range(num_rows))


def test_padding_is_small():
    """Tokens computed in groups stay within 10% of the useful ones (whole batches of this log compute 60% more)."""
    computed = useful = 0
    for batch in training_batches():
        computed += sum(group.items.numel() for group in batch.in_groups())
        useful += int(batch.lengths.sum())
    assert useful <= computed <= 1.1 * useful


@pytest.mark.parametrize("batch_size", [100, 98, 99])
def test_batches_have_one_mix_of_lengths(batch_size):
    lengths = np.random.default_rng(0).integers(1, 50, 4000)
    batches = mixed_batches(lengths, batch_size, np.random.default_rng(1))
    means = [lengths[rows].mean() for rows in batches]
    assert np.std(means) < 3 * lengths.std() / batch_size**0.5
    assert min(map(len, batches)) > 0.9 * batch_size


def test_order_is_a_function_of_seed_and_epoch():
    assert users_of(training_batches(seed=3, epoch=2)) == users_of(training_batches(seed=3, epoch=2))
    assert users_of(training_batches(seed=3, epoch=2)) != users_of(training_batches(seed=3, epoch=3))
    assert users_of(training_batches(seed=3)) != users_of(training_batches(seed=4))


def test_an_interrupted_epoch_goes_on_where_it_stopped():
    whole = users_of(training_batches(epoch=1))
    assert users_of(training_batches(epoch=1, done=5)) == whole[5:]


@pytest.mark.parametrize("world_size", [2, 3])
def test_devices_share_an_epoch_without_overlap(world_size):
    parts = [users_of(training_batches(rank=rank, world_size=world_size)) for rank in range(world_size)]
    assert len({len(part) for part in parts}) == 1
    assert len(parts[0]) == len(training_batches(rank=0, world_size=world_size))
    users = [user for part in parts for batch in part for user in batch]
    assert sorted(users) == sorted(user for batch in users_of(training_batches()) for user in batch)


def test_nobody_is_trained_on_twice_for_want_of_histories():
    most = len(training_batches().epoch_windows(0))
    assert len(training_batches(world_size=most)) == 1
    with pytest.raises(UserError, match=rf"and {most} histories .* set trainer\.devices to at most {most}"):
        len(training_batches(world_size=most + 1))


@pytest.mark.parametrize("limits", [{"batch_size": 8}, {"batch_size": 8, "batch_tokens": 60}], ids=["rows", "tokens"])
@pytest.mark.parametrize("world_size", [1, 2, 3])
def test_every_epoch_has_as_many_batches_although_its_windows_change(limits, world_size):
    """Lightning counts the batches once: it does not validate after a shorter epoch, and cuts a longer one off."""
    num_windows, first, most = set(), None, 0
    for epoch in range(30):
        windows, rows = set(), []
        for rank in range(world_size):
            batches = training_batches(rank=rank, world_size=world_size, epoch=epoch)
            batches.windows, batches.batching, batches.max_length = SlidingWindows(stride=3), Batching(**limits), 7
            batches.collate = lambda windows, rows, generator: rows.tolist()
            found = list(batches)
            first = len(found) if first is None else first
            assert len(found) == len(batches) == first
            rows += [row for batch in found for row in batch]
            most = max(most, *map(len, found))
            windows.add(len(batches.epoch_windows(epoch)))
        assert sorted(rows) == list(range(windows.pop()))
        num_windows.add(len(rows))
    assert len(num_windows) > 1
    assert most <= 8 + 4


@pytest.mark.parametrize("world_size", [1, 2, 3, 20])
def test_devices_evaluate_the_batches_of_one_and_who_has_none_counts_nobody(world_size):
    """In single precision a score depends on what stands in a batch with it."""
    collate = HistoryCollate(log=LOG, max_length=30, seen="full")
    items = LOG.items[LOG.offsets[SPLIT.test.users] + SPLIT.test.positions]
    targets = Targets(SPLIT.test.users, SPLIT.test.positions)

    def of_device(rank: int, world_size: int) -> list:
        batches = TargetBatches(
            targets=targets, items=items, collate=collate, batch_size=7, rank=rank, world_size=world_size
        )
        found = list(batches)
        assert len(found) == len(batches) >= 1
        return found

    every = [batch for rank in range(world_size) for batch in of_device(rank, world_size)]
    counted = [batch for batch in every if batch.num_targets]
    assert sorted(users_of(counted)) == sorted(users_of(of_device(0, 1)))
    assert sorted(user for users in users_of(counted) for user in users) == SPLIT.test.users.tolist()
    assert len(every) - len(counted) == max(0, world_size - 15)


def test_what_the_collate_draws_is_a_function_of_seed_epoch_and_batch():
    """Also in an epoch that goes on where it stopped, and on any device."""
    draws = {}

    def drawing(**settings):
        batches = training_batches(**settings)
        batches.collate = lambda windows, rows, generator: (rows.tolist(), generator.random())
        return list(batches)

    for epoch in (0, 1):
        draws[epoch] = drawing(epoch=epoch)
        assert drawing(epoch=epoch) == draws[epoch]
        assert drawing(epoch=epoch, done=4) == draws[epoch][4:]
        both = [value for rank in (0, 1) for _, value in drawing(epoch=epoch, rank=rank, world_size=2)]
        assert len(set(both)) == len(both)
        assert {value for _, value in draws[epoch]} <= set(both)
    values = [value for epoch in draws for _, value in draws[epoch]]
    assert len(set(values)) == len(values)
    assert drawing(seed=1) != draws[0]


@given(st.lists(st.integers(0, 50), min_size=1, max_size=300), st.integers(1, 20), st.integers(1, 200))
def test_a_token_budget_bounds_every_batch_but_that_of_one_long_row(lengths, batch_size, batch_tokens):
    lengths = np.array(lengths)
    batches = Batching(batch_size=batch_size, batch_tokens=batch_tokens).divide(lengths, np.random.default_rng(0))
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lengths)))
    for rows in batches:
        assert len(rows) <= batch_size
        assert len(rows) == 1 or len(rows) * lengths[rows].max() <= batch_tokens
    again = Batching(batch_size=batch_size, batch_tokens=batch_tokens).divide(lengths, np.random.default_rng(1))
    assert len(again) == len(batches)


@pytest.mark.parametrize("name", ["batch_size", "batch_tokens", "eval_batch_size"])
def test_a_limit_below_one_is_refused(name):
    with pytest.raises(UserError, match=rf"{name} is 0, allowed are whole numbers from 1"):
        Batching(**{"batch_size": 1, name: 0})


def test_a_batch_without_targets_counts_nobody():
    batch = SequenceBatch(
        torch.tensor([[1], [2]]), torch.tensor([[0], [3]]), torch.ones(2, dtype=torch.long), torch.arange(2)
    )
    nobody = replace(batch, targets=torch.zeros_like(batch.targets))
    (found,) = counted_batches([nobody, batch], torch.device("meta"))
    assert found.items.device.type == "meta" and len(found) == 2
