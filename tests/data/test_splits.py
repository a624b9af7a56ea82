import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqmine.data.splits import GlobalTime, LeaveLastK, LeaveOneOut, Targets, UserHoldout
from seqmine.structs import InteractionLog, UserError

SPLITTERS = [LeaveOneOut(), LeaveLastK(k=2), GlobalTime(val_share=0.2, test_share=0.2), UserHoldout(seed=1)]
lengths = st.lists(st.integers(1, 12), min_size=3, max_size=12)


def timed_log(counts: list[int], seed: int = 0) -> InteractionLog:
    random = np.random.default_rng(seed)
    log = InteractionLog.from_lists([list(range(1, count + 1)) for count in counts])
    times = np.concatenate([np.sort(random.integers(0, 1000, count)) for count in counts])
    return InteractionLog(log.items, log.offsets, timestamps=times)


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
    with pytest.raises(UserError, match=r"no timestamps.*split=global_time.*data\.columns\.timestamp"):
        GlobalTime().split(InteractionLog.from_lists([[1, 2, 3]]))


@pytest.mark.parametrize("shares", [(0.0, 0.1), (0.5, 0.5)])
def test_impossible_shares_are_refused(shares):
    for build in (lambda: GlobalTime(val_share=shares[0], test_share=shares[1]),
                  lambda: UserHoldout(val_share=shares[0], test_share=shares[1], seed=0)):  # fmt: skip
        with pytest.raises(UserError, match="together below 1"):
            build()


def test_some_targets_keep_all_that_is_known_of_them():
    whole = Targets(*(np.arange(start, start + 4) for start in (0, 10, 20, 30)))
    taken = whole.take(np.array([2, 0]))
    assert [part.tolist() for part in (taken.users, taken.positions, taken.left_out, taken.times)] == [
        [2, 0],
        [12, 10],
        [22, 20],
        [32, 30],
    ]
    assert Targets(whole.users, whole.positions).take(np.array([1])).times is None


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
