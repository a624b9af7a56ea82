"""Views of a whole model: where its attention goes, which events it listens to, and how it arranges its items."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from seqmine.explanation.attribution.attention import attention_of
from seqmine.explanation.question import Attribution, Question
from seqmine.probing.cases import Cases
from seqmine.structs import Recommender

_HOUR = 3600
GAPS = (("under a minute", 60), ("under an hour", _HOUR), ("under a day", 24 * _HOUR), ("under a week", 7 * 24 * _HOUR),
        ("under a month", 30 * 24 * _HOUR), ("longer", None))  # fmt: skip
"""Groups of time gaps, each with the seconds that it ends before."""


class Group(NamedTuple):
    """What the events of one group do.

    Args:
        name: of the group.
        share: mean size of the share of an event.
        num_events: events in it.
    """

    name: str
    share: float
    num_events: int


def attention_by_distance(model: Recommender, cases: Cases, most: int) -> NDArray[np.float64]:
    """Return (N, H, most) mean attention of the last position, by layer, head and events ago (0 is the last event).

    A history that is shorter than the distance counts nothing there; NaN where all are.

    Args:
        model: with softmax attention.
        cases: histories.
        most: distances that are told.

    Raises:
        UserError: the model has no softmax attention.
    """
    sums, counts = np.zeros(0), np.zeros(most)
    for case in range(len(cases)):
        weights = attention_of(model, cases, case).flip(-1)[..., :most].cpu().double().numpy()
        if not sums.size:
            sums = np.zeros((*weights.shape[:2], most))
        sums[..., : weights.shape[2]] += weights
        counts[: weights.shape[2]] += 1
    return np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)


def influence_by_position(attributions: Sequence[Attribution], most: int) -> list[Group]:
    """Return the mean size of the shares by events ago, 1 the last event.

    >>> influence_by_position([Attribution(np.array([-1.0, 3.0])), Attribution(np.array([1.0]))], 9)
    [Group(name='1', share=2.0, num_events=2), Group(name='2', share=1.0, num_events=1)]
    """
    found = [np.abs(one.values[::-1][:most]) for one in attributions]
    longest = max((len(values) for values in found), default=0)
    groups = []
    for place in range(longest):
        values = [float(some[place]) for some in found if len(some) > place]
        groups.append(Group(str(place + 1), float(np.mean(values)), len(values)))
    return groups


def influence_by_gap(cases: Cases, questions: Sequence[Question], attributions: Sequence[Attribution]) -> list[Group]:
    """Return the mean size of the shares by the time between an event and the last one; nothing of a log without time.

    The last event itself, which has no gap, is left out.

    Args:
        cases: histories.
        questions: what was explained.
        attributions: the explanations.
    """
    times = cases.log.timestamps
    if times is None:
        return []
    gaps, shares = [np.empty(0)], [np.empty(0)]
    for one, found in zip(questions, attributions, strict=True):
        moments = times[cases.events(one.case)]
        gaps.append((moments[-1] - moments)[:-1])
        shares.append(np.abs(found.values[:-1]))
    ends = [np.inf if end is None else end for _, end in GAPS]
    group, sizes = np.searchsorted(ends, np.concatenate(gaps), side="right"), np.concatenate(shares)
    return [
        Group(name, float(sizes[group == place].mean()), int((group == place).sum()))
        for place, (name, _) in enumerate(GAPS)
        if (group == place).any()
    ]


def item_map(vectors: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Return the two main directions of item vectors, and the share of their variance that these show.

    Vectors are brought to length 1 first, so that the map is of directions, as a cosine is.

    Args:
        vectors: (V, D) one an item.

    Returns:
        (V, 2) places, whose signs are such that the largest in size is positive, and the share.
    """
    units = unit(vectors)
    centered = units - units.mean(axis=0)
    left, sizes, _ = np.linalg.svd(centered, full_matrices=False)
    places = left[:, :2] * sizes[:2]
    places = np.pad(places, ((0, 0), (0, 2 - places.shape[1])))
    largest = places[np.abs(places).argmax(axis=0), [0, 1]]
    total = float((sizes**2).sum())
    return places * np.where(largest < 0, -1, 1), float((sizes[:2] ** 2).sum() / total) if total else 0.0


def nearest(vectors: NDArray[np.float64], rows: Sequence[int], count: int) -> list[list[tuple[int, float]]]:
    """Return for each of some items the nearest others by cosine, with the cosine.

    >>> nearest(np.array([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0]]), [0], 1)
    [[(1, 1.0)]]
    """
    units = unit(vectors)
    found = []
    for row in rows:
        cosines = units @ units[row]
        cosines[row] = -np.inf
        order = np.argsort(-cosines, kind="stable")[: min(count, len(units) - 1)]
        found.append([(int(other), float(cosines[other])) for other in order])
    return found


def unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return vectors of length 1; zero stays zero."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
