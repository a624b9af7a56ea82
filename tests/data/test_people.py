from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqmine.data.leakage import checks
from seqmine.data.people import leave_last_two, one_of_each_person
from seqmine.data.splits import GlobalTime, LeaveLastK, LeaveOneOut, UserHoldout
from seqmine.data.targets import Targets
from seqmine.structs import InteractionLog, UserError

# sessions of two or three events, in pairs of one person
SESSIONS = st.lists(st.tuples(st.integers(0, 3), st.lists(st.integers(0, 99), min_size=1, max_size=4)), min_size=3)


def log_of(*sessions):
    """Return sessions given as (person, times), in the order of people and of their first event."""
    rows = sorted(((person, sorted(times)) for person, times in sessions), key=lambda row: (row[0], row[1][0]))
    log = InteractionLog.from_lists([list(range(1, len(times) + 1)) for _, times in rows])
    people = np.unique([person for person, _ in rows], return_inverse=True)[1].astype(np.int32)
    times = np.concatenate([times for _, times in rows]).astype(np.int64)
    return replace(log, timestamps=times, people=people)


def named(targets):
    return list(zip(targets.users.tolist(), targets.positions.tolist(), strict=True))


def test_leave_one_out_of_sessions_by_hand():
    log = log_of((0, [0, 1]), (0, [10, 11, 12]), (0, [20]), (1, [5, 6, 7]), (2, [8, 9]))
    split = LeaveOneOut().split(log)
    # person 0: the events at 11 and 12, and neither the session at 20 nor what follows trains; 1: 6 and 7; 2 trains
    assert split.train_stops.tolist() == [2, 1, 0, 1, 2]
    assert named(split.val) == [(1, 1), (3, 1)]
    assert named(split.test) == [(1, 2), (3, 2)]


def test_global_time_asks_each_person_once_inside_a_session():
    log = log_of((0, [0, 1]), (0, [10, 11, 12]), (1, [5, 10]), (2, [11, 13]))
    later = Targets(np.array([0, 1, 1, 2, 3]), np.array([1, 1, 2, 1, 1]))
    assert named(one_of_each_person(log, later, "first")) == [(0, 1), (2, 1), (3, 1)]
    assert named(one_of_each_person(log, later, "last")) == [(1, 2), (2, 1), (3, 1)]
    split = GlobalTime(val_share=0.3, test_share=0.2).split(log)
    val, test = GlobalTime(val_share=0.3, test_share=0.2).edges(log)
    assert (val, test) == (10, 12)
    assert split.train_stops.tolist() == [2, 0, 1, 0]
    assert (named(split.val), named(split.test)) == ([(1, 1), (2, 1)], [(1, 2), (3, 1)])
    with pytest.raises(UserError, match="targets is all, but with sessions allowed are first"):
        GlobalTime(targets="all").split(log)


def test_people_are_held_out_with_all_their_sessions():
    log = log_of(*[(person, [10 * person + 3 * session, 10 * person + 3 * session + 1]) for person in range(20)
                   for session in range(3)])  # fmt: skip
    split = UserHoldout(val_share=0.2, test_share=0.2, seed=1).split(log)
    held_out = set(log.people[split.val.users]) | set(log.people[split.test.users])
    assert len(split.val) == len(split.test) == 4
    assert not set(log.people[split.train_stops > 0]) & held_out
    assert len(held_out) == 8
    assert checks.users_apart(log, split).passed
    trained = int(np.flatnonzero(split.train_stops)[0])
    mixed = replace(split, test=Targets(np.array([trained + 1]), np.array([1])))
    mixed.train_stops[trained + 1] = 0
    assert not checks.users_apart(log, mixed).passed


@given(SESSIONS)
def test_nothing_after_a_target_of_its_person_trains(sessions):
    log = log_of(*sessions)
    owners = log.people[log.event_users]
    stops, val, test = leave_last_two(log)
    trained = log.event_positions < stops[log.event_users]
    for users, positions in (val, test):
        for user, position in zip(users.tolist(), positions.tolist(), strict=True):
            assert position > 0
            time = log.timestamps[log.offsets[user] + position]
            assert (log.timestamps[trained & (owners == log.people[user])] <= time).all()
    assert len(set(log.people[val[0]])) == len(val[0]) == len(test[0])


def test_last_k_of_sessions_is_refused():
    with pytest.raises(UserError, match="sessions are too short to leave 2 events of each"):
        LeaveLastK(k=2).split(log_of((0, [0, 1, 2])))
