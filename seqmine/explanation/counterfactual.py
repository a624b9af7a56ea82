"""The smallest change of a history that takes an item out of a list, or brings one in."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from seqmine.explanation.asking import Kept, all_places, ask_edits, ask_kept
from seqmine.explanation.question import Question
from seqmine.probing.cases import Cases
from seqmine.probing.edits import Edit
from seqmine.structs import Recommender


@dataclass(frozen=True)
class Deletion:
    """Events without which an item is not in the list.

    Args:
        places: of the events, ascending.
        rank: of the item without them.
        is_minimal: True when every smaller set was asked and keeps the item; otherwise the set is what a greedy search
            found, of which no single event can be left in.
    """

    places: tuple[int, ...]
    rank: int
    is_minimal: bool


@dataclass(frozen=True)
class Addition:
    """One more event that brings an item into the list.

    Args:
        item: item_index of the event that lifts the asked item highest.
        rank: of the asked item after it.
        num_alternatives: how many items of the catalog would bring it in, this one among them.
    """

    item: int
    rank: int
    num_alternatives: int


def smallest_deletion(
    model: Recommender, cases: Cases, question: Question, top_k: int, batch_size: int, most_pairs: int = 20_000
) -> Deletion | None:
    """Return the smallest set of past events without which the item is not in the top K.

    Every set of one and, unless these are too many, of two events is asked; beyond, events go greedily, each time the
    one whose deletion costs the item most, and what turns out not to be needed comes back. Of sets of one size the one
    that costs most is returned.

    Args:
        model: scores the catalog.
        cases: histories.
        question: which item after which history.
        top_k: length K of the list.
        batch_size: histories scored at once.
        most_pairs: sets of two that are asked; where there are more, sets of two are left to the greedy search.

    Returns:
        The deletion; None where the item is not in the list, or stays in it even without any event.
    """
    whole = all_places(cases, question.case)
    asks = _Asks(model, cases, question, whole, batch_size)
    if asks.ranks([()])[0] > top_k:
        return None
    largest = 2 if comb(len(whole), 2) <= most_pairs else 1
    for size in range(1, largest + 1):
        sets = list(combinations(whole, size))
        found = asks.lowest(sets, top_k)
        if found is not None:
            return Deletion(*found, is_minimal=True)
    return _greedy(asks, whole, top_k, largest)


class _Asks:
    """Asks for one item without some events."""

    def __init__(
        self, model: Recommender, cases: Cases, question: Question, whole: tuple[int, ...], batch_size: int
    ) -> None:
        self.model, self.cases, self.question, self.whole = model, cases, question, whole
        self.batch_size = batch_size
        self.logs = np.empty(0)

    def ranks(self, deleted: Sequence[tuple[int, ...]]) -> NDArray[np.int64]:
        """Return the rank without each set of events, and keep the log-probabilities."""
        one = self.question
        kept = [tuple(place for place in self.whole if place not in set(gone)) for gone in deleted]
        asked = [Kept(one.case, places, one.item) for places in kept]
        answers = ask_kept(self.model, self.cases, asked, self.batch_size)
        self.logs = answers.log_probabilities
        return answers.ranks

    def lowest(self, deleted: Sequence[tuple[int, ...]], top_k: int) -> tuple[tuple[int, ...], int] | None:
        """Return the set that takes the item out and costs it most, with the rank; None where none does."""
        ranks = self.ranks(deleted) if deleted else np.empty(0, np.int64)
        out = np.flatnonzero(ranks > top_k)
        if not len(out):
            return None
        best = out[np.argmin(self.logs[out])]
        return deleted[best], int(ranks[best])


def _greedy(asks: _Asks, whole: tuple[int, ...], top_k: int, largest: int) -> Deletion | None:
    """Delete events one by one until the item is out, then bring back what is not needed.

    No set of up to ``largest`` events suffices, so that one more are a proof.
    """
    gone: tuple[int, ...] = ()
    rank = 0
    while rank <= top_k:
        left = [place for place in whole if place not in gone]
        if not left:
            return None
        ranks = asks.ranks([(*gone, place) for place in left])
        best = int(np.argmin(asks.logs))
        gone, rank = (*gone, left[best]), int(ranks[best])
    while len(gone) > largest + 1:
        smaller = [tuple(place for place in gone if place != back) for back in gone]
        found = asks.lowest(smaller, top_k)
        if found is None:
            break
        gone, rank = found
    return Deletion(tuple(sorted(gone)), rank, is_minimal=len(gone) <= largest + 1)


def smallest_addition(
    model: Recommender, cases: Cases, question: Question, top_k: int, num_items: int, batch_size: int
) -> Addition | None:
    """Return the one event that brings an item into the top K if it happened next; every item of the catalog is tried.

    Args:
        model: scores the catalog.
        cases: histories.
        question: which item after which history.
        top_k: length K of the list.
        num_items: of the catalog.
        batch_size: histories scored at once.

    Returns:
        The addition; None where no single event brings the item in. The item itself is not tried.
    """
    history = Edit.of(cases, question.case)
    tried = np.array([item for item in range(1, num_items + 1) if item != question.item])
    edits = [history.append(item) for item in tried.tolist()]
    wanted = [[row] for row in range(len(edits))]
    answers = ask_edits(model, cases, edits, [question.item] * len(edits), wanted, batch_size)
    inside = np.flatnonzero(answers.ranks <= top_k)
    if not len(inside):
        return None
    best = inside[np.lexsort((-answers.log_probabilities[inside], answers.ranks[inside]))[0]]
    return Addition(int(tried[best]), int(answers.ranks[best]), len(inside))
