from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqmine.data.cleaning.edges import AllButLastOf
from seqmine.data.collate import NextItemCollate
from seqmine.data.engines.embedded import number_table
from seqmine.data.features import Features
from seqmine.data.leakage import find_leaks
from seqmine.data.leakage.detector import lengths_before
from seqmine.data.sequences import prepare_sequences
from seqmine.data.splits import GlobalTime, LeaveLastK, LeaveOneOut, UserHoldout
from seqmine.data.target_behavior import TargetWindows, events_of, split_by_behavior
from seqmine.data.windows import LatestWindow, PrefixWindows, SlidingWindows
from seqmine.structs import InteractionLog, UserError

VIEW, BUY = 1, 2
SPLITTERS = [LeaveOneOut(), LeaveLastK(k=2), GlobalTime(val_share=0.2, test_share=0.2), UserHoldout(seed=1)]
WINDOWS = [LatestWindow(), PrefixWindows(), SlidingWindows(stride=3)]
kinds = st.lists(st.lists(st.sampled_from([VIEW, BUY]), min_size=1, max_size=14), min_size=3, max_size=10)


def log_of(histories: list[list[int]]) -> InteractionLog:
    """Users with the given kinds of events; items tell user and position, times are in order."""
    flat = [kind for history in histories for kind in history]
    log = InteractionLog.from_lists([[10 * u + p + 1 for p in range(len(h))] for u, h in enumerate(histories)])
    times = np.concatenate(
        [np.sort(np.random.default_rng(u).integers(0, 500, len(h))) for u, h in enumerate(histories)]
    )
    return InteractionLog(
        log.items, log.offsets, timestamps=times, behaviors=np.array(flat, np.uint8), behavior_names=["view", "buy"]
    )


def held_out(split) -> list[tuple[int, int]]:
    return [pair for part in (split.val, split.test) for pair in zip(part.users, part.positions, strict=True)]


def test_leave_one_out_of_purchases_by_hand():
    log = log_of([[VIEW, BUY, VIEW, BUY, VIEW, BUY, VIEW], [BUY, VIEW, BUY], [VIEW, VIEW]])
    split = split_by_behavior(LeaveOneOut(), log, ["buy"])
    assert (split.val.users.tolist(), split.val.positions.tolist()) == ([0], [3])
    assert (split.test.users.tolist(), split.test.positions.tolist()) == ([0], [5])
    assert split.train_stops.tolist() == [3, 3, 2]


@settings(deadline=None)  # a busy machine
@given(kinds)
@pytest.mark.parametrize("splitter", SPLITTERS, ids=lambda splitter: type(splitter).__name__)
def test_targets_are_those_of_the_log_of_purchases_alone(splitter, histories):
    log = log_of([[VIEW, BUY, BUY], *histories, [VIEW, BUY, BUY]])
    alone = log.take(log.behaviors == BUY, np.concatenate([[0], np.cumsum(log.behaviors == BUY)])[log.offsets])
    try:
        split = split_by_behavior(splitter, log, ["buy"])
    except UserError as error:
        assert "no user has a training event" in str(error)  # noqa: PT017
        return
    plain = splitter.split(alone)
    for part, of_alone in ((split.val, plain.val), (split.test, plain.test)):
        items = log.items[log.offsets[part.users] + part.positions]
        assert items.tolist() == alone.items[alone.offsets[of_alone.users] + of_alone.positions].tolist()
        assert part.users.tolist() == of_alone.users.tolist()


@settings(deadline=None)  # a busy machine
@given(kinds)
@pytest.mark.parametrize("splitter", SPLITTERS, ids=lambda splitter: type(splitter).__name__)
def test_training_ends_before_the_targets(splitter, histories):
    log = log_of([[VIEW, BUY, BUY], *histories])
    try:
        split = split_by_behavior(splitter, log, ["buy"])
    except UserError:
        return
    assert (split.train_stops <= log.lengths).all()
    for user, position in held_out(split):
        assert split.train_stops[user] <= position
        assert log.behaviors[log.offsets[user] + position] == BUY
    if isinstance(splitter, GlobalTime) and len(split.val):
        of_training = [log.timestamps[s : s + n] for s, n in zip(log.offsets[:-1], split.train_stops, strict=True)]
        first = min(log.timestamps[log.offsets[user] + position] for user, position in held_out(split))
        assert np.concatenate(of_training).max(initial=-1) < first


