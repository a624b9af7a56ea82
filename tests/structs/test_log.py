from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqmine.structs import AttributeTable, InteractionLog
from seqmine.structs.log import tie_share

histories = st.lists(st.lists(st.integers(1, 9), max_size=6), min_size=1, max_size=8)


@given(histories)
def test_histories_come_back_as_they_went_in(lists):
    log = InteractionLog.from_lists(lists)
    assert [log.history(user).tolist() for user in range(log.num_users)] == lists
    assert log.num_events == sum(map(len, lists))


@given(histories, st.integers(0, 6))
def test_first_events_cuts_each_history(lists, stop):
    log = InteractionLog.from_lists(lists)
    cut = log.first_events(np.minimum(log.lengths, stop))
    assert [cut.history(user).tolist() for user in range(cut.num_users)] == [items[:stop] for items in lists]


def test_neighbors_of_one_user_alone_are_ties():
    log = InteractionLog.from_lists([[1, 2, 3], [], [4, 5]])
    tied = InteractionLog(log.items, log.offsets, timestamps=np.array([7, 7, 8, 8, 9], np.int64))
    assert tie_share(tied) == pytest.approx(1 / 3)
    log = InteractionLog.from_lists([[1], [2]])
    assert tie_share(InteractionLog(log.items, log.offsets, timestamps=np.array([7, 7], np.int64))) == 0.0
    assert tie_share(InteractionLog.from_lists([[1, 2]])) is None


def test_users_are_taken_with_all_that_is_known_of_them():
    log = InteractionLog(
        items=np.array([1, 2, 3], np.int32),
        offsets=np.array([0, 2, 3]),
        timestamps=np.array([10, 20, 30]),
        behaviors=np.array([1, 2, 1], np.uint8),
        behavior_names=["view", "buy"],
        users=AttributeTable(np.array([[7], [8]], np.int32), np.zeros((2, 0), np.float32), 8),
    )
    taken = log.take_users(np.array([1, 0, 1]))
    assert [taken.history(user).tolist() for user in range(3)] == [[3], [1, 2], [3]]
    assert taken.timestamps.tolist() == [30, 10, 20, 30]
    assert taken.behaviors.tolist() == [1, 1, 2, 1]
    assert taken.users.codes[:, 0].tolist() == [8, 7, 8], "attributes go with their users"
    assert taken.behavior_names == ["view", "buy"]


@given(histories)
def test_each_event_knows_its_user_and_its_position(lists):
    log = InteractionLog.from_lists(lists)
    expected = [(user, place) for user, items in enumerate(lists) for place in range(len(items))]
    assert list(zip(log.event_users.tolist(), log.event_positions.tolist(), strict=True)) == expected


@given(histories, st.integers(0, 9))
def test_kept_events_stay_with_their_users(lists, most):
    log = InteractionLog.from_lists(lists)
    log = replace(log, timestamps=np.arange(log.num_events), ratings=np.arange(log.num_events, dtype=np.float32))
    kept = log.keep(log.items <= most)
    expected = [[item for item in items if item <= most] for items in lists]
    assert [kept.history(user).tolist() for user in range(log.num_users)] == expected
    assert log.count(log.items <= most).tolist() == [len(items) for items in expected]
    assert kept.timestamps.tolist() == kept.ratings.tolist() == np.flatnonzero(log.items <= most).tolist()


@pytest.mark.parametrize("lists", [[], [[]], [[], [1], [], []]], ids=str)
def test_a_log_may_have_empty_users_or_none(lists):
    log = InteractionLog.from_lists(lists)
    assert len(log.event_users) == len(log.event_positions) == log.num_events
    kept = log.keep(np.zeros(log.num_events, np.bool_))
    assert (kept.num_users, kept.num_events) == (len(lists), 0)
    assert log.count(np.ones(log.num_events, np.bool_)).tolist() == [len(items) for items in lists]
