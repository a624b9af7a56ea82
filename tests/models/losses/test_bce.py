import pytest
import torch

from seqmine.models.losses.bce import BCE
from seqmine.models.negatives import UniformSampler
from seqmine.structs import UserError


class FixedSampler:
    def sample(self, num_negatives, targets, num_items):
        return torch.full((num_negatives,), 3), torch.zeros(num_negatives)


def test_value_matches_the_formula_of_sasrec():
    torch.manual_seed(0)
    hidden, items, targets = torch.randn(5, 4), torch.randn(11, 4), torch.tensor([3, 4, 5, 6, 3])
    losses = []
    for vector, target in zip(hidden, targets.tolist(), strict=True):
        loss = -torch.log(torch.sigmoid(vector @ items[target]))
        if target != 3:
            loss = loss - 2 * torch.log(1 - torch.sigmoid(vector @ items[3]))
        losses.append(loss)
    ours = BCE(num_negatives=2, sampler=FixedSampler())(hidden, targets, items)
    assert ours.item() == pytest.approx(torch.stack(losses).mean().item(), rel=1e-5)


def test_negatives_of_a_position_do_not_follow_its_place():
    """The sampler returns its draw sorted; first positions must not get the first items."""
    torch.manual_seed(0)
    items = torch.zeros(1001, 1)
    items[501:] = 100.0
    hidden = torch.cat([torch.zeros(500, 1), torch.ones(500, 1)])
    loss = BCE(num_negatives=1, sampler=UniformSampler())(hidden, torch.ones(1000, dtype=torch.int64), items)
    assert loss.item() == pytest.approx(25.0, rel=0.15)


def test_no_negatives_are_refused():
    with pytest.raises(UserError, match=r"num_negatives is 0, allowed are whole numbers from 1"):
        BCE(num_negatives=0, sampler=UniformSampler())
