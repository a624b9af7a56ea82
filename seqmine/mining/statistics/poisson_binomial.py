"""Tails of a sum of independent coin flips with different chances (the Poisson-binomial distribution)."""

from typing import no_type_check

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.stats import norm

from seqmine.structs import InteractionLog

EXACT_UP_TO = 50_000
"""With more uncertain flips than this the tail is the refined normal approximation (Volkova, 1996)."""
_LARGE_TAIL = 0.2
_MANY = 100
"""With as many uncertain flips, tails that the approximation puts above this are that approximation: no correction for
many hypotheses makes anything of them."""


@no_type_check
@njit(cache=True, nogil=True)
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
    sure = int(np.count_nonzero(chances >= 1.0))
    open_chances = chances[(chances > 0.0) & (chances < 1.0)]
    needed = at_least - sure
    if needed <= 0:
        return 1.0
    if needed > len(open_chances):
        return 0.0
    if len(open_chances) >= _MANY and (large := _refined_normal_tail(open_chances, needed)) > _LARGE_TAIL:
        return large
    if len(open_chances) <= EXACT_UP_TO:
        return min(_exact_tail(open_chances, needed), 1.0)
    return _refined_normal_tail(open_chances, needed)


def _refined_normal_tail(chances: NDArray[np.float64], at_least: int) -> float:
    """Return the normal tail with a correction for skewness and for continuity."""
    variance = float(np.sum(chances * (1 - chances)))
    skewness = float(np.sum(chances * (1 - chances) * (1 - 2 * chances))) / variance**1.5
    x = (at_least - 0.5 - float(chances.sum())) / np.sqrt(variance)
    return float(np.clip(norm.sf(x) - skewness * (1 - x * x) * norm.pdf(x) / 6, 0.0, 1.0))


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
