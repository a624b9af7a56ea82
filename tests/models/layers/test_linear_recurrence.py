import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqmine.models.layers.linear_recurrence import linear_recurrence


def loop(inputs, decay):
    state, states = torch.zeros_like(inputs[:, 0]), []
    for step in range(inputs.shape[1]):
        state = decay * state + inputs[:, step]
        states.append(state)
    return torch.stack(states, 1)


def make_inputs(length, dtype=torch.cdouble):
    torch.manual_seed(length)
    decay = torch.polar(torch.rand(4, dtype=torch.double), 6 * torch.rand(4, dtype=torch.double)).to(dtype)
    return torch.randn(2, length, 4, dtype=dtype), decay


@settings(deadline=None)
@given(length=st.integers(1, 70))
def test_scan_equals_the_loop(length):
    inputs, decay = make_inputs(length)
    torch.testing.assert_close(linear_recurrence(inputs, decay), loop(inputs, decay))


@pytest.mark.parametrize("length", [1, 2, 5, 8])
def test_gradient_is_exact(length):
    inputs, decay = make_inputs(length)
    assert torch.autograd.gradcheck(linear_recurrence, (inputs.requires_grad_(), decay.requires_grad_()))


def test_long_histories_stay_exact_in_single_precision():
    inputs, decay = make_inputs(1000, torch.cfloat)
    exact = loop(inputs.to(torch.cdouble), decay.to(torch.cdouble))
    torch.testing.assert_close(linear_recurrence(inputs, decay), exact.to(torch.cfloat), rtol=1e-4, atol=1e-4)


def test_inputs_are_left_as_they_are():
    inputs, decay = make_inputs(8)
    before = inputs.clone()
    linear_recurrence(inputs, decay)
    assert torch.equal(inputs, before)
