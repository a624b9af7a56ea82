from dataclasses import replace

import numpy as np
import pytest
import torch

from seqmine.data.augmentations import Crop, Mask
from seqmine.data.collate import (
    HistoryCollate,
    MaskedItemCollate,
    NextItemCollate,
    TrainingCollate,
    TwoViewCollate,
)
from seqmine.data.targets import Targets
from seqmine.data.windows import LatestWindow, Windows
from seqmine.structs import AttributeTable, InteractionLog, UserError

LOG = InteractionLog.from_lists([[1, 2, 3, 4], [5, 6], [7, 8, 9]])
TIMED = replace(LOG, timestamps=np.arange(9) + 100)
RANDOM = np.random.default_rng(0)
LONG = InteractionLog.from_lists([range(1 + 20 * user, 21 + 20 * user) for user in range(300)])


def next_item(log=LOG):
    return NextItemCollate(log=log, train_stops=log.lengths)


def all_of(log):
    return LatestWindow().choose(log.offsets, log.lengths, 100, RANDOM), np.arange(log.num_users)


def masked(log=LONG, seed=0, **shares):
    collate = MaskedItemCollate(log=log, train_stops=log.lengths, **{"mask_share": 0.2, "last_share": 0.0} | shares)
    return collate(*all_of(log), np.random.default_rng(seed))


def test_next_item_targets_are_the_items_shifted_by_one():
    windows = LatestWindow().choose(LOG.offsets, LOG.lengths, 3, np.random.default_rng(0))
    batch = next_item()(windows, np.array([0, 1, 2]), RANDOM)
    assert batch.items.tolist() == [[1, 2, 3], [5, 0, 0], [7, 8, 0]]
    assert batch.targets.tolist() == [[2, 3, 4], [6, 0, 0], [8, 9, 0]]
    assert batch.lengths.tolist() == [3, 1, 2]


def test_context_before_the_first_target_is_not_predicted():
    windows = Windows(np.array([0]), np.array([0]), np.array([4]), np.array([2]))
    assert next_item()(windows, np.array([0]), RANDOM).targets.tolist() == [[0, 3, 4]]


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
    ends = Targets(np.arange(2), np.array([0, 1]))
    collate = HistoryCollate(log=InteractionLog.from_lists([[], [3]]), max_length=5, seen="full")
    batch = collate(ends, np.zeros(2, np.int32), np.arange(2))
    assert batch.items.tolist() == [[0], [3]]
    assert batch.lengths.tolist() == [1, 1]


def test_an_unknown_choice_of_seen_is_refused():
    with pytest.raises(UserError, match=r"seen is 'all', allowed are full, window and none"):
        HistoryCollate(log=LOG, max_length=2, seen="all")


def test_training_collates_are_such():
    assert isinstance(next_item(), TrainingCollate)


def test_masked_items_are_hidden_and_to_be_predicted():
    batch = masked()
    hidden = batch.items == 0
    assert (hidden == (batch.targets > 0)).all()
    rows = torch.from_numpy(LONG.items).long().view(300, 20)
    assert torch.equal(torch.where(hidden, batch.targets, batch.items), rows)
    assert hidden.float().mean().item() == pytest.approx(0.2, abs=0.02)
    assert hidden.any(1).all()
    assert not hidden[:, 0].any()  # the first event of a window is context alone
    assert (masked(mask_share=0.0).items == 0).sum(1).tolist() == [1] * 300
    assert torch.equal(masked().items, batch.items)
    assert not torch.equal(masked(seed=1).items, batch.items)


def test_a_share_of_the_rows_hides_its_last_event_alone():
    hidden = masked(last_share=0.3, mask_share=0.5).items == 0
    alone = (hidden.sum(1) == 1) & hidden[:, -1]
    assert alone.float().mean().item() == pytest.approx(0.3, abs=0.08)
    assert ((masked(last_share=1.0).items == 0).sum(0)[:-1] == 0).all()


def test_a_masked_event_tells_neither_its_time_nor_its_place_in_the_log():
    batch = masked(TIMED, mask_share=1.0, columns=("timestamps",))
    assert batch.items.tolist() == [[1, 0, 0, 0], [5, 0, 0, 0], [7, 0, 0, 0]]
    assert batch.targets.tolist() == [[0, 2, 3, 4], [0, 6, 0, 0], [0, 8, 9, 0]]
    assert batch.timestamps.tolist() == [[100, 0, 0, 0], [104, 0, 0, 0], [106, 0, 0, 0]]
    assert batch.lengths.tolist() == [4, 2, 3]


@pytest.mark.parametrize("name", ["mask_share", "last_share"])
def test_shares_beyond_one_are_refused(name):
    with pytest.raises(UserError, match=rf"{name} is 1\.5, allowed is 0 <= share <= 1"):
        masked(**{name: 1.5})


def test_views_are_changed_versions_of_each_history_and_nothing_is_predicted_from_them():
    augmentations = {"crop": Crop(share=0.5), "mask": Mask(share=0.5)}
    collate = TwoViewCollate(log=LONG, train_stops=LONG.lengths, augmentations=augmentations)
    batch = collate(*all_of(LONG), np.random.default_rng(0))
    plain = next_item(LONG)(*all_of(LONG), RANDOM)
    assert torch.equal(batch.items, plain.items) and torch.equal(batch.targets, plain.targets)
    assert batch.views.user_index.tolist() == [*range(300), *range(300)]
    assert not batch.views.targets.any()
    for view, user in zip(batch.views.items.tolist(), batch.views.user_index.tolist(), strict=True):
        assert {item for item in view if item} <= set(LONG.history(user)[:-1].tolist())
    cropped = batch.views.lengths == 9
    assert 200 < cropped.sum() < 400 and (batch.views.lengths[~cropped] == 19).all()
    assert ((batch.views.items[~cropped] == 0).sum(1) == 9).all()
    assert not torch.equal(batch.views.items[:300], batch.views.items[300:])


def test_views_need_an_augmentation():
    with pytest.raises(UserError, match=r"set augmentations=\[crop,mask,reorder\]"):
        TwoViewCollate(log=LOG, train_stops=LOG.lengths, augmentations={})


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
            NextItemCollate(log=SHOP, train_stops=SHOP.lengths, columns=asked)(windows, np.array([0, 1]), RANDOM),
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
    batch = NextItemCollate(log=LOG, train_stops=LOG.lengths, columns=COLUMNS)(windows, np.array([0]), RANDOM)
    assert [getattr(batch, name) for name in COLUMNS] == [None] * len(COLUMNS)


def test_positions_before_other_behaviors_have_no_target():
    windows = LatestWindow().choose(SHOP.offsets, SHOP.lengths, 3, np.random.default_rng(0))
    batch = NextItemCollate(log=SHOP, train_stops=SHOP.lengths, behaviors=[BUY])(windows, np.array([0, 1, 2]), RANDOM)
    assert batch.items.tolist() == [[1, 2, 3], [5, 0, 0], [7, 8, 0]]
    assert batch.targets.tolist() == [[2, 0, 4], [6, 0, 0], [0, 9, 0]]


def test_an_item_that_was_viewed_stays_a_candidate_for_buying():
    collate = HistoryCollate(log=SHOP, max_length=2, seen="full", seen_behaviors=[BUY])
    batch = collate(Targets(np.array([0, 2]), np.array([3, 2])), np.array([4, 9], np.int32), np.array([0, 1]))
    assert (batch.seen_items.tolist(), batch.seen_rows.tolist()) == ([2], [0])