@settings(deadline=None)  # a busy machine
@given(kinds, st.integers(1, 6), st.integers(0, 99))
@pytest.mark.parametrize("windows", WINDOWS, ids=lambda windows: type(windows).__name__)
def test_windows_hold_every_training_purchase_they_can_and_nothing_useless(windows, histories, max_length, seed):
    log, generator = log_of(histories), np.random.default_rng(seed)
    if not (log.behaviors == BUY).any():
        return
    stops = np.maximum(log.lengths - 1, 0)
    chosen = TargetWindows(windows=windows, events=events_of(log, ["buy"])).choose(
        log.offsets, stops, max_length, generator
    )
    targets = [
        [event for event in range(first, stop) if log.behaviors[event] == BUY]
        for first, stop in zip(chosen.first_targets, chosen.stops, strict=True)
    ]
    assert all(targets)
    assert (chosen.stops <= log.offsets[chosen.users] + stops[chosen.users]).all()
    first = log.offsets[:-1]
    expected = [e for u, n in enumerate(stops) for e in range(first[u] + 1, first[u] + n) if log.behaviors[e] == BUY]
    found = sorted(event for events in targets for event in events)
    if isinstance(windows, LatestWindow):
        last = {int(np.searchsorted(log.offsets, event, side="right")): event for event in expected}
        assert set(last.values()) <= set(found) <= set(expected)
    else:
        assert found == expected


BY_TIME = [GlobalTime(targets=targets, val_share=0.2, test_share=0.3) for targets in ("last", "all", "successive")]
BY_TIME += [GlobalTime(targets="last", validation=validation) for validation in ("last_train_item", "users")]


