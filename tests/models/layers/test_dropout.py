import pytest
import torch

from seqmine.models.layers.dropout import Dropout


@pytest.mark.parametrize("p", [0.1, 0.5])
def test_share_and_scale_are_those_of_dropout(p):
    torch.manual_seed(0)
    inputs = torch.ones(400, 300)
    outputs = Dropout(p)(inputs)
    dropped = (outputs == 0).float().mean().item()
    assert dropped == pytest.approx(p, abs=0.005)
    assert outputs.mean().item() == pytest.approx(1.0, abs=0.005)


def test_a_probability_next_to_one_leaves_finite_numbers():
    torch.manual_seed(0)
    outputs = Dropout(0.999)(torch.ones(100, 100))
    assert outputs.unique().tolist() == [0.0, 256.0]


def test_gradient_passes_where_the_input_did():
    torch.manual_seed(0)
    inputs = torch.ones(33, 3, requires_grad=True)
    outputs = Dropout(0.3)(inputs)
    outputs.sum().backward()
    torch.testing.assert_close(inputs.grad, outputs.detach())


def test_the_mask_follows_the_seed():
    outputs = []
    for _ in range(2):
        torch.manual_seed(5)
        outputs.append(Dropout(0.4)(torch.ones(50, 7)))
    assert torch.equal(*outputs)


def test_evaluation_and_zero_leave_inputs_alone():
    inputs = torch.randn(3, 4)
    assert Dropout(0.9).eval()(inputs) is inputs
    assert Dropout(0.0)(inputs) is inputs


def test_an_impossible_probability_is_refused():
    with pytest.raises(ValueError, match="dropout is 1.0, allowed is 0 <= dropout < 1"):
        Dropout(1.0)
