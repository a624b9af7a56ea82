"""Samplers of negatives, each with the log of how often it is expected to draw an item.

Every sampler draws by strata: the unit interval is cut into N equal parts, one point falls into each, and the points
are mapped through the inverse distribution of the proposal. An item is then expected exactly ``N * q(item)`` times, as
with independent draws, but is hardly ever drawn twice, so that N negatives cover the catalog better. With N equal to
the size of the catalog the uniform sampler draws every item once.

Proposals that follow what is in the log learn it from ``prepare``, which ``prepare_samplers`` calls for a whole loss.
"""

import math
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from seqmine.structs import Catalog
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import NonNegativeFloat, Share


@runtime_checkable
class CountedSampler(Protocol):
    """A sampler whose proposal depends on how often items occur."""

    def prepare(self, catalog: Catalog) -> None:
        """Take the counts of each row of the item table."""
        ...


def prepare_samplers(loss: nn.Module, catalog: Catalog) -> None:
    """Tell every sampler inside a loss how often items occur; call it before moving to a device."""
    for part in loss.modules():
        if isinstance(part, CountedSampler):
            part.prepare(catalog)


def stratified_points(count: int, device: torch.device | str = "cpu") -> Float[Tensor, "N"]:
    """Return sorted points of [0, 1), one at a random place of each of ``count`` equal parts.

    >>> (stratified_points(4) * 4).floor().tolist()
    [0.0, 1.0, 2.0, 3.0]
    """
    places = torch.rand(count, dtype=torch.float64, device=device)
    return (torch.arange(count, dtype=torch.float64, device=device) + places) / count


class UniformSampler(nn.Module):
    """Draws every item of the catalog with equal probability."""

    def sample(
        self, num_negatives: int, targets: Int[Tensor, "M"], num_items: int
    ) -> tuple[Int[Tensor, "N"], Float[Tensor, "N"]]:
        """Return negatives and the log of their expected count, ``log(N / num_items)``."""
        negatives = _scaled(stratified_points(num_negatives, targets.device), num_items) + 1
        expected = torch.full((num_negatives,), num_negatives / num_items, device=targets.device)
        return negatives, expected.log()


class PopularitySampler(nn.Module):
    """Draws items in proportion to a power of their count in training.

    Args:
        power: exponent of the count; 1 follows popularity, 0 is uniform, 0.75 is the choice of word2vec
            (Mikolov et al. 2013, arXiv:1310.4546).
    """

    log_probability: Tensor
    cumulative: Tensor

    def __init__(self, *, power: NonNegativeFloat) -> None:
        super().__init__()
        self.power = power
        self.register_buffer("log_probability", torch.empty(0), persistent=False)
        self.register_buffer("cumulative", torch.empty(0), persistent=False)

    def prepare(self, catalog: Catalog) -> None:
        """Take the training events of each row of the item table; an item without any counts as one event."""
        log_share = log_probability(catalog.train_counts, self.power)
        self.log_probability = log_share.float()
        self.cumulative = log_share[1:].exp().cumsum(0)

    def sample(
        self, num_negatives: int, targets: Int[Tensor, "M"], num_items: int
    ) -> tuple[Int[Tensor, "N"], Float[Tensor, "N"]]:
        """Return negatives and the log of their expected count, ``log(N * q(item))``."""
        _check_prepared(self.log_probability, num_items)
        points = stratified_points(num_negatives, targets.device)
        negatives = torch.searchsorted(self.cumulative, points, right=True).clamp_(max=num_items - 1) + 1
        return negatives, self.log_probability[negatives] + math.log(num_negatives)


class InBatchSampler(nn.Module):
    """Draws from the targets of the batch: hard negatives, since they follow what users want now.

    Its proposal is how often items are targets, which is not how often they occur: a first event is no target, nor is
    one that the windows leave out or that is not of the target behavior.
    """

    log_probability: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("log_probability", torch.empty(0), persistent=False)

    def prepare(self, catalog: Catalog) -> None:
        """Take the targets of each row of the item table; an item without any counts as one target."""
        self.log_probability = log_probability(catalog.target_counts, 1.0).float()

    def sample(
        self, num_negatives: int, targets: Int[Tensor, "M"], num_items: int
    ) -> tuple[Int[Tensor, "N"], Float[Tensor, "N"]]:
        """Return negatives and the log of their expected count, ``log(N * q(item))``."""
        _check_prepared(self.log_probability, num_items)
        negatives = _pick_targets(targets, num_negatives)
        return negatives, self.log_probability[negatives] + math.log(num_negatives)


@bounded
class MixedSampler(nn.Module):
    """Draws a share from the targets of the batch and the rest uniformly.

    The uniform part (Yang et al. 2020, doi:10.1145/3366424.3386195) reaches items that are rarely a target,
    which in-batch negatives alone leave at high scores.

    Args:
        in_batch_share: share of the negatives that come from the batch, in [0, 1].
    """

    log_probability: Tensor

    def __init__(self, *, in_batch_share: Share) -> None:
        super().__init__()
        self.in_batch_share = in_batch_share
        self.register_buffer("log_probability", torch.empty(0), persistent=False)

    def prepare(self, catalog: Catalog) -> None:
        """Take the targets of each row of the item table; an item without any counts as one target."""
        self.log_probability = log_probability(catalog.target_counts, 1.0).float()

    def sample(
        self, num_negatives: int, targets: Int[Tensor, "M"], num_items: int
    ) -> tuple[Int[Tensor, "N"], Float[Tensor, "N"]]:
        """Return negatives and the log of their expected count by both ways together."""
        _check_prepared(self.log_probability, num_items)
        num_in_batch = round(self.in_batch_share * num_negatives)
        num_uniform = num_negatives - num_in_batch
        uniform = _scaled(stratified_points(num_uniform, targets.device), num_items) + 1
        negatives = torch.cat([_pick_targets(targets, num_in_batch), uniform])
        expected = num_in_batch * self.log_probability[negatives].exp() + num_uniform / num_items
        return negatives, expected.log()


def log_probability(counts: Int[Tensor, "V"], power: float) -> Float[Tensor, "V"]:
    """Return the log share of each item when counts are raised to ``power``; minus infinity for row 0.

    >>> log_probability(torch.tensor([0, 1, 3]), 1.0).exp().tolist()
    [0.0, 0.25, 0.75]
    """
    weights = counts.clamp(min=1).double().pow(power)
    weights[0] = 0.0
    return (weights / weights.sum()).log()


def _scaled(points: Float[Tensor, "N"], size: int) -> Int[Tensor, "N"]:
    """Return the number, 0 to ``size - 1``, of the equal part of [0, 1) in which each point falls."""
    return (points * size).long().clamp_(max=size - 1)  # a point just below 1 may round up


def _pick_targets(targets: Int[Tensor, "M"], count: int) -> Int[Tensor, "N"]:
    return targets[_scaled(stratified_points(count, targets.device), len(targets))]


def _check_prepared(log_probability: Tensor, num_items: int) -> None:
    if len(log_probability) != num_items + 1:
        raise RuntimeError(
            f"the sampler knows {len(log_probability)} rows of a table of {num_items + 1}: call prepare_samplers first"
        )
