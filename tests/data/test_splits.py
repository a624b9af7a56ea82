import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqmine.data.horizon import Horizon
from seqmine.data.splits import GlobalTime, LeaveLastK, LeaveOneOut, UserHoldout
from seqmine.data.targets import Targets
from seqmine.structs import InteractionLog, UserError

SPLITTERS = [LeaveOneOut(), LeaveLastK(k=2), GlobalTime(val_share=0.2, test_share=0.2), UserHoldout(seed=1)]
CHOICES = ["first", "last", "random", "all", "successive"]
VALIDATIONS = ["time", "last_train_item", "users"]
lengths = st.lists(st.integers(1, 12), min_size=3, max_size=12)


def timed_log(counts: list[int], seed: int = 0) -> InteractionLog:
    random = np.random.default_rng(seed)
    log = InteractionLog.from_lists([list(range(1, count + 1)) for count in counts])
    times = np.concatenate([np.sort(random.integers(0, 1000, count)) for count in counts])
    return InteractionLog(log.items, log.offsets, timestamps=times)


@settings(deadline=None)  # a busy machine
@given(lengths)
@pytest.mark.parametrize("splitter", SPLITTERS, ids=lambda splitter: type(splitter).__name__)
def test_parts_are_disjoint_and_training_comes_first(splitter, counts):
    log = timed_log(counts)
    split = splitter.split(log)
    training = {(user, position) for user, stop in enumerate(split.train_stops) for position in range(stop)}
    val = set(zip(split.val.users.tolist(), split.val.positions.tolist(), strict=True))
    test = set(zip(split.test.users.tolist(), split.test.positions.tolist(), strict=True))
    assert not (training & val or training & test or val & test)
    assert all(0 <= stop <= count for stop, count in zip(split.train_stops, counts, strict=True))
    for user, position in val | test:
        assert split.train_stops[user] <= position < counts[user]


@settings(deadline=None)  # a busy machine
@given(lengths)
def test_global_time_trains_on_nothing_after_the_edges(counts):
    log, splitter = timed_log(counts), GlobalTime(val_share=0.2, test_share=0.2)
    split = splitter.split(log)
    val_edge, test_edge = splitter.edges(log)
    times = log.timestamps
    for user in range(log.num_users):
        start, stop = log.offsets[user], log.offsets[user] + split.train_stops[user]
        assert (times[start:stop] < val_edge).all()
        assert (times[stop : log.offsets[user + 1]] >= val_edge).all()
    for targets, first, last in ((split.val, val_edge, test_edge), (split.test, test_edge, 10**9)):
        at = times[log.offsets[targets.users] + targets.positions]
        assert ((first <= at) & (at < last)).all()


def test_leave_one_out_of_a_small_log():
    split = LeaveOneOut().split(InteractionLog.from_lists([[1, 2, 3, 4], [5, 6], [7]]))
    assert split.train_stops.tolist() == [2, 2, 1]
    assert (split.val.users.tolist(), split.val.positions.tolist()) == ([0], [2])
    assert (split.test.users.tolist(), split.test.positions.tolist()) == ([0], [3])


def test_user_holdout_shares_no_user_and_follows_its_seed():
    log = InteractionLog.from_lists([[1, 2, 3]] * 50)
    first, again, other = (UserHoldout(seed=seed).split(log) for seed in (1, 1, 2))
    assert len(first.val) == len(first.test) == 5
    assert not set(first.val.users) & set(first.test.users)
    assert (first.train_stops[first.val.users] == 0).all()
    assert (first.train_stops[first.test.users] == 0).all()
    assert first.train_stops.sum() == 3 * 40
    assert set(first.val.positions) == set(first.test.positions) == {2}
    assert first.test.users.tolist() == again.test.users.tolist() != other.test.users.tolist()


def test_global_time_without_time_says_what_to_set():
    with pytest.raises(UserError, match=r"no timestamps.*split=global_time.*source\.timestamp"):
        GlobalTime().split(InteractionLog.from_lists([[1, 2, 3]]))


@pytest.mark.parametrize("shares", [(0.0, 0.1), (0.5, 0.5)])
def test_impossible_shares_are_refused(shares):
    for build in (lambda: GlobalTime(val_share=shares[0], test_share=shares[1]),
                  lambda: UserHoldout(val_share=shares[0], test_share=shares[1], seed=0)):  # fmt: skip
        with pytest.raises(UserError, match="together below 1|val_share is 0.0, allowed are numbers above 0"):
            build()


def test_leave_last_zero_is_refused():
    with pytest.raises(UserError, match=r"k is 0"):
        LeaveLastK(k=0)


def test_global_time_cuts_at_its_moments():
    """Of 13 events validation begins at the time of the seventh, which two have, and test at that of the eleventh."""
    times = [[0, 6, 7, 9], [1, 2, 3, 4, 5, 8], [6, 10], [11]]
    log = InteractionLog.from_lists([[1] * len(row) for row in times])
    log = InteractionLog(log.items, log.offsets, timestamps=np.concatenate(times))
    split = GlobalTime(val_share=0.33, test_share=0.16).split(log)
    assert split.train_stops.tolist() == [1, 5, 0, 0]
    assert (split.val.users.tolist(), split.val.positions.tolist()) == ([0, 1], [1, 5])
    assert (split.test.users.tolist(), split.test.positions.tolist()) == ([0, 2], [3, 1])


