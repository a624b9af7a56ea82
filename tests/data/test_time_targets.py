import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqmine.data.time_targets import known_before, moment, targets_of_period
from seqmine.structs import InteractionLog, UserError

HISTORIES = st.lists(st.lists(st.integers(0, 6), max_size=7).map(sorted), min_size=1, max_size=5)


def log_of(histories: list[list[int]]) -> InteractionLog:
    """Return a log of one item with the given times."""
    log = InteractionLog.from_lists([[1] * len(times) for times in histories])
    flat = np.array([time for times in histories for time in times], np.int64)
    return InteractionLog(log.items, log.offsets, timestamps=flat)


def by_hand(times: list[int], start: int, stop: int, choice: str) -> dict[int, int]:
    """Return the number of known events of each target of a user, by looking at one event after the other."""
    known = {place: sum(time < times[place] for time in times) for place in range(start, stop)}
    if choice == "all":
        known = dict.fromkeys(known, start)
    chosen = list(known)
    if choice == "first":
        chosen = chosen[:1]
    if choice == "last":
        chosen = chosen[-1:]
    return {place: known[place] for place in chosen if known[place] > 0}


def chosen(log, starts, stops, choice, seed=0):
    targets = targets_of_period(log, starts, stops, choice, np.random.default_rng(seed))
    found: dict[int, dict[int, int]] = {user: {} for user in range(log.num_users)}
    for user, place, known in zip(
        *map(np.ndarray.tolist, (targets.users, targets.positions, targets.known)), strict=True
    ):
        found[user][place] = known
    return found


@settings(deadline=None, max_examples=60)
@given(HISTORIES, st.integers(0, 7), st.integers(0, 7))
@pytest.mark.parametrize("choice", ["first", "last", "all", "successive"])
def test_targets_are_those_that_a_person_would_choose(choice, histories, begin, end):
    log = log_of(histories)
    starts = np.array([sum(time < begin for time in times) for times in histories])
    stops = np.array([sum(time < end for time in times) for times in histories])
    expected = {user: by_hand(times, starts[user], stops[user], choice) for user, times in enumerate(histories)}
    assert chosen(log, starts, stops, choice) == expected


@settings(deadline=None, max_examples=60)
@given(HISTORIES)
def test_a_random_target_is_one_of_those_that_could_be(histories):
    log = log_of(histories)
    starts = np.zeros(log.num_users, np.int64)
    found = chosen(log, starts, log.lengths, "random", seed=1)
    assert found == chosen(log, starts, log.lengths, "random", seed=1)
    for user, times in enumerate(histories):
        able = by_hand(times, 0, len(times), "successive")
        assert len(found[user]) == min(len(able), 1)
        assert found[user].items() <= able.items()


def test_each_possible_target_is_drawn_as_often():
    log = log_of([[0, 1, 2, 3]] * 3000)
    targets = targets_of_period(log, np.zeros(3000, np.int64), log.lengths, "random", np.random.default_rng(0))
    assert (abs(np.bincount(targets.positions)[1:] - 1000) < 120).all()


def test_nothing_of_the_own_moment_is_known():
    log = log_of([[3, 3, 5, 5, 5], [5, 5]])
    users, positions = np.array([0, 0, 0, 0, 1]), np.array([1, 2, 3, 4, 1])
    assert known_before(log, users, positions).tolist() == [0, 2, 2, 2, 0]


TIMES = np.array([10, 20, 30, 40, 86_400 * 365])


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.2, 20), (0.5, 30), (0.99, 86_400 * 365), ("1971-01-01", 86_400 * 365), ("1970-01-01T00:00:25", 25), (40, 40)],
)
def test_moments_are_shares_of_events_or_dates(value, expected):
    assert moment(value, TIMES, "test_from") == expected


@pytest.mark.parametrize("value", ["soon", -0.5, True])
def test_what_is_no_moment_is_refused(value):
    with pytest.raises(UserError, match=r"test_from is .*allowed are a share of the events above 0 and below 1"):
        moment(value, TIMES, "test_from")


@pytest.mark.parametrize("value", ["1970-01-01T00:00:10", "2015-08-01"])
def test_a_moment_with_no_event_before_or_after_is_refused(value):
    with pytest.raises(UserError, match=r"the log has events from 1970-01-01T00:00:10 to 1971-01-01T00:00:00"):
        moment(value, TIMES, "test_from")
