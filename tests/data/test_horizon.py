from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqmine.data.batching import TargetBatches
from seqmine.data.collate import HistoryCollate, MaskedItemCollate, NextItemCollate, TwoViewCollate
from seqmine.data.engines.embedded import number_table
from seqmine.data.horizon import Horizon
from seqmine.data.leakage import find_leaks
from seqmine.data.sequences import prepare_sequences
from seqmine.data.splits import GlobalTime, LeaveLastK, LeaveOneOut, UserHoldout
from seqmine.data.traits import target_traits
from seqmine.data.windows import LatestWindow, PrefixWindows
from seqmine.structs import InteractionLog, UserError

DAY = 86_400
SPLITTERS = [
    LeaveOneOut(),
    GlobalTime(val_share=0.2, test_share=0.2),
    UserHoldout(val_share=0.3, test_share=0.3, seed=1),
]
RANDOM = np.random.default_rng(0)


def log_of(*histories: list[tuple[int, float]]) -> InteractionLog:
    """Users with their items and days."""
    log = InteractionLog.from_lists([[item for item, _ in history] for history in histories])
    days = [day for history in histories for _, day in history]
    return replace(log, timestamps=(np.array(days) * DAY).astype(np.int64))


def rows(targets) -> list[tuple[int, int, int]]:
    return list(zip(targets.users.tolist(), targets.positions.tolist(), targets.input_stops.tolist(), strict=True))


# Ann has six events on days 0, 1, 2, 9, 10 and 11, Bob three on days 0, 20 and 40.
ANN = [(1, 0), (2, 1), (3, 2), (4, 9), (5, 10), (6, 11)]
BOB = [(1, 0), (2, 20), (3, 40)]


def test_the_last_two_events_of_ann_by_hand():
    """Her test asks after four events for the fifth and sixth, validation after two for the third and fourth."""
    split = LeaveOneOut().split_horizon(log_of(ANN, BOB), Horizon.parse(2))
    assert rows(split.test) == [(0, 4, 4), (0, 5, 4)]
    assert rows(split.val) == [(0, 2, 2), (0, 3, 2)]
    assert split.train_stops.tolist() == [2, 3]  # Bob has no room for two horizons, so he trains whole


def test_the_last_week_of_ann_by_hand():
    """Day 11 and what is less than seven days before it: days 9, 10, 11; before that, days 0 to 2, a whole history.

    With three days: days 9 to 11, then days 0 to 2, which leaves nothing to train on; with two days 10 and 11, then 9.
    """
    log = log_of(ANN, BOB)
    assert LeaveOneOut().split_horizon(log, Horizon.parse("7d")).train_stops.tolist() == [6, 1]
    assert LeaveOneOut().split_horizon(log, Horizon.parse("3d")).train_stops.tolist() == [6, 1]
    split = LeaveOneOut().split_horizon(log, Horizon.parse("2d"))
    assert rows(split.test) == [(0, 4, 4), (0, 5, 4), (1, 2, 2)]
    assert rows(split.val) == [(0, 3, 3), (1, 1, 1)]
    assert split.train_stops.tolist() == [3, 1]


def test_targets_of_training_by_hand():
    """After each event the next two, or what comes in less than two days from the next; nothing held out."""
    log, stops = log_of(ANN), np.array([5])
    windows = LatestWindow().choose(log.offsets, stops, 9, RANDOM)
    batch = NextItemCollate(log=log, train_stops=stops, horizon=Horizon.parse(2))(windows, np.array([0]), RANDOM)
    assert batch.items.tolist() == [[1, 2, 3, 4]]
    assert batch.targets.tolist() == [[2, 3, 4, 5]]
    assert batch.later_targets.tolist() == [[0, 0, 3], [0, 1, 4], [0, 2, 5]]
    batch = NextItemCollate(log=log, train_stops=stops, horizon=Horizon.parse("2d"))(windows, np.array([0]), RANDOM)
    assert batch.targets.tolist() == [[2, 3, 4, 5]]
    assert batch.later_targets.tolist() == [[0, 0, 3], [0, 2, 5]]
    one_day = NextItemCollate(log=log, train_stops=stops, horizon=Horizon.parse("1d"))(windows, np.array([0]), RANDOM)
    assert one_day.targets.tolist() == [[2, 3, 4, 5]] and not len(one_day.later_targets)  # a day later is outside
    positions, items = batch.target_pairs()
    assert sorted(zip(positions.tolist(), items.tolist(), strict=True)) == [
        (0, 2),
        (0, 3),
        (1, 3),
        (2, 4),
        (2, 5),
        (3, 5),
    ]


