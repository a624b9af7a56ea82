"""Scratch memory of the search, which one thread keeps for all patterns."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqmine.probing.database import Database


class Work(NamedTuple):
    """Scratch memory of one thread.

    Args:
        seen: (F,) the last (pattern, user) for which a symbol was counted.
        count: (F,) users of each symbol under the current pattern; zero between patterns.
        size: (F,) matches of each symbol under the current pattern, then where they are stored.
        slot: (F,) row of each symbol in the tables of a dense subtree; -1 between subtrees.
        found: (F,) symbols with a count.
        entry: (E,) where an event stands in ``candidates``; trusted only when that row names the event.
        candidates: (E + 1, 2) end and start of the matches of all children.
        clock: (1,) the number of the current (pattern, user).
    """

    seen: NDArray[np.int64]
    count: NDArray[np.int32]  # type: ignore[assignment]
    size: NDArray[np.int64]
    slot: NDArray[np.int32]
    found: NDArray[np.int32]
    entry: NDArray[np.int32]
    candidates: NDArray[np.int32]
    clock: NDArray[np.int64]


def new_work(database: Database) -> Work:
    """Allocate the scratch memory of one thread."""
    num_symbols, num_events = len(database.names), len(database.symbol)
    return Work(
        np.zeros(num_symbols, np.int64),
        np.zeros(num_symbols, np.int32),
        np.zeros(num_symbols, np.int64),
        np.full(num_symbols, -1, np.int32),
        np.zeros(num_symbols, np.int32),
        np.zeros(num_events, np.int32),
        np.zeros((num_events + 1, 2), np.int32),
        np.zeros(1, np.int64),
    )
