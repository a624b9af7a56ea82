from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqmine.data.clock import Clock
from seqmine.data.leakage import checks
from seqmine.data.splits import LeaveOneOut
from seqmine.data.targets import Split, Targets
from seqmine.structs import InteractionLog

NOBODY = Targets(np.zeros(0, np.int64), np.zeros(0, np.int64))
EVENTS = st.tuples(st.integers(1, 3), st.integers(0, 4), st.integers(1, 2))
LOGS = st.lists(
    st.lists(EVENTS, max_size=7).map(lambda row: sorted(row, key=lambda event: event[1])), min_size=1, max_size=5
)


def log_of(histories):
    log = InteractionLog.from_lists([[event[0] for event in history] for history in histories])
    times = np.array([event[1] for history in histories for event in history], dtype=np.int64)
    kinds = np.array([event[2] for history in histories for event in history], dtype=np.uint8)
    return InteractionLog(log.items, log.offsets, times, kinds, behavior_names=("view", "buy"))


def share_of(check):
    return int(check.detail.replace(",", "").split()[0])


@given(LOGS)
@settings(max_examples=60, deadline=None)
def test_repeated_targets_equal_a_slow_search(histories):
    log, split = log_of(histories), LeaveOneOut().split(log_of(histories))
    items = log.items[log.offsets[split.test.users] + split.test.positions]
    expected = sum(histories[user][-1] in histories[user][:-1] for user in split.test.users)
    check = checks.targets_not_repeated(log, split.test, items, 3, "test", Clock(1))
    assert share_of(check) == expected
    assert check.passed == (expected == 0)


@given(LOGS)
@settings(max_examples=60, deadline=None)
def test_counts_of_training_equal_a_slow_count(histories):
    log, split = log_of(histories), LeaveOneOut().split(log_of(histories))
    counts = np.zeros(4, dtype=np.int64)
    for history, stop in zip(histories, split.train_stops, strict=True):
        for event in history[:stop]:
            counts[event[0]] += 1
    known = np.flatnonzero(counts[1:]) + 1
    check = checks.counts_from_training(log, split, counts)
    assert check.passed == (len(known) == 3)
    counts[1] += 1
    assert not checks.counts_from_training(log, split, counts).passed


@given(LOGS)
@settings(max_examples=40, deadline=None)
def test_share_of_equal_times_stops_at_the_borders_of_users(histories):
    pairs = [(one[1], other[1]) for history in histories for one, other in pairwise(history)]
    expected = sum(one == other for one, other in pairs) / max(len(pairs), 1)
    check = checks.order_is_defined(log_of(histories))
    assert abs(float(check.detail.split("%")[0]) / 100 - expected) < 0.001
    assert checks.histories_in_order(log_of(histories)).passed


def test_empty_parts_pass():
    log = log_of([[(1, 0, 1), (2, 1, 1)]])
    nobody = Targets(np.zeros(0, np.int64), np.zeros(0, np.int64))
    split = Split(np.array([2]), nobody, nobody)
    none = np.zeros(0, np.int32)
    assert checks.training_before_targets(log, split).passed
    assert checks.training_before_edge(log, split, none, none, 2).passed
    assert checks.target_outside_input(log, nobody, none, 2, "test").passed
    assert checks.targets_not_repeated(log, nobody, none, 2, "test", Clock(1)).passed
    assert checks.users_apart(log, split).passed


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.tuples(st.integers(1, 2), st.integers(0, 1)), min_size=1, max_size=4), min_size=2))
def test_copied_histories_equal_a_slow_search(histories):
    log = log_of([[(item, step + late, 1) for step, (item, late) in enumerate(history)] for history in histories])
    half = len(histories) // 2
    held_out = Targets(np.arange(half, len(histories)), np.ones(len(histories) - half, np.int64))
    nobody = Targets(np.zeros(0, np.int64), np.zeros(0, np.int64))
    split = Split(np.where(np.arange(len(histories)) < half, log.lengths, 0), held_out, nobody)
    long = [(user, tuple(history)) for user, history in enumerate(histories) if len(history) >= 2]
    known = {history for user, history in long if user < half}
    copies = sum(history in known for user, history in long if user >= half)
    check = checks.histories_not_repeated(log, split, min_events=2)
    assert check.passed == (copies == 0)
    assert check.detail.startswith(f"{copies} ")


def test_a_test_target_before_the_validation_target_of_its_user_is_a_leak():
    log = log_of([[(1, 0, 1), (2, 1, 1), (3, 2, 1)]])
    early, late = Targets(np.array([0]), np.array([1])), Targets(np.array([0]), np.array([2]))
    assert checks.training_before_targets(log, Split(np.array([1]), early, late)).passed
    assert not checks.training_before_targets(log, Split(np.array([1]), late, early)).passed
    assert not checks.training_before_targets(log, Split(np.array([3]), NOBODY, late)).passed
    assert not checks.training_before_targets(log, Split(np.array([3]), late, NOBODY)).passed


@pytest.mark.parametrize(("train", "val", "passed"), [(0, 1, True), (1, 1, False), (0, 2, False)])
def test_events_of_one_moment_are_in_one_part(train, val, passed):
    """Of three users one is trained on, one validated and one tested, at time 2."""
    log = log_of([[(1, train, 1)], [(1, 0, 1), (1, val, 1)], [(1, 0, 1), (1, 2, 1)]])
    targets = [Targets(np.array([user]), np.array([1])) for user in (1, 2)]
    item = np.array([1], np.int32)
    found = checks.training_before_edge(log, Split(np.array([1, 1, 1]), *targets), item, item, 1)
    assert found.passed == passed
