"""Hidden states that are drawn: a variational encoder, as SVAE (Sachdeva et al. 2019, arXiv:1811.09975)."""

from collections import deque

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from seqmine.structs import SequenceBatch
from seqmine.structs.bounds import NonNegativeFloat, PositiveInt

# Passes whose divergence waits to be asked for; a model without that loss keeps no more than these.
_KEPT_PASSES = 64
# A share of the mean that varies less than this over positions says nothing (Burda et al. 2016, arXiv:1509.00519).
_ACTIVE_VARIANCE = 0.01


class VariationalEncoder(nn.Module):
    """Draws the hidden state at each position from a normal distribution around that of another encoder.

    In training a state is the mean plus noise of a learned deviation, and the divergence of this posterior from a
    standard normal prior is kept for the loss; at evaluation the state is the mean. Differs from SVAE: the mean is the
    state of the encoder itself, and items are scored from the drawn state without a decoder between.

    Args:
        embedding_dim: size D of the vectors.
        encoder: gives the means.
        noise: factor on the deviation of what is drawn; 0 takes the mean, 1 is the posterior.
    """

    def __init__(self, *, embedding_dim: PositiveInt, encoder: nn.Module, noise: NonNegativeFloat) -> None:
        super().__init__()
        self.encoder = encoder
        self.noise = noise
        self.log_variance = nn.Linear(embedding_dim, embedding_dim)
        nn.init.zeros_(self.log_variance.weight)
        nn.init.constant_(self.log_variance.bias, -2.0)  # starts near the mean, so that something is learned first
        self._posteriors: deque[tuple[Tensor, Tensor]] = deque(maxlen=_KEPT_PASSES)

    def forward(self, embedded: Float[Tensor, "B L D"], batch: SequenceBatch) -> Float[Tensor, "B L D"]:
        """Return hidden states: drawn ones in training, their means otherwise."""
        mean = self.encoder(embedded, batch)
        if not self.training:
            return mean
        log_variance = self.log_variance(mean)
        valid = batch.valid_mask
        self._posteriors.append((mean[valid], log_variance[valid]))
        if self.noise == 0:
            return mean
        return mean + self.noise * torch.exp(0.5 * log_variance) * torch.randn_like(mean)

    def take_posterior(self) -> tuple[Float[Tensor, "M D"], Float[Tensor, "M D"]] | None:
        """Return mean and log-variance at the valid positions of the passes since the last call; None without any."""
        if not self._posteriors:
            return None
        means, log_variances = (torch.cat(parts) for parts in zip(*self._posteriors, strict=True))
        self._posteriors.clear()
        return means, log_variances


def divergence(mean: Float[Tensor, "M D"], log_variance: Float[Tensor, "M D"]) -> Float[Tensor, ""]:
    """Return the Kullback-Leibler divergence from a standard normal, summed over the vector, averaged over positions.

    >>> divergence(torch.zeros(2, 3), torch.zeros(2, 3)).item(), divergence(torch.ones(2, 3), torch.zeros(2, 3)).item()
    (0.0, 1.5)
    """
    return 0.5 * (mean.square() + log_variance.exp() - log_variance - 1).sum(1).mean()


def active_units(mean: Float[Tensor, "M D"]) -> Float[Tensor, ""]:
    """Return the share of the elements of the mean that differ between positions; near 0 the posterior has collapsed.

    >>> active_units(torch.tensor([[0.0, 1.0], [0.0, -1.0]])).item()
    0.5
    """
    active: Bool[Tensor, "D"] = mean.detach().var(0, correction=0) > _ACTIVE_VARIANCE
    return active.float().mean()
