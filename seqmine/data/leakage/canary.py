"""A canary: targets are exchanged between users at random, and a Markov model must then be no better than chance.

With exchanged targets nothing in a clean input tells of the target, so whatever a model scores above chance has come
through a leak: sequences that reach beyond training, targets inside inputs, or parts that overlap.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from seqmine.data.leakage.report import LeakCheck
from seqmine.data.targets import Split, Targets
from seqmine.data.windows import WindowChoice, Windows
from seqmine.structs import InteractionLog
from seqmine.structs.log import segment_positions

MAX_SIGMA = 5.0
"""Standard deviations above chance that are taken for luck: one clean log in three million."""


def canary(
    log: InteractionLog,
    split: Split,
    windows: WindowChoice,
    *,
    max_length: int,
    num_items: int,
    seed: int,
    top_k: int = 10,
    max_users: int = 200_000,
) -> LeakCheck:
    """Exchange targets, train on what training would see, and compare the hit rate with chance.

    Args:
        log: histories of all users.
        split: the parts.
        windows: chooses what is trained on.
        max_length: longest input, in events.
        num_items: size of the catalog.
        seed: decides the exchange and the windows.
        top_k: length of the recommended lists.
        max_users: trained and tested on so many users, drawn at random, when there are more.
    """
    generator = np.random.default_rng(seed)
    exchanged = exchange_targets(log, split, generator)
    chosen = windows.choose(log.offsets, split.train_stops, max_length, generator)
    drawn = np.zeros(log.num_users, dtype=bool)
    drawn[generator.permutation(log.num_users)[:max_users]] = True
    pairs = likely_successors(*transitions(exchanged, chosen, drawn[chosen.users]), num_items, top_k)
    test = split.test.take(np.flatnonzero(drawn[split.test.users]))
    hits, expected, spread = score_against_chance(exchanged, test, pairs, num_items)
    sigma = (hits - expected) / max(spread, 1.0)
    detail = f"{hits} hits on exchanged targets where chance gives {expected:.1f} ({sigma:+.1f} standard deviations)"
    return LeakCheck("exchanged targets cannot be predicted", sigma <= MAX_SIGMA, detail)


def exchange_targets(log: InteractionLog, split: Split, generator: np.random.Generator) -> InteractionLog:
    """Return the log with the items of validation targets permuted among users, and those of test targets likewise."""
    items = np.array(log.items)
    for targets in (split.val, split.test):
        there = targets.positions < log.lengths[targets.users]
        events = (log.offsets[targets.users] + targets.positions)[there]
        items[events] = items[generator.permutation(events)]
    return replace(log, items=items)


def transitions(
    log: InteractionLog, windows: Windows, rows: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the item before and the item after of each step that some of the windows train on."""
    first = windows.first_targets[rows]
    after = segment_positions(first, windows.stops[rows] - first)
    return log.items[after - 1].astype(np.int64), log.items[after].astype(np.int64)


def likely_successors(
    before: NDArray[np.int64], after: NDArray[np.int64], num_items: int, top_k: int
) -> NDArray[np.int64]:
    """Return the ``top_k`` most frequent successors of each item, sorted, as ``before * (num_items + 1) + after``.

    >>> likely_successors(np.array([1, 1, 1, 2]), np.array([2, 2, 3, 1]), 3, 1).tolist()
    [6, 9]
    """
    pairs, counts = np.unique(before * (num_items + 1) + after, return_counts=True)
    heads = pairs // (num_items + 1)
    order = np.lexsort((pairs, -counts, heads))
    sorted_heads = heads[order]
    rank = np.arange(len(order)) - np.searchsorted(sorted_heads, sorted_heads)
    return np.sort(pairs[order[rank < top_k]])


def score_against_chance(
    log: InteractionLog, targets: Targets, pairs: NDArray[np.int64], num_items: int
) -> tuple[int, float, float]:
    """Count the targets among the likely successors of the last item of their input.

    Returns:
        The hits, the hits that chance gives when targets are dealt out at random, and their standard deviation.
    """
    there = (targets.input_stops > 0) & (targets.positions < log.lengths[targets.users])
    first = log.offsets[targets.users][there]
    last = log.items[first + targets.input_stops[there] - 1].astype(np.int64)
    target = log.items[first + targets.positions[there]].astype(np.int64)
    hits = int(np.isin(last * (num_items + 1) + target, pairs).sum())
    share = np.bincount(target, minlength=num_items + 1) / max(len(target), 1)
    chance_of = np.bincount(pairs // (num_items + 1), weights=share[pairs % (num_items + 1)], minlength=num_items + 1)
    chance = chance_of[last]
    return hits, float(chance.sum()), float(np.sqrt((chance * (1 - chance)).sum()))
