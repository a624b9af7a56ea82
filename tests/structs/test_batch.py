import torch

from seqmine.structs import SequenceBatch


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
