from dataclasses import fields, replace

import torch

from seqmine.structs import SequenceBatch
from seqmine.structs.batch import EVENT_COLUMNS, columns_read


def make_batch() -> SequenceBatch:
    return SequenceBatch(
        items=torch.tensor([[3, 4, 0], [5, 6, 7]]),
        targets=torch.tensor([[4, 9, 0], [6, 7, 8]]),
        lengths=torch.tensor([2, 3]),
        user_index=torch.tensor([0, 1]),
    )


def test_valid_mask_is_true_for_real_events():
    assert make_batch().valid_mask.tolist() == [[True, True, False], [True, True, True]]


def test_a_buffer_of_that_name_is_no_column_that_a_model_reads():
    model = torch.nn.Module()
    model.register_buffer("columns", torch.arange(3))
    assert columns_read(model) == frozenset()


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


def test_groups_cut_every_column_to_their_longest_row():
    batch = make_batch()
    whole = replace(
        batch, groups=((1, int(batch.lengths[0])), (len(batch), batch.items.shape[1])), behaviors=batch.items + 1,
        user_values=torch.arange(len(batch) * 2.0).view(-1, 2), views=batch, seen_items=batch.items[0],
    )  # fmt: skip
    first, rest = whole.in_groups()
    assert first.items.tolist() == batch.items[:1, : batch.lengths[0]].tolist()
    assert first.behaviors.tolist() == (first.items + 1).tolist()
    assert torch.cat([first.user_values, rest.user_values]).tolist() == whole.user_values.tolist()
    assert torch.cat([first.lengths, rest.lengths]).tolist() == batch.lengths.tolist()
    assert first.views is None and first.seen_items is None and first.in_groups() == [first]
    assert whole.to("cpu").groups == whole.groups