def test_leave_last_k_of_a_small_log():
    split = LeaveLastK(k=2).split(InteractionLog.from_lists([[1] * 6, [1] * 5, [1] * 4]))
    assert split.train_stops.tolist() == [2, 1, 4]
    assert (split.val.users.tolist(), split.val.positions.tolist()) == ([0, 0, 1, 1], [2, 3, 1, 2])
    assert (split.test.users.tolist(), split.test.positions.tolist()) == ([0, 0, 1, 1], [4, 5, 3, 4])


def by_hand(times: list[list[int]], splitter: GlobalTime, edges: tuple[int, int]) -> tuple[dict, dict, list[int]]:
    """Return the targets of both parts with the times of their inputs, and the training events, event by event."""
    val, test, stops = {}, {}, []
    for user, row in enumerate(times):
        early = [place for place, time in enumerate(row) if time < edges[1]]
        periods = {"test": [place for place, time in enumerate(row) if time >= edges[1]]}
        periods["val"] = [place for place in early if row[place] >= edges[0]]
        validates = user in splitter._validates(timed(times)).nonzero()[0]
        for part, found in (("val", val), ("test", test)):
            choice, places = splitter.targets, periods[part]
            if part == "val" and splitter.validation != "time":
                choice, places = "last", early if validates else []
            known = {place: [time for time in row if time < row[place]] for place in places}
            if choice == "all":
                known = {place: [time for time in row if time < edges[part == "test"]] for place in places}
            places = {"first": places[:1], "last": places[-1:]}.get(choice, places)
            found.update({(user, place): known[place] for place in places if known[place]})
        trained = [time for time in row if time < edges[0]]
        if splitter.validation == "users" and validates:
            trained = []
        if splitter.validation == "last_train_item":
            held = [place for of, place in val if of == user]
            trained = [time for time in trained if all(time < row[place] for place in held)]
        stops.append(len(trained))
    return val, test, stops


def timed(times: list[list[int]]) -> InteractionLog:
    log = InteractionLog.from_lists([[1] * len(row) for row in times])
    return InteractionLog(log.items, log.offsets, timestamps=np.array([time for row in times for time in row]))


def with_inputs(targets: Targets, times: list[list[int]]) -> dict:
    rows = zip(targets.users.tolist(), targets.positions.tolist(), targets.input_stops.tolist(), strict=True)
    return {(user, place): times[user][:stop] for user, place, stop in rows}


@settings(deadline=None, max_examples=40)
@given(st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=7).map(sorted), min_size=2, max_size=6))
@pytest.mark.parametrize("validation", VALIDATIONS)
@pytest.mark.parametrize("choice", [choice for choice in CHOICES if choice != "random"])
def test_global_time_has_the_targets_inputs_and_training_of_a_slow_reference(choice, validation, times):
    splitter = GlobalTime(val_share=0.3, test_share=0.3, targets=choice, validation=validation)
    log = timed(times)
    split = splitter.split(log)
    val, test, stops = by_hand(times, splitter, splitter.edges(log))
    assert with_inputs(split.val, times) == val
    assert with_inputs(split.test, times) == test
    assert split.train_stops.tolist() == stops


def test_random_targets_follow_the_seed_and_are_one_a_user():
    log = timed([list(range(20))] * 40)
    one, again, other = (GlobalTime(targets="random", test_share=0.5, seed=seed).split(log) for seed in (1, 1, 2))
    assert one.test.users.tolist() == list(range(40))
    assert one.test.positions.tolist() == again.test.positions.tolist() != other.test.positions.tolist()
    assert len(set(one.test.positions.tolist())) > 3


def test_users_of_a_validation_follow_seed_and_share_and_do_not_train():
    log = timed([list(range(20))] * 40)
    one, other = (GlobalTime(validation="users", val_share=0.25, seed=seed).split(log) for seed in (1, 2))
    assert len(one.val) == 10
    assert one.val.users.tolist() != other.val.users.tolist()
    assert (one.train_stops == 0).sum() == 10
    assert len(one.test) == 40, "they are tested like everybody"


@pytest.mark.parametrize(
    ("settings_", "expected"),
    [
        ({"test_from": 0.5}, (4, 5)),
        ({"test_from": "1970-01-01T00:00:08"}, (7, 8)),
        ({"val_from": 0.2, "test_from": 0.9}, (2, 9)),
        ({"val_from": 3}, (3, 9)),
        ({"val_share": 0.3, "test_from": 0.8}, (5, 8)),
        ({"test_from": 0.8, "validation": "last_train_item"}, (8, 8)),
        ({}, (8, 9)),
    ],
)
def test_edges_are_shares_or_moments(settings_, expected):
    assert GlobalTime(**settings_).edges(timed([list(range(10))])) == expected


@pytest.mark.parametrize(
    ("settings_", "words"),
    [
        ({"targets": "next"}, "targets is 'next', allowed are last, first, random, all or successive"),
        ({"validation": "none"}, "validation is 'none', allowed are time, last_train_item or users"),
        ({"validation": "users", "val_from": 0.5}, "val_from is 0.5, but with validation=users"),
        ({"val_from": 0.9, "test_from": 0.5}, "val_from is 0.9, which is not before the test period"),
    ],
)
def test_settings_of_a_split_by_time_that_cannot_be_are_refused(settings_, words):
    with pytest.raises(UserError, match=words):
        GlobalTime(**settings_).edges(timed([list(range(10))]))


@pytest.mark.parametrize("settings_", [{"targets": "last"}, {"validation": "users"}])
def test_a_horizon_begins_with_its_part(settings_):
    with pytest.raises(UserError, match=r"horizon is 2 events, which begins with a part"):
        GlobalTime(**settings_).split_horizon(timed([list(range(10))]), Horizon(events=2))
