"""The world that synthetic users live in: topics, popularity, and the planted patterns."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

ZIPF_EXPONENT = 1.4
STAY_IN_TOPIC = 0.8


class Truth(NamedTuple):
    """All parameters of the process; items, topics and symbols are numbered from 0.

    Args:
        topic_of: (V,) topic of each item.
        popularity: (V,) share of each item in choices of noise.
        within: (V,) share of each item in its topic.
        drift: (T, T) probability of the next topic after each topic.
        symbol_of: (V,) number of each item in the alphabet, -1 for the others.
        symbols: (S,) item of each symbol.
        consequents: (S, S) item that follows first and second symbol, -1 where the pair is no pattern.
        shares: pattern rate, repeat share and noise share.
    """

    topic_of: NDArray[np.int64]
    popularity: NDArray[np.float64]
    within: NDArray[np.float64]
    drift: NDArray[np.float64]
    symbol_of: NDArray[np.int64]
    symbols: NDArray[np.int64]
    consequents: NDArray[np.int64]
    shares: tuple[float, float, float]


def alphabet_size(num_patterns: int) -> int:
    """Return the smallest alphabet with an ordered pair of different symbols for every pattern.

    >>> [alphabet_size(num_patterns) for num_patterns in (1, 2, 3, 110, 111)]
    [2, 2, 3, 11, 12]
    """
    size = 2
    while size * (size - 1) < num_patterns:
        size += 1
    return size


def draw_truth(
    num_items: int, num_topics: int, num_patterns: int, shares: tuple[float, float, float], rng: np.random.Generator
) -> Truth:
    """Draw a world; items take topics in turn, so that every topic has the same number of them."""
    topic_of, places = np.arange(num_items) % num_topics, np.arange(num_items) // num_topics
    weights = np.power(1.0 + places, -ZIPF_EXPONENT)
    within: NDArray[np.float64] = weights / np.bincount(topic_of, weights)[topic_of]
    topic_shares: NDArray[np.float64] = rng.permutation(1.0 / np.sqrt(1.0 + np.arange(num_topics)))
    topic_shares /= topic_shares.sum()
    related = np.eye(num_topics)[rng.permutation(num_topics)]
    drift = STAY_IN_TOPIC * np.eye(num_topics) + (1.0 - STAY_IN_TOPIC) / 2 * (related + topic_shares)
    symbols, consequents = _draw_patterns(num_items, num_patterns, rng)
    symbol_of = np.full(num_items, -1)
    symbol_of[symbols] = np.arange(len(symbols))
    return Truth(topic_of, topic_shares[topic_of] * within, within, drift, symbol_of, symbols, consequents, shares)


def _draw_patterns(
    num_items: int, num_patterns: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    size = alphabet_size(num_patterns)
    order = rng.permutation(num_items)
    # By distance on a ring, so that every symbol has as many seconds as any other (to within one).
    distance, first = np.divmod(np.arange(num_patterns), size)
    consequents = np.full((size, size), -1)
    consequents[first, (first + 1 + distance) % size] = order[size + np.arange(num_patterns)]
    return order[:size], consequents
