import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqmine.data.windows import LatestWindow, PrefixWindows, SlidingWindows
from seqmine.structs import InteractionLog, UserError


def offsets_of(lengths: list[int]) -> np.ndarray:
    return InteractionLog.from_lists([[1] * length for length in lengths]).offsets


def test_latest_window_holds_the_latest_events():
    windows = LatestWindow().choose(offsets_of([3, 9, 1]), np.array([3, 9, 1]), 4, np.random.default_rng(0))
    assert windows.starts.tolist() == [0, 7]
    assert windows.stops.tolist() == [3, 12]


@given(st.lists(st.integers(0, 40), min_size=1, max_size=6), st.integers(1, 9), st.integers(1, 12), st.integers(0, 99))
def test_sliding_windows_make_each_training_event_a_target_exactly_once(lengths, max_length, stride, seed):
    offsets, stops = offsets_of(lengths), np.array(lengths)
    windows = SlidingWindows(stride=stride).choose(offsets, stops, max_length, np.random.default_rng(seed))
    targets = [
        position
        for start, stop in zip(windows.first_targets, windows.stops, strict=True)
        for position in range(start, stop)
    ]
    expected = [p for user, n in enumerate(lengths) for p in range(offsets[user] + 1, offsets[user] + n)]
    assert sorted(targets) == expected
    sizes = windows.stops - windows.starts
    assert ((sizes >= 2) & (sizes <= max_length + 1)).all()
    assert (windows.first_targets > windows.starts).all()


@given(st.lists(st.integers(0, 40), min_size=1, max_size=6), st.integers(1, 9))
def test_prefix_windows_predict_each_training_event_from_all_before_it(lengths, max_length):
    offsets, stops = offsets_of(lengths), np.array(lengths)
    windows = PrefixWindows().choose(offsets, stops, max_length, np.random.default_rng(0))
    expected = [p for user, n in enumerate(lengths) for p in range(offsets[user] + 1, offsets[user] + n)]
    assert windows.first_targets.tolist() == (windows.stops - 1).tolist() == expected
    assert (windows.starts == np.maximum(offsets[windows.users], windows.first_targets - max_length)).all()


def test_a_stride_of_zero_is_refused():
    with pytest.raises(UserError, match=r"stride is 0"):
        SlidingWindows(stride=0)
