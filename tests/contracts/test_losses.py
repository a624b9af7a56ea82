"""What every loss that has a yaml in conf/model/loss must do; a new one is tested as soon as its yaml is there."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from omegaconf import OmegaConf

from seqmine.models.negatives import UniformSampler, prepare_samplers
from seqmine.structs import Catalog, Loss

CONF = Path(__file__).resolve().parents[2] / "conf"
NAMES = sorted(path.stem for path in (CONF / "model" / "loss").glob("*.yaml"))
SAMPLERS = sorted(path.stem for path in (CONF / "model" / "loss" / "sampler").glob("*.yaml"))
NUM_ITEMS, NUM_ROWS, DIM = 30, 50, 8


def loss_config(name, *overrides):
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose(overrides=[f"+model/loss={name}", f"+model.embedding_dim={DIM}", *overrides]).model.loss
    OmegaConf.set_struct(config, False)
    if "num_negatives" in config and config.num_negatives > 1:
        config.num_negatives = 10
    if "num_drawn" in config:
        config.num_drawn = 20
    if "num_positions" in config:
        config.num_positions = NUM_ROWS
    if "num_intents" in config:
        config.num_intents = 8
    return config


def build(config):
    """Build a loss that has seen a batch of training; afterwards it keeps what it holds of it."""
    loss = instantiate(config)
    prepare_samplers(loss, replace(Catalog.of_size(NUM_ITEMS), train_counts=torch.arange(NUM_ITEMS + 1)))
    torch.manual_seed(0)
    loss(*make_inputs(seed=1))
    return loss.eval()


def is_sampled(loss):
    return hasattr(loss, "sampler")


@pytest.fixture(params=NAMES, name="loss")
def loss_of_each_yaml(request):
    return build(loss_config(request.param))


def make_inputs(scale=1.0, seed=0):
    torch.manual_seed(seed)
    hidden = (torch.randn(NUM_ROWS, DIM) * scale).requires_grad_()
    items = torch.randn(NUM_ITEMS + 1, DIM, requires_grad=True)
    return hidden, torch.randint(1, NUM_ITEMS + 1, (NUM_ROWS,)), items


def evaluate(loss, hidden, targets, items, seed=0):
    torch.manual_seed(seed)
    value = loss(hidden, targets, items)
    return value, *torch.autograd.grad(value, [hidden, items])


def test_there_is_something_to_test():
    assert {"cross_entropy", "sampled_softmax", "bce", "gbce", "bpr"} <= set(NAMES)


def test_value_is_one_number_in_single_precision(loss):
    value, grad_hidden, grad_items = evaluate(loss, *make_inputs())
    assert isinstance(loss, Loss)
    assert value.shape == ()
    assert value.dtype == torch.float32
    assert value > 0
    assert grad_hidden.any(1).all()
    assert grad_items.any()


@pytest.mark.parametrize("is_training", [True, False])
@pytest.mark.parametrize("scale", [0.0, 1e4])
def test_extreme_scores_stay_finite(loss, scale, is_training):
    for part in evaluate(loss.train(is_training), *make_inputs(scale)):
        assert part.isfinite().all()


def test_gradient_is_that_of_the_value(loss):
    """A step against the gradient changes the value by what the gradient says."""
    hidden, targets, items = make_inputs()
    _, grad_hidden, grad_items = evaluate(loss, hidden, targets, items)
    for which, gradient in enumerate((grad_hidden, grad_items)):
        direction = gradient / gradient.norm()
        values = []
        for step in (1e-2, -1e-2):
            moved = [hidden.detach().clone(), items.detach().clone()]
            moved[which] += step * direction
            values.append(evaluate(loss, moved[0].requires_grad_(), targets, moved[1].requires_grad_())[0])
        slope = (values[0] - values[1]) / 2e-2
        assert slope.item() == pytest.approx(gradient.norm().item(), rel=1e-2)


def test_loss_falls_when_the_score_of_the_target_rises(loss):
    _, targets, _ = make_inputs()
    targets = torch.full_like(targets, 3)
    values = []
    for score in (-2.0, 0.0, 2.0):
        items = torch.randn(NUM_ITEMS + 1, DIM, generator=torch.Generator().manual_seed(0))
        items[:, 0] = 0.0
        items[3] = torch.tensor([score] + [0.0] * (DIM - 1))
        hidden = torch.zeros(NUM_ROWS, DIM)
        hidden[:, 0] = 1.0
        values.append(evaluate(loss, hidden.requires_grad_(), targets, items.requires_grad_())[0].item())
    assert values[0] > values[1] > values[2]


class RelabeledSampler(torch.nn.Module):
    """Draws what another sampler draws, under other numbers."""

    def __init__(self, sampler, new_index):
        super().__init__()
        self.sampler, self.new_index = sampler, new_index

    def sample(self, num_negatives, targets, num_items):
        old_index = self.new_index.argsort()
        negatives, log_counts = self.sampler.sample(num_negatives, old_index[targets], num_items)
        return self.new_index[negatives], log_counts


def test_numbers_of_items_do_not_matter(loss):
    hidden, targets, items = make_inputs()
    value, grad_hidden, _ = evaluate(loss, hidden, targets, items)
    new_index = torch.cat([torch.zeros(1, dtype=torch.int64), torch.randperm(NUM_ITEMS) + 1])
    if is_sampled(loss):
        loss.sampler = RelabeledSampler(loss.sampler, new_index)
    moved = torch.empty_like(items)
    moved[new_index] = items.detach()
    new_value, new_grad_hidden, _ = evaluate(loss, hidden, new_index[targets], moved.requires_grad_())
    assert new_value.item() == pytest.approx(value.item(), rel=1e-5)
    torch.testing.assert_close(new_grad_hidden, grad_hidden, rtol=1e-4, atol=1e-6)


def test_rows_may_come_in_any_order(loss):
    """Rows share nothing but their negatives."""
    if is_sampled(loss) and loss.num_negatives == 1:
        pytest.skip("each row draws its own negatives, in order")
    hidden, targets, items = make_inputs()
    order = torch.randperm(NUM_ROWS)
    value = evaluate(loss, hidden, targets, items)[0]
    assert evaluate(loss, hidden[order], targets[order], items)[0].item() == pytest.approx(value.item(), rel=1e-5)


def test_padding_is_never_a_candidate(loss):
    hidden, targets, items = make_inputs()
    value, _, grad_items = evaluate(loss, hidden, targets, items)
    other = items.detach().clone()
    other[0] = 100.0
    assert evaluate(loss, hidden, targets, other.requires_grad_())[0] == value
    assert not grad_items[0].any()


def test_inputs_are_left_as_they_are(loss):
    inputs = make_inputs()
    before = [part.detach().clone() for part in inputs]
    evaluate(loss.train(), *inputs)
    assert all(torch.equal(part, copy) for part, copy in zip(inputs, before, strict=True))


def test_gradient_scales_with_what_follows(loss):
    """Accumulated and scaled gradients (mixed precision) rely on it."""
    hidden, targets, items = make_inputs()
    _, grad_hidden, grad_items = evaluate(loss, hidden, targets, items)
    torch.manual_seed(0)
    scaled = torch.autograd.grad(loss(hidden, targets, items) * 3.0, [hidden, items])
    torch.testing.assert_close(scaled, (grad_hidden * 3, grad_items * 3))


@pytest.mark.parametrize("is_training", [True, False])
def test_one_row_is_enough(loss, is_training):
    hidden, targets, items = make_inputs()
    for part in evaluate(loss.train(is_training), hidden.detach()[:1].requires_grad_(), targets[:1], items):
        assert part.isfinite().all()


@pytest.mark.parametrize("name", NAMES)
def test_half_precision_changes_little(name):
    values = []
    for enabled in (False, True):
        loss = build(loss_config(name)).train()
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            values.append(evaluate(loss, *make_inputs())[0].item())
    assert values[1] == pytest.approx(values[0], rel=0.02)


@pytest.mark.parametrize("num_negatives", [30, 90])
def test_sampled_softmax_of_the_whole_catalog_is_cross_entropy(num_negatives):
    config = loss_config("sampled_softmax")
    config.num_negatives = num_negatives
    sampled, full = build(config), build(loss_config("cross_entropy"))
    sampled.sampler = UniformSampler()
    for one, other in zip(evaluate(sampled, *make_inputs()), evaluate(full, *make_inputs()), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("name", ["bce", "gbce", "bpr", "sampled_softmax"])
def test_every_loss_takes_every_sampler(name, sampler):
    loss = build(loss_config(name, f"model/loss/sampler={sampler}"))
    for part in evaluate(loss, *make_inputs()):
        assert part.isfinite().all()


def settings_with_numbers():
    for name in NAMES:
        config = loss_config(name)
        own = (key for key in config if not OmegaConf.is_interpolation(config, key))
        yield from ((name, (), key) for key in own if isinstance(config[key], (int, float)))
    for sampler in SAMPLERS:
        override = f"model/loss/sampler={sampler}"
        config = loss_config("sampled_softmax", override).sampler
        yield from (("sampled_softmax", (override,), key) for key in config if isinstance(config[key], (int, float)))


@pytest.mark.parametrize(("name", "overrides", "key"), list(settings_with_numbers()))
def test_every_value_of_the_yaml_matters(name, overrides, key):
    config = loss_config(name, *overrides)
    changed = config.copy()
    node = changed.sampler if overrides else changed
    node[key] = (node[key] // 2 or 2) if isinstance(node[key], int) else node[key] / 2 + 0.1
    inputs = make_inputs()
    assert evaluate(build(config), *inputs)[0] != evaluate(build(changed), *inputs)[0]
