"""Questions to a model: how likely is an item after a history, and after a history that was changed."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqmine.structs import Recommender, SequenceBatch

Asked = tuple[list[int], int]
"""A history and the item that is asked about."""


def batch_of(histories: Sequence[Sequence[int]]) -> SequenceBatch:
    """Return a right-padded batch of histories of items alone; an empty one is a single padded position.

    >>> batch_of([[1, 2], [3]]).items.tolist()
    [[1, 2], [3, 0]]
    """
    lengths = torch.tensor([max(1, len(history)) for history in histories])
    items = torch.zeros(len(histories), int(lengths.max()), dtype=torch.int64)
    for row, history in enumerate(histories):
        items[row, : len(history)] = torch.tensor(history, dtype=torch.int64)
    return SequenceBatch(items, torch.zeros_like(items), lengths, torch.full((len(histories),), -1))


def scored(model: Recommender, histories: Sequence[list[int]], batch_size: int) -> Iterator[tuple[list[int], Tensor]]:
    """Yield the rows of some histories and their scores of items 1 and on, histories of one length together.

    Args:
        model: scores the catalog.
        histories: of items.
        batch_size: histories scored at once.
    """
    order = sorted(range(len(histories)), key=lambda index: len(histories[index]))
    with torch.no_grad():
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            yield rows, model.score(batch_of([histories[row] for row in rows])).double().cpu()[:, 1:]


def ask(model: Recommender, asked: Sequence[Asked], batch_size: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the model's log-probability and the rank of the item of each history, over the whole catalog.

    Scores that are no logits (a baseline's) become a distribution all the same; compare values of one model only.

    Args:
        model: scores the catalog.
        asked: histories and items.
        batch_size: histories scored at once.
    """
    values, ranks = np.empty(len(asked)), np.empty(len(asked), np.int64)
    for rows, scores in scored(model, [history for history, _ in asked], batch_size):
        chosen = scores.gather(1, torch.tensor([[asked[row][1] - 1] for row in rows]))
        values[rows] = (chosen[:, 0] - scores.logsumexp(dim=1)).numpy()
        ranks[rows] = (scores >= chosen).sum(dim=1).numpy()
    return values, ranks


def log_probabilities(model: Recommender, asked: Sequence[Asked], batch_size: int) -> NDArray[np.float64]:
    """Return the first of what ``ask`` returns."""
    return ask(model, asked, batch_size)[0]


def probabilities_after(
    model: Recommender, histories: Sequence[list[int]], items: Sequence[NDArray[np.int64]], batch_size: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the probability of several items after each history, and whether no item is likelier.

    A history is scored once; what is returned of one history stands behind what is of the one before.

    Args:
        model: scores the catalog.
        histories: of items.
        items: those that are asked about after each history; a history without any is not scored.
        batch_size: histories scored at once.
    """
    result = [np.empty(0)] * len(histories)
    highest = np.zeros(len(histories))
    needed = [row for row, some in enumerate(items) if len(some)]
    for rows, scores in scored(model, [histories[row] for row in needed], batch_size):
        probability = scores.softmax(dim=1)
        for place, row in enumerate(rows):
            result[needed[row]] = probability[place, torch.from_numpy(items[needed[row]] - 1)].numpy()
            highest[needed[row]] = float(probability[place].max())
    values = np.concatenate([np.empty(0), *result])
    return values, values >= np.repeat(highest, [len(some) for some in items])


def top_predictions(model: Recommender, histories: Sequence[list[int]], batch_size: int) -> list[int]:
    """Return the item that the model ranks first after each history, among those not in it."""
    result = [0] * len(histories)
    for rows, scores in scored(model, histories, batch_size):
        for place, row in enumerate(rows):
            scores[place, torch.tensor(histories[row], dtype=torch.int64) - 1] = -torch.inf
        for row, item in zip(rows, scores.argmax(dim=1).tolist(), strict=True):
            result[row] = item + 1
    return result


def without(history: Sequence[int], places: Sequence[int]) -> list[int]:
    """Return a history without the events at the given places; the gap closes.

    >>> without([5, 6, 7], [1])
    [5, 7]
    """
    gone = set(places)
    return [item for place, item in enumerate(history) if place not in gone]


def hidden(history: Sequence[int], places: Sequence[int]) -> list[int]:
    """Return a history with a hidden event (padding) at each of the given places; the others stay where they are.

    >>> hidden([5, 6, 7], [1])
    [5, 0, 7]
    """
    gone = set(places)
    return [0 if place in gone else item for place, item in enumerate(history)]


def reordered(history: list[int], places: tuple[int, ...]) -> list[int]:
    """Return the history with the events at the given places in reverse order among those places.

    >>> reordered([1, 9, 2], (0, 2))
    [2, 9, 1]
    """
    result = list(history)
    for place, other in zip(places, reversed(places), strict=True):
        result[place] = history[other]
    return result


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
