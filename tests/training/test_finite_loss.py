from types import SimpleNamespace

import pytest
import torch
from torch import nn

from seqmine.structs import UserError
from seqmine.training.finite_loss import FiniteLoss

TRAINER = SimpleNamespace(current_epoch=2, global_step=17)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_stops_the_training(value):
    with pytest.raises(UserError, match=r"in epoch 2, step 17.*lower optimizer\.lr"):
        FiniteLoss().on_before_backward(TRAINER, None, torch.tensor(value))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_weights_that_are_not_finite_are_refused(value):
    layer = nn.Linear(2, 2)
    FiniteLoss().on_fit_start(TRAINER, layer)
    layer.weight.data[0, 0] = value
    with pytest.raises(UserError, match="the weights weight are not finite"):
        FiniteLoss().on_fit_start(TRAINER, layer)
