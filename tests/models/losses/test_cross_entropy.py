import pytest
import torch
from torch.nn import functional as F

from seqmine.models.losses import cross_entropy
from seqmine.models.losses.cross_entropy import CrossEntropy
from seqmine.structs import UserError


def inputs(rows=37, num_items=50, dim=8, scale=1.0):
    torch.manual_seed(0)
    hidden = (scale * torch.randn(rows, dim)).requires_grad_()
    table = torch.randn(num_items + 1, dim, requires_grad=True)
    return hidden, torch.randint(1, num_items + 1, (rows,)), table


@pytest.mark.parametrize("tile_bytes", [1, 50 * 4 * 20, 2**20])
@pytest.mark.parametrize(("temperature", "smoothing"), [(1.0, 0.0), (0.5, 0.1)])
def test_tiles_equal_the_dense_loss_in_value_and_gradient(monkeypatch, tile_bytes, temperature, smoothing):
    monkeypatch.setattr(cross_entropy, "_CPU_TILE_BYTES", tile_bytes)
    hidden, targets, table = inputs()
    dense = F.cross_entropy(hidden @ table[1:].T / temperature, targets - 1, label_smoothing=smoothing)
    tiled = CrossEntropy(temperature=temperature, label_smoothing=smoothing)(hidden, targets, table)
    assert tiled.item() == pytest.approx(dense.item(), rel=1e-6)
    for ours, theirs in zip(
        torch.autograd.grad(3 * tiled, (hidden, table)), torch.autograd.grad(3 * dense, (hidden, table)), strict=True
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize(
    "settings", [{"temperature": 0.0}, {"temperature": -1.0}, {"label_smoothing": 1.5}, {"label_smoothing": -0.2}]
)
def test_settings_out_of_range_are_refused(settings):
    (name, value) = next(iter(settings.items()))
    with pytest.raises(UserError, match=rf"{name} is {value}, allowed are numbers "):
        CrossEntropy(**settings)


def test_the_scores_are_never_held_whole(monkeypatch):
    """No tensor with as many elements as the (M, V) scores is made, forward or backward."""
    monkeypatch.setattr(cross_entropy, "_CPU_TILE_BYTES", 1)
    hidden, targets, table = inputs(rows=400, num_items=300)
    with torch.profiler.profile(profile_memory=True, record_shapes=True) as profile:
        CrossEntropy()(hidden, targets, table).backward()
    largest = max(event.self_cpu_memory_usage for event in profile.events())
    assert 0 < largest < 400 * 300 * 4 / 2


def test_low_precision_stays_near_and_gradients_keep_their_type():
    hidden, targets, table = inputs()
    exact = CrossEntropy()(hidden, targets, table)
    with torch.autocast("cpu", torch.bfloat16):
        low = CrossEntropy()(hidden, targets, table)
    low.backward()
    assert low.item() == pytest.approx(exact.item(), rel=0.02)
    assert hidden.grad.dtype == table.grad.dtype == torch.float32


def test_padding_row_gets_no_gradient():
    hidden, targets, table = inputs()
    CrossEntropy()(hidden, targets, table).backward()
    assert table.grad[0].abs().sum() == 0
    assert table.grad[1:].abs().sum() > 0
