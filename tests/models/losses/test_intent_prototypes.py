import pytest
import torch
from torch.nn import functional as F

from seqmine.models.losses.cross_entropy import CrossEntropy
from seqmine.models.losses.intent_prototypes import IntentPrototypes
from seqmine.structs import UserError

CENTERS = torch.eye(8)[:3]


def make_loss(**changes):
    settings = {"weight": 1.0, "temperature": 0.2, "num_intents": 3, "num_positions": 64, "decay": 0.8}
    return IntentPrototypes(loss=CrossEntropy(), embedding_dim=8, **(settings | changes))


def clustered(count, seed=0):
    """Hidden states near three directions, and the direction of each."""
    generator = torch.Generator().manual_seed(seed)
    label = torch.arange(count) % 3
    return (CENTERS[label] + 0.1 * torch.randn(count, 8, generator=generator)) * 2, label


def train(loss, steps):
    torch.manual_seed(0)
    items = torch.randn(5, 8)
    for step in range(steps):
        hidden, label = clustered(60, seed=step)
        loss(hidden, label + 1, items)
    return loss


def test_prototypes_find_the_clusters_of_histories():
    loss = train(make_loss(num_intents=6), 40)
    hidden, label = clustered(60, seed=99)
    nearest = (F.normalize(hidden, dim=1) @ F.normalize(loss.sums, dim=1).T).argmax(1)
    owners = [set(label[nearest == prototype].tolist()) for prototype in nearest.unique()]
    assert all(len(owner) == 1 for owner in owners)
    assert set.union(*owners) == {0, 1, 2}


def test_value_is_the_next_item_and_the_share_of_the_nearest_prototype():
    loss = train(make_loss(weight=0.3), 5).eval()
    hidden, label = clustered(30)
    items = torch.randn(5, 8, generator=torch.Generator().manual_seed(1))
    cosine = F.cosine_similarity(hidden.unsqueeze(1), loss.sums.unsqueeze(0), dim=2) / 0.2
    contrast = -(cosine.amax(1) - cosine.exp().sum(1).log()).mean()
    expected = CrossEntropy()(hidden, label + 1, items) + 0.3 * contrast
    torch.testing.assert_close(loss(hidden, label + 1, items), expected)


def test_a_step_draws_histories_to_their_prototype():
    loss = train(make_loss(), 5).eval()
    hidden, label = clustered(30)
    hidden.requires_grad_()
    nothing = torch.zeros(5, 8)  # items that teach nothing
    (gradient,) = torch.autograd.grad(loss(hidden, label + 1, nothing), hidden)

    def closeness(states):
        return F.cosine_similarity(states.unsqueeze(1), loss.sums.unsqueeze(0), dim=2).amax(1).mean()

    assert closeness(hidden - gradient) > closeness(hidden)


def test_prototypes_rest_outside_training_and_go_on_from_a_state():
    loss = train(make_loss(), 3)
    kept = loss.state_dict()
    before = {name: value.clone() for name, value in kept.items()}
    train(loss.eval(), 1)
    assert all(torch.equal(before[name], value) for name, value in loss.state_dict().items())
    other = make_loss()
    other.load_state_dict(kept)
    assert torch.equal(train(other.train(), 2).sums, train(loss.train(), 2).sums)


def test_a_prototype_of_nobody_begins_anew():
    loss = train(make_loss(), 3)
    loss.sums[0], loss.sizes[0] = -CENTERS.sum(0), 0.0
    train(loss, 1)
    assert loss.sizes[0] > 0.5 * 60 / 3
    assert F.cosine_similarity(loss.sums[0], CENTERS, dim=1).max() > 0.9


@pytest.mark.parametrize(
    ("setting", "value", "allowed"),
    [
        ("temperature", 0.0, "numbers from 0.001"),
        ("num_intents", 1, "whole numbers from 2"),
        ("num_positions", 1, "whole numbers from 2"),
        ("decay", 1.0, "numbers from 0 and below 1"),
    ],
)
def test_settings_out_of_range_are_refused(setting, value, allowed):
    with pytest.raises(UserError, match=rf"{setting} is {value}, allowed are {allowed}"):
        make_loss(**{setting: value})
