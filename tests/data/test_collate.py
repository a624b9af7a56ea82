import numpy as np
import pytest

from seqmine.data.collate import HistoryCollate, NextItemCollate, batch_of_histories
from seqmine.data.splits import Targets
from seqmine.data.windows import LatestWindow, Windows
from seqmine.structs import InteractionLog, UserError

LOG = InteractionLog.from_lists([[1, 2, 3, 4], [5, 6], [7, 8, 9]])


def test_next_item_targets_are_the_items_shifted_by_one():
    windows = LatestWindow().choose(LOG.offsets, LOG.lengths, 3, np.random.default_rng(0))
    batch = NextItemCollate(log=LOG)(windows, np.array([0, 1, 2]))
    assert batch.items.tolist() == [[1, 2, 3], [5, 0, 0], [7, 8, 0]]
    assert batch.targets.tolist() == [[2, 3, 4], [6, 0, 0], [8, 9, 0]]
    assert batch.lengths.tolist() == [3, 1, 2]


def test_context_before_the_first_target_is_not_predicted():
    windows = Windows(np.array([0]), np.array([0]), np.array([4]), np.array([2]))
    assert NextItemCollate(log=LOG)(windows, np.array([0])).targets.tolist() == [[0, 3, 4]]


@pytest.mark.parametrize(("seen", "expected"), [("full", [1, 2, 3]), ("window", [2, 3]), ("none", None)])
def test_seen_items_follow_the_protocol(seen, expected):
    collate = HistoryCollate(log=LOG, max_length=2, seen=seen)
    batch = collate(Targets(np.array([0]), np.array([3])), np.array([4], np.int32), np.array([0]))
    assert batch.items.tolist() == [[2, 3]]
    assert batch.last_targets.tolist() == [4]
    assert (None if batch.seen_items is None else batch.seen_items.tolist()) == expected


def test_the_target_and_later_events_are_never_in_the_input():
    collate = HistoryCollate(log=LOG, max_length=10, seen="full")
    batch = collate(Targets(np.array([0, 2]), np.array([2, 1])), np.array([3, 8], np.int32), np.array([0, 1]))
    assert batch.items.tolist() == [[1, 2], [7, 0]]
    assert batch.seen_items.tolist() == [1, 2, 7]
    assert batch.seen_rows.tolist() == [0, 0, 1]


def test_an_empty_history_is_one_padded_position():
    batch = batch_of_histories([[], [3]], max_length=5)
    assert batch.items.tolist() == [[0], [3]]
    assert batch.lengths.tolist() == [1, 1]


def test_an_unknown_choice_of_seen_is_refused():
    with pytest.raises(UserError, match=r"evaluation\.seen is 'all', allowed are full, window and none"):
        HistoryCollate(log=LOG, max_length=2, seen="all")
