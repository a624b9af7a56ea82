"""Tails of a sum of independent coin flips with different chances (the Poisson-binomial distribution)."""

from math import exp, pi, sqrt
from typing import no_type_check

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from seqmine.structs import InteractionLog
from seqmine.structs.kernels import kernel

EXACT_UP_TO = 50_000
"""With more uncertain flips than this the tail is the refined normal approximation (Volkova, 1996)."""
_LARGE_TAIL = 0.2
_MANY = 100
"""With as many uncertain flips, tails that the approximation puts above this are that approximation: no correction for
many hypotheses makes anything of them."""


@no_type_check
@kernel
def _exact_tail(chances: NDArray[np.float64], at_least: int) -> float:
    """Return P(sum >= at_least), at_least >= 1, as a sum of positive terms only: small tails keep their digits."""
    mass = np.zeros(at_least)
    mass[0] = 1.0
    tail = 0.0
    for index in range(len(chances)):
        chance = chances[index]
        tail += mass[at_least - 1] * chance
        for count in range(min(index + 1, at_least - 1), 0, -1):
            mass[count] = mass[count] * (1.0 - chance) + mass[count - 1] * chance
        mass[0] *= 1.0 - chance
    return tail


def poisson_binomial_tail(chances: NDArray[np.float64], at_least: int) -> float:
    """Return P(sum of Bernoulli(chances) >= at_least): exact up to 50,000 flips that are neither sure nor impossible.

    Tails above 0.2 of a hundred such flips or more are approximated.

    >>> poisson_binomial_tail(np.array([0.5, 0.5, 1.0]), 2)
    0.75
    """
    sure, num_open, mean, variance, third = _moments(chances)
    needed = at_least - sure
    if needed <= 0:
        return 1.0
    if needed > num_open:
        return 0.0
    if num_open >= _MANY and (large := _refined_normal_tail(mean, variance, third, needed)) > _LARGE_TAIL:
        return large
    if num_open <= EXACT_UP_TO:
        return min(_exact_tail(chances[(chances > 0.0) & (chances < 1.0)], needed), 1.0)
    return _refined_normal_tail(mean, variance, third, needed)


@no_type_check
@kernel
def _moments(chances: NDArray[np.float64]) -> tuple[int, int, float, float, float]:
    """Return sure flips, open ones, and mean, variance and third central moment of the sum of the open ones."""
    sure, num_open, mean, variance, third = 0, 0, 0.0, 0.0, 0.0
    for chance in chances:
        if chance >= 1.0:
            sure += 1
        elif chance > 0.0:
            num_open += 1
            mean += chance
            variance += chance * (1.0 - chance)
            third += chance * (1.0 - chance) * (1.0 - 2.0 * chance)
    return sure, num_open, mean, variance, third


def _refined_normal_tail(mean: float, variance: float, third: float, at_least: int) -> float:
    """Return the normal tail with a correction for skewness and for continuity."""
    x = (at_least - 0.5 - mean) / sqrt(variance)
    density = exp(-x * x / 2) / sqrt(2 * pi)
    return min(max(float(ndtr(-x)) - third / variance**1.5 * (1 - x * x) * density / 6, 0.0), 1.0)


def people_chances(
    log: InteractionLog, users: NDArray[np.int32], chances: NDArray[np.float64]
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Return the people of some histories, and for each the chance to have a pattern in one of them.

    Sessions are put in order independently of each other, so a person misses a pattern when all of them miss it.

    >>> log = InteractionLog(np.ones(3, np.int32), np.arange(4), people=np.array([0, 0, 1], np.int32))
    >>> people_chances(log, np.array([0, 1, 2], np.int32), np.full(3, 0.5))[1].tolist()
    [0.75, 0.5]
    """
    if log.people is None or not len(users):
        return users, chances
    people, first = np.unique(log.people[users], return_index=True)
    return people, 1.0 - np.multiply.reduceat(1.0 - chances, first)
