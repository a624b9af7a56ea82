"""What each augmentation does; what all of them must do stands in contracts/test_augmentations.py."""

import numpy as np
import pytest

from seqmine.data.augmentations import Crop, Insert, Mask, Reorder, Substitute, draw_steps, prepare_augmentations
from seqmine.data.rows import training_rows
from seqmine.data.windows import LatestWindow, Windows
from seqmine.structs import InteractionLog, UserError

LOG = InteractionLog.from_lists([list(range(1, 12)), [21, 22, 23, 24], [31, 32]])
PARTNERS = {"max_distance": 1, "num_partners": 5}


def rows(ahead=1):
    windows = LatestWindow().choose(LOG.offsets, LOG.lengths, 100, np.random.default_rng(0))
    return training_rows(LOG, windows, np.arange(3), ahead)


def applied(augmentation, before, seed=0):
    prepare_augmentations([augmentation], LOG, LOG.lengths)
    return augmentation(before, np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(5))
def test_a_crop_is_a_stretch_with_its_own_targets(seed):
    cropped = applied(Crop(share=0.5), rows(), seed)
    assert cropped.lengths.tolist() == [5, 1, 1]
    for row, length in enumerate(cropped.lengths):
        items = cropped.items[row, :length]
        assert (np.diff(items) == 1).all()
        assert (LOG.items[cropped.targets[row, :length]] == items + 1).all()


def test_a_crop_keeps_something_to_predict():
    """A window whose last step alone has a target ends there."""
    windows = Windows(np.array([0]), np.array([0]), np.array([11]), np.array([10]))
    for seed in range(20):
        cropped = applied(Crop(share=0.3), training_rows(LOG, windows, np.array([0]), 1), seed)
        assert cropped.items.tolist() == [[8, 9, 10]]
        assert cropped.targets.tolist() == [[-1, -1, 10]]


def test_masked_events_keep_place_and_target():
    before = rows()
    masked = applied(Mask(share=0.5), before)
    assert ((masked.items == 0) & before.valid).sum(1).tolist() == [5, 1, 0]
    assert ((masked.items == 0) | (masked.items == before.items)).all()
    assert (masked.events == before.events).all() and (masked.targets == before.targets).all()


@pytest.mark.parametrize("ahead", [0, 1])
@pytest.mark.parametrize("seed", range(5))
def test_a_shuffled_stretch_predicts_nothing_that_it_shows(ahead, seed):
    before = rows(ahead)
    shuffled = applied(Reorder(share=0.5), before, seed)
    assert np.sort(shuffled.items, 1).tolist() == np.sort(before.items, 1).tolist()
    moved = np.flatnonzero(shuffled.events[0] != before.events[0])
    dropped = np.flatnonzero((shuffled.targets[0] < 0) & (before.targets[0] >= 0))
    assert len(moved) >= 2 and moved.max() - moved.min() < 5
    if ahead:
        assert len(dropped) == 4 and dropped.max() - dropped.min() == 3
    else:
        assert set(moved) <= {*dropped, 0}
    assert (shuffled.events[2] == before.events[2]).all()  # nothing to shuffle in one or two events


def test_a_substitute_stood_near_in_training_and_the_target_stays():
    before = rows()
    changed = applied(Substitute(share=0.5, **PARTNERS), before)
    differs = changed.items != before.items
    assert differs.sum(1).tolist() == [5, 1, 0]
    assert (np.abs(changed.items - before.items)[differs] == 1).all()
    assert (changed.targets == before.targets).all() and (changed.events == before.events).all()


def test_inserted_events_stand_after_theirs_and_predict_nothing():
    before = rows()
    longer = applied(Insert(share=0.5, max_length=100, **PARTNERS), before)
    assert longer.lengths.tolist() == [15, 4, 1]
    added = (longer.targets < 0) & longer.valid
    assert added.sum(1).tolist() == [5, 1, 0]
    for row in range(3):
        kept = ~added[row] & longer.valid[row]
        assert longer.items[row][kept].tolist() == before.items[row][before.valid[row]].tolist()
        assert longer.targets[row][kept].tolist() == before.targets[row][before.valid[row]].tolist()
    places = np.nonzero(added)
    assert (longer.events[added] == longer.events[places[0], places[1] - 1]).all()
    assert (np.abs(longer.items[added] - longer.items[places[0], places[1] - 1]) == 1).all()


def test_histories_that_grow_too_long_lose_their_oldest_events():
    longer = applied(Insert(share=0.5, max_length=6, **PARTNERS), rows())
    assert longer.lengths.tolist() == [6, 4, 1]
    assert LOG.items[longer.targets[0].max()] == 11


def test_partners_come_from_the_events_that_are_shown():
    augmentation = Substitute(share=0.9, **PARTNERS)
    prepare_augmentations([augmentation], LOG, np.array([0, 2, 2]))
    changed = augmentation(rows(), np.random.default_rng(0))
    assert (changed.items[0] == rows().items[0]).all()
    assert set(changed.items[1].tolist()) <= {0, 21, 22, 23}


def test_steps_are_drawn_by_share_without_replacement():
    before = rows()
    counts = sum(draw_steps(before, 0.3, np.random.default_rng(seed)).astype(int) for seed in range(500))
    assert counts.sum(1).tolist() == [1500, 0, 0]
    assert counts[0, :10].min() > 100
    assert counts[0, :10].max() < 200


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: Crop(share=0.0), r"share is 0\.0, allowed is 0 < share <= 1"),
        (lambda: Mask(share=1.0), r"share is 1\.0, allowed is 0 <= share < 1"),
        (lambda: Reorder(share=-0.1), r"share is -0\.1"),
        (lambda: Substitute(share=0.1, max_distance=0, num_partners=3), r"max_distance is 0"),
        (lambda: Insert(share=0.1, max_distance=1, num_partners=0, max_length=5), r"num_partners is 0"),
    ],
)
def test_settings_out_of_range_are_refused(build, sentence):
    with pytest.raises(UserError, match=sentence):
        build()
