"""Filters along the history that see only the past.

FMLP-Rec and BSARec filter with a Fourier transform of the whole window. Such a filter is a circular convolution: every
position sees every other, later ones too. That is harmless when each training sample is one prefix with one target, but
here all positions of a history are trained at once, so a position would see its own target. Each filter below is the
causal counterpart: the same kind of convolution with all weights on later positions left out.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class MovingAverageFilter(nn.Module):
    """Rescale the fast changes of the history, as the frequency layer of BSARec (Shin et al. 2024, arXiv:2312.10325).

    The slow part is the mean of the last ``window`` events, in place of the lowest frequencies of the whole window.

    Args:
        embedding_dim: size D of the vectors.
        window: events of the mean; a wider window has a lower cut-off frequency.
    """

    def __init__(self, *, embedding_dim: int, window: int) -> None:
        super().__init__()
        self.window = window
        self.sqrt_beta = nn.Parameter(torch.randn(embedding_dim))

    def forward(self, hidden: Float[Tensor, "B L D"]) -> Float[Tensor, "B L D"]:
        """Return ``slow + sqrt_beta ** 2 * (hidden - slow)``."""
        slow = causal_mean(hidden, self.window)
        return slow + self.sqrt_beta**2 * (hidden - slow)


class LearnedFilter(nn.Module):
    """Convolve each channel with a learned kernel, as FMLP-Rec does (Zhou et al. 2022, arXiv:2202.13556).

    FMLP-Rec learns the Fourier transform of the kernel and convolves around the window's end; here the kernel itself is
    learned and convolves the past.

    Args:
        embedding_dim: size D of the vectors.
        max_length: size of the kernel; events further back have no weight.
    """

    def __init__(self, *, embedding_dim: int, max_length: int) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(embedding_dim, max_length) * 0.02)

    def forward(self, hidden: Float[Tensor, "B L D"]) -> Float[Tensor, "B L D"]:
        """Return ``sum_d kernel[:, d] * hidden[t - d]``."""
        return causal_convolution(hidden, self.kernel)


def causal_mean(hidden: Float[Tensor, "B L D"], window: int) -> Float[Tensor, "B L D"]:
    """Return the mean of the last ``window`` positions up to each, of fewer where the history begins.

    >>> causal_mean(torch.tensor([[[2.0], [4.0], [9.0]]]), 2).flatten().tolist()
    [2.0, 3.0, 6.5]
    """
    total = hidden.cumsum(1)
    summed = torch.cat([total[:, :window], total[:, window:] - total[:, :-window]], 1)
    counts = torch.arange(1, hidden.shape[1] + 1, device=hidden.device).clamp(max=window)
    return summed / counts.unsqueeze(1)


def causal_convolution(hidden: Float[Tensor, "B L D"], kernel: Float[Tensor, "D W"]) -> Float[Tensor, "B L D"]:
    """Convolve each channel with the part of its kernel that looks back, by one matrix product a channel.

    >>> causal_convolution(torch.tensor([[[1.0], [0.0], [2.0]]]), torch.tensor([[3.0, 5.0]])).flatten().tolist()
    [3.0, 5.0, 6.0]
    """
    positions = torch.arange(hidden.shape[1], device=hidden.device)
    distance = positions.unsqueeze(1) - positions
    seen = (distance >= 0) & (distance < kernel.shape[1])
    toeplitz = torch.where(seen, kernel[:, distance.clamp(0, kernel.shape[1] - 1)], 0.0)
    return torch.bmm(toeplitz, hidden.permute(2, 1, 0)).permute(2, 1, 0)
