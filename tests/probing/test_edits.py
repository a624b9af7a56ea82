from dataclasses import fields, replace

import numpy as np
import pytest
import torch

from seqmine.data.collate import HistoryCollate
from seqmine.data.targets import Targets
from seqmine.probing.cases import Cases
from seqmine.probing.edits import Edit, batch_of_edits, whole_histories
from seqmine.structs import InteractionLog
from seqmine.structs.attributes import AttributeTable

COLUMNS = ("behaviors", "timestamps", "ratings", "user_codes", "user_values")


@pytest.fixture
def cases():
    """Two users with every column; the second one's oldest event is out of reach of the model."""
    log = replace(
        InteractionLog.from_lists([[1, 2, 3, 9], [8, 4, 5, 6, 9]]),
        timestamps=np.arange(100, 109),
        behaviors=np.arange(1, 10, dtype=np.uint8),
        ratings=np.arange(1, 10, dtype=np.float32) / 2,
        users=AttributeTable(np.array([[1], [2]], np.int32), np.array([[0.5], [0.25]], np.float32), 2),
    )
    collate = HistoryCollate(log=log, max_length=3, seen="full", columns=COLUMNS)
    return Cases(collate, Targets(np.arange(2), log.lengths - 1), np.array([9, 9], np.int32))


def columns_of(cases, edit):
    """Return items, behaviors, times and ratings of an edited history."""
    batch = batch_of_edits(cases, [edit])
    size = int(batch.lengths[0])
    columns = (batch.items, batch.behaviors, batch.timestamps, batch.ratings)
    return tuple(column[0, :size].tolist() for column in columns)


def test_unedited_histories_are_the_batch_of_an_evaluation(cases):
    expected, batch = cases.batch(np.arange(2)), batch_of_edits(cases, whole_histories(cases))
    for field in fields(batch):
        value, other = getattr(batch, field.name), getattr(expected, field.name)
        if field.name not in ("targets", "target_positions", "seen_items", "seen_rows"):
            assert torch.equal(value, other) if isinstance(value, torch.Tensor) else value == other, field.name


def test_a_deletion_closes_the_gap_in_every_column_and_lets_no_older_event_in(cases):
    second = Edit.of(cases, 1)
    assert columns_of(cases, second.without([1])) == ([4, 6], [6, 8], [105, 107], [3.0, 4.0])
    assert columns_of(cases, second.keep([2, 0])) == columns_of(cases, second.without([1]))


def test_a_hidden_event_tells_nothing_but_when(cases):
    assert columns_of(cases, Edit.of(cases, 0).hide([1])) == ([1, 0, 3], [1, 0, 3], [100, 101, 102], [0.5, 0.0, 1.5])


def test_what_was_done_moves_with_an_event_and_time_goes_on(cases):
    edit = Edit.of(cases, 0).reorder([0, 2], [2, 0])
    assert columns_of(cases, edit) == ([3, 2, 1], [3, 2, 1], [100, 101, 102], [1.5, 1.0, 0.5])


def test_an_appended_event_happens_right_after_the_last_and_the_oldest_falls_out(cases):
    edit = Edit.of(cases, 0).append(7)
    assert len(edit) == 4
    assert columns_of(cases, edit) == ([2, 3, 7], [2, 3, 3], [101, 102, 102], [1.0, 1.5, 1.5])


def test_a_replaced_item_keeps_what_was_done_and_when(cases):
    assert columns_of(cases, Edit.of(cases, 0).replaced(0, 7)) == (
        [7, 2, 3],
        [1, 2, 3],
        [100, 101, 102],
        [0.5, 1.0, 1.5],
    )


def test_changes_follow_each_other_and_leave_the_first_as_it_was(cases):
    whole = Edit.of(cases, 0)
    edit = whole.without([0]).hide([0]).append(5)
    assert columns_of(cases, edit) == ([0, 3, 5], [0, 3, 3], [101, 102, 102], [0.0, 1.5, 1.5])
    assert whole.items.tolist() == [1, 2, 3]


def test_a_history_without_events_is_one_padded_position_of_its_user(cases):
    batch = batch_of_edits(cases, [Edit.of(cases, 1).keep([]), Edit.of(cases, 0)])
    assert batch.lengths.tolist() == [1, 3]
    assert batch.items.tolist() == [[0, 0, 0], [1, 2, 3]]
    assert batch.user_codes.tolist() == [[2], [1]]
    assert columns_of(cases, Edit.of(cases, 1).keep([]).append(4)) == ([4], [0], [0], [0.0])
