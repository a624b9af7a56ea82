import pytest
import torch
from torch.nn import functional as F

from seqmine.privacy.user_gradients import add_noise, clipped_sum, user_gradient
from seqmine.structs import SequenceBatch
from tests.privacy.models import NUM_ITEMS, model_of

LENGTHS = [1, 3, 4, 6, 6]


def batch_of(lengths=LENGTHS) -> SequenceBatch:
    generator = torch.Generator().manual_seed(3)
    valid = torch.arange(max(lengths)) < torch.tensor(lengths).unsqueeze(1)
    draw = torch.randint(1, NUM_ITEMS + 1, (2, len(lengths), max(lengths)), generator=generator) * valid
    return SequenceBatch(draw[0], draw[1], torch.tensor(lengths), torch.arange(len(lengths)))


def brute_force(model, batch, parameters) -> list[list[torch.Tensor]]:
    """The gradient of each user by one padded pass of all, dense scores and the mean over the user's positions."""
    scores = model(batch) @ model.item_embedding.weight[1:].T
    losses = -scores.log_softmax(2).gather(2, (batch.targets - 1).clamp(min=0).unsqueeze(2)).squeeze(2)
    by_user = (losses * batch.valid_mask).sum(1) / batch.lengths
    return [
        [torch.zeros_like(p) if g is None else g for p, g in zip(parameters, gradients, strict=True)]
        for loss in by_user
        for gradients in [torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)]
    ]


@pytest.mark.parametrize("name", ["transformer", "sasrec", "gru", "lstm"])
def test_the_gradient_of_a_user_is_that_of_brute_force(name):
    model, batch = model_of(name, "model/loss=cross_entropy").eval(), batch_of()
    with torch.no_grad():
        model.item_embedding.weight.mul_(20)  # scores that differ
    parameters = list(model.parameters())

    def loss(user):
        return model.training_losses(user)[0]

    expected = brute_force(model, batch, parameters)
    for user, gradients in zip(batch.rows(), expected, strict=True):
        norm, found = user_gradient(loss, parameters, user)
        for one, other in zip(found, gradients, strict=True):
            torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)
        assert norm == pytest.approx(float(torch.cat([part.flatten() for part in gradients]).norm()), rel=1e-5)
    total, norms = clipped_sum(loss, parameters, batch.rows(), clip := 0.7 * float(norm))
    scales = [min(1.0, clip / length) for length in norms]
    assert min(scales) < 1
    for index, part in enumerate(total):
        by_hand = sum(scale * gradients[index] for scale, gradients in zip(scales, expected, strict=True))
        torch.testing.assert_close(part, by_hand, atol=1e-5, rtol=1e-5)


def sampled_softmax(scores, own, targets, negatives):
    """Score less the log of the expected count, N / V, beside the target, which is always there."""
    lowered = torch.stack([scores[:, n - 1] for n in negatives], 1) - torch.tensor(len(negatives) / NUM_ITEMS).log()
    lowered = lowered.masked_fill(targets.unsqueeze(1) == negatives, -torch.inf)
    return (torch.cat([own.unsqueeze(1), lowered], 1).logsumexp(1) - own).mean()


def gbce(scores, own, targets, negatives):
    """Every drawn negative counts as num_negatives / num_drawn of one; beta of a rate of one is one."""
    shift = -torch.tensor(float(len(negatives))).log()
    others = F.softplus(torch.stack([scores[:, n - 1] for n in negatives], 1) + shift)
    others = others.masked_fill(targets.unsqueeze(1) == negatives, 0.0)
    return ((F.softplus(-(own + shift)) + others.sum(1)) / (len(negatives) + 1)).mean()


def bce(scores, own, targets, negatives):
    """One negative of each position; one that is the target does not count."""
    others = torch.stack([row[n - 1] for row, n in zip(scores, negatives, strict=True)])
    return (F.softplus(-own) + F.softplus(others).masked_fill(targets == negatives, 0.0)).mean()


LOSSES = {
    "sampled_softmax": (sampled_softmax, ["model.loss.num_negatives=7"]),
    "gbce": (gbce, [f"model.loss.num_negatives={NUM_ITEMS}", f"model.loss.num_drawn={NUM_ITEMS}"]),
    "bce": (bce, ["model.loss.num_negatives=1"]),
}