def test_an_item_is_one_target_of_a_horizon_and_other_kinds_are_none():
    log = log_of([(1, 0), (2, 1), (2, 2), (3, 3), (1, 4)])
    log = replace(log, behaviors=np.array([1, 2, 2, 1, 2], np.uint8), behavior_names=["view", "buy"])
    windows = PrefixWindows().choose(log.offsets, log.lengths, 9, RANDOM)
    collate = NextItemCollate(log=log, train_stops=log.lengths, behaviors=[2], horizon=Horizon.parse(3))
    batch = collate(windows, np.arange(len(windows)), RANDOM)
    found = {}
    for position, item in zip(*(part.tolist() for part in batch.target_pairs()), strict=True):
        found.setdefault(int(batch.lengths[position // batch.items.shape[1]]), []).append(item)
    assert found == {1: [2, 1], 2: [2, 1], 3: [1], 4: [1]}  # by the number of events seen


def table(num_users=40, num_items=15, seed=0) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    users = [f"u{user:02}" for user in range(num_users) for _ in range(random.integers(3, 14))]
    times = random.integers(0, 60 * DAY, len(users))
    return pl.DataFrame(
        {
            "user_id": users,
            "item_id": [f"i{i}" for i in random.integers(num_items, size=len(users))],
            "timestamp": times,
        }
    )


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 999), st.sampled_from([1, 2, 4, "3d", "2w"]))
@pytest.mark.parametrize("splitter", SPLITTERS, ids=lambda splitter: type(splitter).__name__)
def test_no_input_holds_a_target_and_training_ends_before_every_input(splitter, seed, horizon):
    data = prepare_sequences(number_table(table(seed=seed, num_items=60)), None, splitter, None, Horizon.parse(horizon))
    found = find_leaks(data, splitter=splitter, windows=LatestWindow(), max_length=6, audit=None, seed=1)
    assert [check.name for check in found.checks if check.fatal and not check.passed] == []
    last_input = dict(zip(data.split.test.users.tolist(), data.split.test.input_stops.tolist(), strict=True))
    for user, position, stop in rows(data.split.val):
        assert data.split.train_stops[user] <= stop <= position <= last_input.get(user, position)
    for targets in (data.split.val, data.split.test):
        assert (np.diff(targets.users) >= 0).all()
        for user in np.unique(targets.users):
            assert len(set(targets.input_stops[targets.users == user])) == 1


def test_a_horizon_of_one_event_is_leave_one_out():
    one, usual = (
        prepare_sequences(number_table(table()), None, LeaveOneOut(), None, h) for h in (Horizon.parse(1), None)
    )
    assert one.split.test.positions.tolist() == usual.split.test.positions.tolist()
    assert one.split.train_stops.tolist() == usual.split.train_stops.tolist()


def test_an_input_that_reaches_into_its_horizon_is_caught():
    data = prepare_sequences(number_table(table()), None, LeaveOneOut(), None, Horizon.parse(2))
    late = replace(data.split.test, inputs=data.split.test.inputs + 1)
    leaky = replace(data, split=replace(data.split, test=late))
    found = find_leaks(leaky, splitter=LeaveOneOut(), windows=LatestWindow(), max_length=6, audit=None, seed=1)
    assert "the test target is not in its own input" in {c.name for c in found.checks if c.fatal and not c.passed}
    early = replace(data.split.test, inputs=data.split.test.inputs - 2)
    leaky = replace(data, split=replace(data.split, test=early))
    found = find_leaks(leaky, splitter=LeaveOneOut(), windows=LatestWindow(), max_length=6, audit=None, seed=1)
    assert "training ends before the targets of its user" in {c.name for c in found.checks if c.fatal and not c.passed}


def test_every_input_is_asked_once_with_each_item_of_its_horizon():
    """An unseen item is a target too, at the place that it has among all events."""
    events = pl.concat([table(), pl.DataFrame({"user_id": ["u00"], "item_id": ["new"], "timestamp": [61 * DAY]})])
    data = prepare_sequences(number_table(events), None, LeaveOneOut(), None, Horizon.parse(3))
    collate = HistoryCollate(log=data.log, max_length=5, seen="none")
    batches = TargetBatches(
        targets=data.split.test, items=data.test_items, collate=collate, batch_size=7, rank=0, world_size=1
    )
    raw = (
        events.sort("user_id", "timestamp", maintain_order=True).group_by("user_id", maintain_order=True).agg("item_id")
    )
    raw = dict(raw.iter_rows())
    asked = {}
    for batch in batches:
        found = [
            (row, item, place)
            for row, (item, place) in enumerate(
                zip(batch.last_targets.tolist(), batch.target_positions.tolist(), strict=True)
            )
        ]
        found += [
            (row, item, place)
            for (row, _, item), place in zip(batch.later_targets.tolist(), batch.later_positions.tolist(), strict=True)
        ]
        for row, item, place in found:
            user = data.user_ids[int(batch.user_index[row])]
            assert raw[user][place] == data.item_id(item)
            asked.setdefault(user, []).append(data.item_id(item))
        shown = [data.item_id(item) for item in batch.items[0, : batch.lengths[0]].tolist()]
        assert shown == raw[data.user_ids[int(batch.user_index[0])]][:-3][-5:]
    assert "new" in asked["u00"]
    assert asked == {user: list(dict.fromkeys(items[-3:])) for user, items in raw.items() if len(items) >= 7}
    traits = target_traits(data).filter(split="test", user_id="u00")
    assert traits["history_length"].n_unique() == 1 and len(traits) == 3


def test_what_has_no_horizon_says_so():
    with pytest.raises(UserError, match=r"LeaveLastK has no targets for; choose data/split=leave_one_out"):
        LeaveLastK(k=2).split_horizon(log_of(ANN), Horizon.parse(2))
    with pytest.raises(UserError, match="set source.timestamp, or horizon to a number of events"):
        LeaveOneOut().split_horizon(InteractionLog.from_lists([[1, 2, 3]]), Horizon.parse("7d"))
    with pytest.raises(UserError, match="a task that hides events predicts each of them alone"):
        MaskedItemCollate(
            log=log_of(ANN), train_stops=np.array([6]), mask_share=0.2, last_share=0.1, horizon=Horizon(2)
        )


@pytest.mark.parametrize("value", [0, -1, "d", "7 days", "1.5d", 2.5])
def test_a_horizon_is_a_number_of_events_or_a_time(value):
    with pytest.raises(UserError, match="allowed are events from 1, such as 5, and times such as 12h or 7d"):
        Horizon.parse(value)


def test_views_come_beside_all_targets():
    log = log_of(ANN)
    windows = LatestWindow().choose(log.offsets, np.array([6]), 9, RANDOM)
    crop = lambda rows, generator: rows  # noqa: E731
    collate = TwoViewCollate(log=log, train_stops=np.array([6]), augmentations={"same": crop}, horizon=Horizon.parse(2))
    batch = collate(windows, np.array([0]), RANDOM)
    assert len(batch.later_targets) == 4 and batch.views.later_targets is None
