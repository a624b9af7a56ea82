"""Pair rules whose weights are released once with noise, as a recommender that keeps a promise to each user.

The log is summed up by one vector of a user each: how the user's pairs of items lie in a window, and which items there
are, scaled to length one (so that nobody adds more, and whoever did little adds as much). Normal noise on the sum of
all users is the Gaussian mechanism (Dwork and Roth 2014, doi:10.1561/0400000042); it lies on every pair of the catalog,
also on those that nobody has. What is done with the noisy sum costs nothing more: weights are made smaller by about the
size of the noise and none is negative (soft thresholding, Donoho 1995, doi:10.1109/18.382009), which silences the pairs
that are noise alone, and a list adds up the rules of several recent events.
"""

import secrets
from typing import Protocol

import numpy as np
from jaxtyping import Float
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn

from seqmine.mining.at_work.recommender import PatternRecommender
from seqmine.models.baselines.fitted import store
from seqmine.structs import InteractionLog, SequenceBatch
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import InnerShare, NonNegativeFloat, PositiveInt, PositiveShare, Seed

_EVENTS_AT_ONCE = 100_000
_ENTRIES_AT_ONCE = 20_000_000


class NoiseBudget(Protocol):
    """What may be spent, and what noise keeps to it."""

    def noise_for(self, sample_rate: float, num_steps: int) -> float:
        """Return the noise, as a multiple of what one user adds at most."""
        ...

    def take(self, noise_multiplier: float, sample_rate: float) -> None:
        """Count what was spent."""
        ...


@bounded
class PrivatePatterns(nn.Module):
    """Score items by noisy pair rules "a, then soon b" of all recent events.

    Args:
        budget: of the one release that fitting is.
        window: positions between the two events of a rule, at most.
        distance_decay: weight of a pair relative to that of a pair a position closer.
        num_recent: events at the end of the history whose rules are used.
        decay: weight of the rules of an event relative to those of the next.
        popularity_share: share of a user's vector, by its square, that says which items there are; the rest is pairs.
        shrinkage: of the weights, in standard deviations of the noise.
        noise_seed: of the noise; None takes one from the operating system and keeps it nowhere. A number makes runs
            that can be repeated, whose promise holds only towards those who do not know it.

    Raises:
        UserError: a setting out of range.
    """

    def __init__(
        self,
        *,
        budget: NoiseBudget,
        window: PositiveInt = 20,
        distance_decay: PositiveShare = 0.9,
        num_recent: PositiveInt = 10,
        decay: PositiveShare = 0.8,
        popularity_share: InnerShare = 0.05,
        shrinkage: NonNegativeFloat = 1.0,
        noise_seed: Seed | None = None,
    ) -> None:
        super().__init__()
        self.budget = budget
        self.window, self.distance_decay = window, distance_decay
        self.popularity_share, self.shrinkage, self.noise_seed = popularity_share, shrinkage, noise_seed
        self.rules = PatternRecommender(window=window, num_recent=num_recent, decay=decay, count_power=0.0)

    def fit(self, log: InteractionLog, num_items: int) -> None:
        """Release the noisy sum over users, once.

        Args:
            log: histories to count, of items up to ``num_items``; each is one user.
            num_items: size of the catalog.
        """
        noise = self.budget.noise_for(1.0, 1)
        generator = np.random.default_rng(secrets.randbits(128) if self.noise_seed is None else self.noise_seed)
        popularity, pairs = bounded_sums(
            log, num_items, self.window, self.distance_decay, popularity_share=self.popularity_share
        )
        popularity = popularity + noise * generator.standard_normal(len(popularity))
        rules = _noisy(pairs, noise, self.shrinkage, generator)
        self.budget.take(noise, 1.0)
        shares = np.maximum(popularity, 0.0) + 1e-3  # no item is impossible
        shares[0] = 0.0
        store(
            self.rules,
            shares=shares / shares.sum(),
            offsets=rules.indptr,
            columns=rules.indices,
            values=rules.data,
        )

    def score(self, batch: SequenceBatch) -> Float[Tensor, "B V"]:
        """Return the summed weights of the rules that fire, plus a little popularity for what none reaches."""
        return self.rules.score(batch)


def bounded_sums(
    log: InteractionLog, num_items: int, window: int, distance_decay: float, *, popularity_share: float
) -> tuple[NDArray[np.float64], sparse.csr_matrix]:
    """Return the sum over users of vectors of length one: how often each item, and each pair in a window, is there.

    Args:
        log: histories to count.
        num_items: size of the catalog.
        window: positions between the two events of a pair, at most.
        distance_decay: weight of a pair relative to that of a pair a position closer.
        popularity_share: share of a vector, by its square, that is items; each of them counts once.

    >>> popularity, pairs = bounded_sums(InteractionLog.from_lists([[1, 2]]), 2, 1, 1.0, popularity_share=0.5)
    >>> popularity.round(2).tolist(), round(float(pairs[1, 2]), 2)
    ([0.0, 0.5, 0.5], 0.71)
    """
    size, users = num_items + 1, log.event_users
    own = np.unique(users * size + log.items)
    counts = np.bincount(own // size, minlength=log.num_users)
    popularity = np.bincount(own % size, weights=np.sqrt(popularity_share / counts[own // size]), minlength=size)
    pairs = sparse.csr_matrix((size, size))
    borders = np.searchsorted(log.offsets, np.arange(_EVENTS_AT_ONCE, log.num_events, _EVENTS_AT_ONCE))
    edges = log.offsets[np.unique(np.append(borders, log.num_users))]
    for start, stop in zip(np.append(0, edges[:-1]), edges, strict=True):
        pairs += _unit_pairs(users[start:stop], log.items[start:stop], size, window, distance_decay)
    return popularity.astype(np.float64), pairs * np.sqrt(1 - popularity_share)


def _unit_pairs(
    users: NDArray[np.int64], items: NDArray[np.int32], size: int, window: int, distance_decay: float
) -> sparse.csr_matrix:
    """Sum up the pairs of whole histories, those of each user scaled to length one."""
    keys, weights = [], []
    for distance in range(1, window + 1):
        same = np.flatnonzero(users[distance:] == users[:-distance])
        keys.append((users[same] * size + items[same]) * size + items[same + distance])
        weights.append(np.full(len(same), distance_decay ** (distance - 1)))
    found, places = np.unique(np.concatenate(keys), return_inverse=True)
    values = np.bincount(places, np.concatenate(weights), minlength=len(found)).astype(np.float64)
    owners, pairs = np.divmod(found, size * size)
    squares = np.bincount(owners, weights=values**2)
    values /= np.sqrt(squares[owners])
    return sparse.coo_matrix((values, np.divmod(pairs, size)), shape=(size, size)).tocsr()


def _noisy(
    pairs: sparse.csr_matrix, noise: float, shrinkage: float, generator: np.random.Generator
) -> sparse.csr_matrix:
    """Add noise to every pair of the catalog, shrink, and keep what is above 0; a few rows at once."""
    size = pairs.shape[0]
    step = max(1, _ENTRIES_AT_ONCE // size)
    blocks = []
    for start in range(0, size, step):
        block = pairs[start : start + step].toarray().astype(np.float32)
        block += np.float32(noise) * generator.standard_normal(block.shape, dtype=np.float32)
        block -= np.float32(shrinkage * noise)
        block[:, 0] = 0.0
        if start == 0:
            block[0] = 0.0
        blocks.append(sparse.csr_matrix(np.maximum(block, 0.0)))
    return sparse.vstack(blocks, format="csr")
