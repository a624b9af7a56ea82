"""How good semantic ids are: do they tell items apart, and share digits where people take items together?"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqmine.structs import InteractionLog


def quality(ids: NDArray[np.int64], num_codes: int) -> dict[str, Any]:
    """Return the measures of ids that need no log.

    ``collision_rate`` is the share of items that share all digits but the last with another; ``largest_collision`` the
    most items that do; ``levels`` tells of each digit but the last how many values no item has (``dead_codes``), the
    share of items of the most frequent one (``largest_load``), and the entropy of all over the most that it could be
    (``balance``, 1: each value has as many items).

    Args:
        ids: (R, levels + 1) digits, the last of which tells apart.
        num_codes: values of a digit.

    >>> found = quality(np.array([[0, 1, 0], [0, 1, 1], [1, 0, 0], [0, 0, 0]]), num_codes=4)
    >>> found["collision_rate"], found["largest_collision"], found["levels"][0]
    (0.5, 2, {'dead_codes': 2, 'largest_load': 0.75, 'balance': 0.406})
    """
    _, counts = np.unique(ids[:, :-1], axis=0, return_counts=True)
    levels = [_load(np.bincount(column, minlength=num_codes)) for column in ids[:, :-1].T]
    return {
        "num_items": len(ids),
        "collision_rate": round(float(counts[counts > 1].sum() / len(ids)), 4),
        "largest_collision": int(counts.max()),
        "levels": levels,
    }


def _load(counts: NDArray[np.int64]) -> dict[str, Any]:
    shares = counts[counts > 0] / counts.sum()
    most = np.log(min(len(counts), counts.sum()))
    balance = float(-(shares * np.log(shares)).sum() / most) if most > 0 else 1.0
    return {
        "dead_codes": int((counts == 0).sum()),
        "largest_load": round(float(shares.max()), 4),
        "balance": round(balance, 3),
    }


def prefix_recall(ids: NDArray[np.int64], log: InteractionLog) -> list[dict[str, Any]]:
    """Return for each number of first digits how often neighbors in histories share them, and how often chance would.

    Neighbors are two different items that follow one another. ``by_chance`` is what two different items drawn by their
    frequency share, so that ids which put all popular items together gain nothing.

    Args:
        ids: (V, levels + 1) digits of each row of the item table; row 0 is padding.
        log: training histories.

    >>> ids = np.array([[9, 9], [0, 0], [0, 1], [1, 0]])
    >>> prefix_recall(ids, InteractionLog.from_lists([[1, 2, 1], [2, 3]]))
    [{'digits': 1, 'co_bought': 0.6667, 'by_chance': 0.5}]
    """
    later = np.flatnonzero(log.event_positions > 0)
    first, second = log.items[later - 1], log.items[later]
    different = first != second
    first, second = first[different], second[different]
    shares = np.bincount(log.items, minlength=len(ids)) / max(log.num_events, 1)
    itself = (shares**2).sum()
    found = []
    for digits in range(1, ids.shape[1]):
        prefix = np.unique(ids[:, :digits], axis=0, return_inverse=True)[1].reshape(-1)
        together = np.bincount(prefix, weights=shares)
        found.append(
            {
                "digits": digits,
                "co_bought": round(float((prefix[first] == prefix[second]).mean()), 4) if len(first) else 0.0,
                "by_chance": round(float(((together**2).sum() - itself) / max(1 - itself, 1e-12)), 4),
            }
        )
    return found
