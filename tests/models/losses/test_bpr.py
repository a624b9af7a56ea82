import pytest
import torch

from seqmine.models.losses.bpr import BPR
from seqmine.models.negatives import UniformSampler
from seqmine.structs import UserError


class FixedSampler:
    def sample(self, num_negatives, targets, num_items):
        return torch.tensor([1, 4, 4, 10]), torch.zeros(4)


def test_value_and_gradient_match_a_loop():
    torch.manual_seed(0)
    hidden, items = torch.randn(20, 4, requires_grad=True), torch.randn(11, 4, requires_grad=True)
    targets = torch.randint(1, 11, (20,))
    ours = BPR(num_negatives=4, sampler=FixedSampler())(hidden, targets, items)
    losses = []
    for vector, target in zip(hidden, targets.tolist(), strict=True):
        gaps = [vector @ items[target] - vector @ items[n] for n in (1, 4, 4, 10) if n != target]
        losses.append(-sum(torch.sigmoid(gap).log() for gap in gaps) / 4)
    expected = torch.stack(losses).mean()
    assert ours.item() == pytest.approx(expected.item(), rel=1e-5)
    for mine, theirs in zip(
        torch.autograd.grad(ours, [hidden, items]), torch.autograd.grad(expected, [hidden, items]), strict=True
    ):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=1e-6)


def test_no_negatives_are_refused():
    with pytest.raises(UserError, match=r"num_negatives is 0, allowed are whole numbers from 1"):
        BPR(num_negatives=0, sampler=UniformSampler())
