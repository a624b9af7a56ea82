from dataclasses import fields, replace

import torch

from seqmine.structs import SequenceBatch
from seqmine.structs.batch import EVENT_COLUMNS


def make_batch() -> SequenceBatch:
    return SequenceBatch(
        items=torch.tensor([[3, 4, 0], [5, 6, 7]]),
        targets=torch.tensor([[4, 9, 0], [6, 7, 8]]),
        lengths=torch.tensor([2, 3]),
        user_index=torch.tensor([0, 1]),
    )


def test_valid_mask_is_true_for_real_events():
    assert make_batch().valid_mask.tolist() == [[True, True, False], [True, True, True]]


def test_last_targets_stand_after_the_last_event():
    assert make_batch().last_targets.tolist() == [9, 8]


def test_moving_keeps_values_and_absent_fields():
    moved = make_batch().to("cpu")
    assert moved.items.tolist() == make_batch().items.tolist()
    assert moved.behaviors is None
    assert len(moved) == 2


def test_room_for_one_more_event_is_made_in_every_column_of_events():
    batch = replace(make_batch(), timestamps=make_batch().items + 100)
    longer = batch.with_room(torch.tensor([3, 4]))
    assert longer.items.tolist() == [[3, 4, 0, 0], [5, 6, 7, 0]]
    assert longer.timestamps.tolist() == [[103, 104, 100, 0], [105, 106, 107, 0]]
    assert longer.targets.shape == longer.valid_mask.shape == (2, 4)
    assert (longer.behaviors, longer.user_index.tolist(), batch.items.shape) == (None, [0, 1], (2, 3))
    assert longer.lengths.tolist() == [3, 4]


def test_columns_of_events_are_those_with_a_value_for_each_position():
    assert {field.name for field in fields(SequenceBatch) if "'B L'" in str(field.type)} == set(EVENT_COLUMNS)


def test_views_move_with_the_batch():
    moved = replace(make_batch(), views=make_batch()).to("meta")
    assert moved.items.is_meta and moved.views.items.is_meta and moved.views.views is None
