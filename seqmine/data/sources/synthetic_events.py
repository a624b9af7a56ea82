"""What surrounds the items of synthetic users: how long they stay, when they act, and what they do with an item."""

import math

import numpy as np
from numpy.typing import NDArray

from seqmine.structs.kernels import kernel

VIEW, CART, BUY = 0, 1, 2
BEHAVIORS = ("view", "cart", "buy")
MIN_LENGTH = 5

_SPREAD = 0.5
_BOT_FACTOR = 3
_CHANCE_OF_CART = 0.5
_CHANCE_OF_BUY = 0.6
_START = 1_700_000_000
_PERIOD_DAYS = 180
_SESSION_END = 0.2
_SECONDS_PER_DAY = 86_400


def draw_lengths(
    is_bot: NDArray[np.bool_], mean_length: float, max_length: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Return the number of events of each user: log-normal around the mean, three times as many for a bot."""
    typical = rng.lognormal(math.log(mean_length) - _SPREAD**2 / 2, _SPREAD, len(is_bot))
    lengths = np.round(typical * np.where(is_bot, _BOT_FACTOR, 1)).astype(np.int64)
    return np.clip(lengths, MIN_LENGTH, max_length)


def draw_times(lengths: NDArray[np.int64], is_bot: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.int64]:
    """Return seconds since 1970, strictly increasing for each user.

    People come in sessions with half a minute or so between events and about a day between sessions; bots never pause
    for more than two seconds.
    """
    num_events = int(lengths.sum())
    gaps = 5 + rng.exponential(30.0, num_events)
    pauses = rng.random(num_events) < _SESSION_END
    gaps[pauses] += rng.lognormal(math.log(_SECONDS_PER_DAY), 1.0, int(pauses.sum()))
    bots = np.repeat(is_bot, lengths)
    gaps[bots] = rng.integers(1, 3, int(bots.sum()))
    firsts = np.cumsum(lengths) - lengths
    clock = np.cumsum(np.ceil(gaps).astype(np.int64))
    starts = _START + rng.integers(0, _PERIOD_DAYS * _SECONDS_PER_DAY, len(lengths))
    return clock + np.repeat(starts - clock[firsts], lengths)


@kernel
def draw_behaviors(
    items: NDArray[np.int64],
    lengths: NDArray[np.int64],
    is_bot: NDArray[np.bool_],
    uniforms: NDArray[np.float64],
    num_items: int,
) -> NDArray[np.int64]:
    """Return what each event does: an item is viewed first, may go to the cart when it comes again, then be bought."""
    kinds = np.zeros(len(items), np.int64)
    start = 0
    for user in range(len(lengths)):
        # How far the user is with each item: 0 new, 1 viewed, 2 in the cart, 3 bought.
        stage = np.zeros(num_items, np.int64)
        for event in range(start, start + lengths[user]):
            item = items[event]
            if stage[item] == 0:
                stage[item] = 1
            elif stage[item] == 1 and not is_bot[user] and uniforms[event] < _CHANCE_OF_CART:
                stage[item], kinds[event] = 2, CART
            elif stage[item] == 2 and uniforms[event] < _CHANCE_OF_BUY:
                stage[item], kinds[event] = 3, BUY
        start += lengths[user]
    return kinds
