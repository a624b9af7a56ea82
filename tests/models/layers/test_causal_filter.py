import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from seqmine.models.layers.causal_filter import LearnedFilter, MovingAverageFilter, causal_convolution, causal_mean

LENGTHS = st.integers(1, 20)


@settings(deadline=None)
@given(length=LENGTHS, window=st.integers(1, 25))
def test_mean_equals_a_loop(length, window):
    torch.manual_seed(length)
    hidden = torch.randn(2, length, 3)
    expected = torch.stack([hidden[:, max(0, t + 1 - window) : t + 1].mean(1) for t in range(length)], 1)
    torch.testing.assert_close(causal_mean(hidden, window), expected, rtol=1e-4, atol=1e-5)


@settings(deadline=None)
@given(length=LENGTHS, width=st.integers(1, 25))
def test_convolution_equals_a_loop(length, width):
    torch.manual_seed(length)
    hidden, kernel = torch.randn(2, length, 3), torch.randn(3, width)
    expected = torch.zeros_like(hidden)
    for t in range(length):
        for back in range(min(width, t + 1)):
            expected[:, t] += kernel[:, back] * hidden[:, t - back]
    torch.testing.assert_close(causal_convolution(hidden, kernel), expected, rtol=1e-4, atol=1e-5)


def test_constant_history_passes_the_moving_average_unchanged():
    hidden = torch.ones(1, 9, 4) * torch.tensor([1.0, -2.0, 0.0, 5.0])
    torch.testing.assert_close(MovingAverageFilter(embedding_dim=4, window=3)(hidden), hidden)


def test_changes_are_scaled_by_beta():
    layer = MovingAverageFilter(embedding_dim=1, window=2)
    torch.nn.init.constant_(layer.sqrt_beta, 3.0)
    result = layer(torch.tensor([[[0.0], [4.0]]]))
    assert result.flatten().tolist() == [0.0, 2.0 + 9.0 * 2.0]


def test_learned_filter_has_the_reach_of_its_kernel():
    layer = LearnedFilter(embedding_dim=2, max_length=3)
    hidden = torch.zeros(1, 6, 2)
    hidden[:, 0] = 1.0
    result = layer(hidden)[0]
    torch.testing.assert_close(result[:3], layer.kernel.T)
    assert not result[3:].any()