@pytest.mark.parametrize("name", LOSSES)
def test_the_gradient_of_a_user_is_that_of_brute_force_for_losses_with_drawn_negatives(name, monkeypatch):
    """Negatives are drawn for the user alone; with the same draw the loss by its formula has the same gradient."""
    formula, settings = LOSSES[name]
    uniform = ["model.loss.sampler._target_=seqmine.models.negatives.UniformSampler"]
    model, batch = model_of("transformer", f"model/loss={name}", *uniform, *settings).eval(), batch_of()
    with torch.no_grad():
        model.item_embedding.weight.mul_(20)
    parameters, rows, drawn = list(model.parameters()), batch.rows(), []
    draw = model.loss.sampler.sample

    def kept(count, targets, num_items):
        drawn.append(draw(count, targets, num_items))
        return drawn[-1]

    monkeypatch.setattr(torch, "randperm", lambda count, device: torch.arange(count, device=device))
    monkeypatch.setattr(model.loss.sampler, "sample", kept)
    for user in rows:
        _, found = user_gradient(lambda row: model.training_losses(row)[0], parameters, user)
        targets = user.targets[0]
        scores = model(user)[0] @ model.item_embedding.weight[1:].T
        own = scores.gather(1, (targets - 1).unsqueeze(1)).squeeze(1)
        expected = torch.autograd.grad(formula(scores, own, targets, drawn[-1][0]), parameters, allow_unused=True)
        for one, other in zip(found, expected, strict=True):
            torch.testing.assert_close(one, torch.zeros_like(one) if other is None else other, atol=1e-5, rtol=1e-5)
    assert len(drawn) == len(rows), "nobody shares negatives with another"


def test_the_table_of_items_is_counted_once_for_what_goes_in_and_what_comes_out():
    """Gradients of a table that is used twice add up; hooks that look at layers see one of the two."""
    model = model_of("transformer", "model/loss=cross_entropy").eval()
    [user] = batch_of([4]).rows()
    _, [gradient] = user_gradient(lambda row: model.training_losses(row)[0], [model.item_embedding.weight], user)
    loss, _ = model.training_losses(user)
    loss.backward()
    torch.testing.assert_close(gradient, model.item_embedding.weight.grad)
    absent = [item for item in range(1, NUM_ITEMS + 1) if item not in user.items and item not in user.targets]
    assert (gradient[absent].norm(dim=1) > 0).all(), "scores reach items that the user never had"


def test_a_planted_outlier_adds_no_more_than_the_clip():
    model = model_of("transformer", "model/loss=cross_entropy").eval()
    parameters, rows = list(model.parameters()), batch_of().rows()

    def loss(user):
        return model.training_losses(user)[0] * (1e6 if int(user.user_index) == 4 else 1.0)

    with_it, norms = clipped_sum(loss, parameters, rows, 0.5)
    without, _ = clipped_sum(loss, parameters, rows[:4], 0.5)
    assert norms[4] > 1e4
    difference = torch.cat([(one - other).flatten() for one, other in zip(with_it, without, strict=True)])
    assert float(difference.norm()) == pytest.approx(0.5, rel=1e-4)


def test_nobody_adds_nothing():
    total, norms = clipped_sum(lambda user: user, [torch.nn.Parameter(torch.ones(3))], [], 1.0)
    assert norms == []
    assert total[0].tolist() == [0, 0, 0]


def test_noise_has_the_scale_that_was_asked_for_on_every_number():
    draws = torch.stack([noisy for number in range(10) for noisy in _noise(number)])
    assert len(draws) == 10_000
    assert draws.std(0).tolist() == pytest.approx([0.7, 0.7], rel=0.02)
    assert draws.mean(0).abs().max() < 0.03
    still = [torch.ones(2)]
    add_noise(still, 0.0, torch.Generator().manual_seed(0))
    assert still[0].tolist() == [1, 1]


def _noise(seed: int) -> torch.Tensor:
    total = [torch.zeros(1000, 2)]
    add_noise(total, 0.7, torch.Generator().manual_seed(seed))
    return total[0]
