from types import SimpleNamespace

import torch
from torch import nn

from seqmine.training.compiled import CompiledEncoder


def test_a_compiled_encoder_gives_the_same_under_the_same_names():
    encoder = nn.Sequential(nn.Linear(3, 3), nn.ReLU())
    names, inputs = list(encoder.state_dict()), torch.randn(2, 5, 3)
    expected = encoder(inputs)
    CompiledEncoder(backend="eager").on_fit_start(None, SimpleNamespace(encoder=encoder))
    assert encoder._compiled_call_impl is not None
    torch.testing.assert_close(encoder(inputs), expected)
    assert list(encoder.state_dict()) == names
