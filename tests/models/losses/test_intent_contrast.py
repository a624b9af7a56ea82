import math

import pytest
import torch
from torch.nn import functional as F

from seqmine.models.losses.cross_entropy import CrossEntropy
from seqmine.models.losses.intent_contrast import IntentContrast, intent_contrast
from seqmine.structs import UserError


def reference(hidden, targets, temperature):
    unit, losses = F.normalize(hidden, dim=1), []
    for i, target in enumerate(targets):
        similarity = [math.exp(float(unit[i] @ other) / temperature) for other in unit]
        rest = sum(value for value, other in zip(similarity, targets, strict=True) if other != target)
        partners = [j for j, other in enumerate(targets) if other == target and j != i]
        if partners:
            losses.append(-sum(math.log(similarity[j] / (similarity[j] + rest)) for j in partners) / len(partners))
    return sum(losses) / max(1, len(losses))


@pytest.mark.parametrize("targets", [[1, 1, 2, 3, 1, 2], [1, 2, 3, 4, 5, 6], [2, 2, 2, 2, 2, 2]])
def test_value_equals_a_loop(targets):
    torch.manual_seed(0)
    hidden = torch.randn(6, 4)
    ours = intent_contrast(hidden, torch.tensor(targets), 0.5)
    assert ours.item() == pytest.approx(reference(hidden, targets, 0.5), rel=1e-5, abs=1e-6)


def test_a_step_draws_partners_together():
    torch.manual_seed(0)
    hidden, targets = torch.randn(6, 4, requires_grad=True), torch.tensor([1, 1, 2, 2, 3, 3])
    (gradient,) = torch.autograd.grad(intent_contrast(hidden, targets, 0.5), hidden)
    moved = (hidden - 0.1 * gradient).detach()

    def closeness(vectors):
        cosine = F.normalize(vectors, dim=1) @ F.normalize(vectors, dim=1).T
        alike = targets.unsqueeze(1) == targets
        return cosine[alike].mean() - cosine[~alike].mean()

    assert closeness(moved) > closeness(hidden)


def test_the_next_item_is_still_learned():
    torch.manual_seed(0)
    hidden, items, targets = torch.randn(6, 4), torch.randn(9, 4), torch.tensor([1, 1, 2, 3, 4, 8])
    loss = IntentContrast(loss=CrossEntropy(), weight=0.3, temperature=0.5, num_positions=6)
    expected = CrossEntropy()(hidden, targets, items) + 0.3 * intent_contrast(hidden, targets, 0.5)
    torch.testing.assert_close(loss(hidden, targets, items), expected)


def test_settings_out_of_range_are_refused():
    with pytest.raises(UserError, match=r"temperature is 0.0, allowed are numbers from 0.001"):
        IntentContrast(loss=CrossEntropy(), weight=1.0, temperature=0.0, num_positions=2)
    with pytest.raises(UserError, match=r"num_positions is 1, allowed are whole numbers from 2"):
        IntentContrast(loss=CrossEntropy(), weight=1.0, temperature=1.0, num_positions=1)
