import torch

from seqmine.models.encoders.lrurec import LinearRecurrentUnit


def test_unit_equals_the_complex_recurrence_of_the_paper():
    torch.manual_seed(0)
    unit = LinearRecurrentUnit(embedding_dim=4, dropout=0.5).eval()
    hidden = torch.randn(1, 7, 4)
    gamma, decay = unit.log_gamma.exp(), torch.exp(torch.complex(-unit.log_nu.exp(), unit.log_theta.exp()))
    matrix = torch.view_as_complex(unit.in_projection.weight.T.reshape(4, 8, 2).contiguous())
    offset = torch.view_as_complex(unit.in_projection.bias.view(8, 2))
    back = torch.view_as_complex(unit.out_projection.weight.view(4, 8, 2)).conj()
    state = torch.zeros(8, dtype=torch.cfloat)
    for t in range(7):
        state = decay * state + gamma * (hidden[0, t].to(torch.cfloat) @ matrix + offset)
        expected = (back @ state).real + unit.out_projection.bias
        torch.testing.assert_close(unit(hidden)[0, t], expected, rtol=1e-4, atol=1e-5)


def test_states_start_stable():
    """Decays begin between 0.8 and 0.99, and gamma keeps the size of the state independent of them."""
    unit = LinearRecurrentUnit(embedding_dim=64, dropout=0.0)
    radius = (-unit.log_nu.exp()).exp()
    assert radius.min() >= 0.8
    assert radius.max() <= 0.99
    torch.testing.assert_close(unit.log_gamma.exp() ** 2 + radius**2, torch.ones(128))