@settings(deadline=None, max_examples=30)  # a busy machine
@given(kinds, st.sampled_from([1, 40, 150]))
@pytest.mark.parametrize("splitter", BY_TIME, ids=lambda splitter: f"{splitter.targets}-{splitter.validation}")
def test_by_time_no_input_and_no_training_knows_more_than_the_whole_log_allows(splitter, histories, round_to):
    log = log_of([[VIEW, BUY, BUY, VIEW, BUY], *histories, [VIEW, BUY, BUY]])
    log = replace(log, timestamps=log.timestamps // round_to * round_to)
    try:
        split = split_by_behavior(splitter, log, ["buy"])
    except UserError:
        return
    alone = log.take(log.behaviors == BUY, np.concatenate([[0], np.cumsum(log.behaviors == BUY)])[log.offsets])
    edges = splitter.edges(alone)
    for part, edge in ((split.val, edges[0]), (split.test, edges[1])):
        for user, place, stop in zip(part.users, part.positions, part.input_stops, strict=True):
            times = log.timestamps[log.offsets[user] : log.offsets[user + 1]]
            last = edge if splitter.targets == "all" else times[place]
            assert stop == (times < last).sum()
            assert split.train_stops[user] <= stop
    held_out_users = splitter._validates(log) if splitter.validation == "users" else np.zeros(log.num_users, bool)
    of_val = dict(zip(split.val.users.tolist(), split.val.input_stops.tolist(), strict=True))
    for user, stop in enumerate(split.train_stops.tolist()):
        times = log.timestamps[log.offsets[user] : log.offsets[user + 1]]
        most = 0 if held_out_users[user] else (times < edges[0]).sum()
        if splitter.validation == "last_train_item":
            most = min(most, of_val.get(user, most))
        assert stop == most


def test_an_unknown_target_behavior_is_told_with_those_there_are():
    log = log_of([[VIEW, BUY, BUY]])
    with pytest.raises(UserError, match=r"'like' is not in the log, which has view, buy; change data\.target"):
        split_by_behavior(LeaveOneOut(), log, ["like"])
    with pytest.raises(UserError, match="which has no kinds of events"):
        split_by_behavior(LeaveOneOut(), InteractionLog.from_lists([[1, 2]]), ["buy"])


def shop(num_users: int = 60, num_items: int = 20, seed: int = 0) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    rows = [
        (
            f"u{user}",
            f"i{random.integers(num_items)}",
            1000 * user + 10 * step,
            "buy" if random.random() < 0.4 else "view",
        )
        for user in range(num_users)
        for step in range(random.integers(4, 15))
    ]
    return pl.DataFrame(rows, schema=["user_id", "item_id", "timestamp", "behavior"], orient="row")


def leaks(data, splitter=None):
    windows = TargetWindows(windows=SlidingWindows(stride=3), events=events_of(data.log, ["buy"]))
    return find_leaks(
        data,
        splitter=splitter or LeaveOneOut(),
        windows=windows,
        max_length=5,
        audit=None,
        seed=1,
        target_behaviors=["buy"],
    )


@pytest.mark.parametrize("splitter", SPLITTERS, ids=lambda splitter: type(splitter).__name__)
def test_clean_parts_pass_the_leak_detector(splitter):
    found = leaks(prepare_sequences(number_table(shop()), None, splitter, ["buy"]), splitter)
    assert [check.name for check in found.checks if not check.passed and check.fatal] == []
    assert "every test target is of behavior buy" in {check.name for check in found.checks}


def test_a_target_of_another_behavior_is_caught():
    data = prepare_sequences(number_table(shop()), None, LeaveOneOut(), ["buy"])
    views = np.flatnonzero(data.log.behaviors == list(data.log.behavior_names).index("view") + 1)
    user = int(data.split.test.users[0])
    inside = views[(views >= data.log.offsets[user]) & (views < data.log.offsets[user + 1])]
    data.split.test.positions[0] = inside[-1] - data.log.offsets[user]
    data.test_items[0] = data.log.items[inside[-1]]
    failed = {check.name for check in leaks(data).checks if not check.passed and check.fatal}
    assert "every test target is of behavior buy" in failed


@pytest.mark.parametrize("num_items", [20, 500])
def test_the_edge_of_cleaning_is_that_of_the_split(num_items):
    """The events that cleaning may count are the training events, item by item, also when many targets are unseen."""
    events = shop(num_items=num_items)
    edge = AllButLastOf(behavior="buy", num_events=2)
    log = number_table(events)
    marked = log.raw(edge.mark(pl.concat(log.parts.tables()).lazy()).collect())
    data = prepare_sequences(log, None, LeaveOneOut(), ["buy"])
    counted = marked.filter("in_training").group_by("item_id").len()
    counts = dict(zip(data.catalog.item_ids, data.catalog.train_counts[1:].tolist(), strict=True))
    assert dict(counted.iter_rows()) == counts
    assert (data.test_items > data.catalog.num_items).any() == (num_items == 500)
    assert (edge.counted_stops(data.log, lengths_before(data)) <= data.split.train_stops).all()


def test_an_edge_without_a_behavior_is_refused():
    with pytest.raises(UserError, match="behavior is null, allowed are behaviors of the log"):
        AllButLastOf(behavior=None, num_events=2)


def test_several_behaviors_are_targets_together():
    """Views and carts of two people by hand: carts (3) and purchases are predicted, views stand in the history."""
    log = log_of([[VIEW, 3, VIEW, BUY, VIEW, 3, VIEW], [BUY, VIEW, 3, VIEW, VIEW]])
    log = replace(log, behavior_names=["view", "buy", "cart"])
    split = split_by_behavior(LeaveOneOut(), log, ["cart", "buy"])
    assert list(zip(split.val.users.tolist(), split.val.positions.tolist(), strict=True)) == [(0, 3)]
    assert list(zip(split.test.users.tolist(), split.test.positions.tolist(), strict=True)) == [(0, 5)]
    assert split.train_stops.tolist() == [3, 5]
    windows = TargetWindows(windows=PrefixWindows(), events=events_of(log, ["cart", "buy"]))
    chosen = windows.choose(log.offsets, split.train_stops, 9, np.random.default_rng(0))
    assert (chosen.stops - 1).tolist() == [1, 9]
    collate = NextItemCollate(log=log, train_stops=split.train_stops, behaviors=log.behavior_numbers(["cart", "buy"]))
    batch = collate(chosen, np.arange(2), np.random.default_rng(0))
    assert sorted(batch.targets[batch.targets > 0].tolist()) == sorted(log.items[[1, 9]].tolist())


def test_an_edge_of_several_behaviors_sets_their_last_events_aside():
    events = shop().with_columns(behavior=pl.Series(["cart", "buy", "view"] * 300)[: len(shop())])
    edge, log = AllButLastOf(behavior=["cart", "buy"], num_events=2), number_table(events)
    marked = log.raw(edge.mark(pl.concat(log.parts.tables()).lazy()).collect())
    data = prepare_sequences(log, None, LeaveOneOut(), ["cart", "buy"])
    counts = dict(zip(data.catalog.item_ids, data.catalog.train_counts[1:].tolist(), strict=True))
    assert dict(marked.filter("in_training").group_by("item_id").len().iter_rows()) == counts
    assert (edge.counted_stops(data.log, lengths_before(data)) <= data.split.train_stops).all()


@pytest.mark.parametrize("names", [[], ["buy", "buy"]])
def test_behaviors_are_different_ones(names):
    with pytest.raises(UserError, match="target_behavior is .*, allowed are different behaviors"):
        Features(target_behavior=names)
