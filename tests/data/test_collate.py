import numpy as np
import pytest

from seqmine.data.collate import HistoryCollate, NextBehaviorCollate, NextItemCollate, batch_of_histories
from seqmine.data.splits import Targets
from seqmine.data.windows import LatestWindow, Windows
from seqmine.structs import AttributeTable, InteractionLog, UserError

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


VIEW, BUY = 1, 2
SHOP = InteractionLog(
    LOG.items,
    LOG.offsets,
    timestamps=np.arange(9),
    behaviors=np.array([VIEW, BUY, VIEW, BUY, BUY, BUY, VIEW, VIEW, BUY], np.uint8),
    ratings=np.array([1, 2, 3, 4, 5, 1, np.nan, 3, 4], np.float32),
    behavior_names=["view", "buy"],
    users=AttributeTable(np.array([[1, 2], [3, 0], [1, 0]], np.int32), np.array([[0.5], [1], [2]], np.float32), 3),
)
COLUMNS = ("behaviors", "timestamps", "ratings", "user_codes", "user_values")


def test_only_the_columns_that_are_asked_for_are_gathered():
    windows = LatestWindow().choose(SHOP.offsets, SHOP.lengths, 3, np.random.default_rng(0))
    for asked in ((), ("timestamps",), COLUMNS):
        batches = [
            NextItemCollate(log=SHOP, columns=asked)(windows, np.array([0, 1])),
            HistoryCollate(log=SHOP, max_length=3, seen="full", columns=asked)(
                Targets(np.array([0, 1]), np.array([3, 1])), np.array([4, 6], np.int32), np.array([0, 1])
            ),
        ]
        for batch in batches:
            assert {name for name in COLUMNS if getattr(batch, name) is not None} == set(asked)
    for batch in batches:
        assert batch.items.tolist() == [[1, 2, 3], [5, 0, 0]]
        assert batch.behaviors.tolist() == [[VIEW, BUY, VIEW], [BUY, 0, 0]]
        assert batch.timestamps.tolist() == [[0, 1, 2], [4, 0, 0]]
        assert batch.ratings.tolist() == [[1, 2, 3], [5, 0, 0]]
        assert batch.user_codes.tolist() == [[1, 2], [3, 0]]
        assert batch.user_values.tolist() == [[0.5], [1]]


def test_a_column_that_the_log_has_not_is_absent():
    windows = LatestWindow().choose(LOG.offsets, LOG.lengths, 3, np.random.default_rng(0))
    batch = NextItemCollate(log=LOG, columns=COLUMNS)(windows, np.array([0]))
    assert [getattr(batch, name) for name in COLUMNS] == [None] * len(COLUMNS)


def test_positions_before_other_behaviors_have_no_target():
    windows = LatestWindow().choose(SHOP.offsets, SHOP.lengths, 3, np.random.default_rng(0))
    batch = NextBehaviorCollate(log=SHOP, behavior=BUY)(windows, np.array([0, 1, 2]))
    assert batch.items.tolist() == [[1, 2, 3], [5, 0, 0], [7, 8, 0]]
    assert batch.targets.tolist() == [[2, 0, 4], [6, 0, 0], [0, 9, 0]]


def test_an_item_that_was_viewed_stays_a_candidate_for_buying():
    collate = HistoryCollate(log=SHOP, max_length=2, seen="full", seen_behavior=BUY)
    batch = collate(Targets(np.array([0, 2]), np.array([3, 2])), np.array([4, 9], np.int32), np.array([0, 1]))
    assert (batch.seen_items.tolist(), batch.seen_rows.tolist()) == ([2], [0])
