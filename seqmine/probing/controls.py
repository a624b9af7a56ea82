"""Fair controls: which other events are deleted to tell whether those of a pattern matter more."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def matched_places(popularity: NDArray[np.int64], places: Sequence[int], rng: np.random.Generator) -> list[int]:
    """Return for each of some events another one that is about as recent and as popular.

    Of the six others that are nearest in recency, those two whose items are nearest in popularity can be drawn. The
    last event of a history is like no other and is never drawn. Fewer come back where there are fewer others.

    Args:
        popularity: (L,) events of the item of each place of a history.
        places: the events that are matched.
        rng: draws.

    >>> matched_places(np.array([5, 9, 5, 5]), (3,), np.random.default_rng(0)) in ([0], [2])
    True
    """
    free = [place for place in range(len(popularity) - 1) if place not in places]
    level = np.log(np.maximum(popularity, 1))
    chosen: list[int] = []
    for place in places:
        near = sorted(free, key=lambda other: (abs(other - place), other))[:6]
        alike = sorted(near, key=lambda other: abs(level[other] - level[place]))[:2]
        if alike:
            other = int(rng.choice(alike))
            chosen.append(other)
            free.remove(other)
    return chosen


def control_of(places: Sequence[int], matched: Sequence[int], length: int) -> list[int]:
    """Return what is deleted in place of a whole pattern: its matches, and the last event where that is part of it.

    Deleting the last event costs most models much, whichever it is; so it goes on both sides, unless the pattern is
    nothing else.

    Args:
        places: events of the pattern.
        matched: an event for each of them.
        length: of the history.

    >>> control_of((2, 5), [1, 4], 6), control_of((5,), [4], 6)
    ([1, 5], [4])
    """
    shares_last = len(places) > 1
    pairs = zip(places, matched, strict=False)
    return [place if shares_last and place == length - 1 else other for place, other in pairs]
