"""Asks a model about histories of which only some events are kept, each history once for all items."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool
from numpy.typing import NDArray
from torch import Tensor

from seqmine.metrics.functional import check_scores
from seqmine.probing.cases import Cases
from seqmine.probing.edits import Edit
from seqmine.probing.queries import Answers, scores_after_edits
from seqmine.structs import Recommender


class Kept(NamedTuple):
    """One thing to ask: an item, after nothing but some events of a history.

    Args:
        case: number of the case.
        places: the events that are kept, ascending.
        item: item_index.
    """

    case: int
    places: tuple[int, ...]
    item: int


def all_places(cases: Cases, case: int) -> tuple[int, ...]:
    """Return the places of all events that the model sees of a case."""
    return tuple(range(len(cases.events(case))))


def ask_kept(model: Recommender, cases: Cases, asked: Sequence[Kept], batch_size: int) -> Answers:
    """Return score, log-probability and rank of the item of each question.

    Args:
        model: scores the catalog.
        cases: histories.
        asked: (N,) questions; the same history is scored once, however many items it is asked about.
        batch_size: histories scored at once.
    """
    edits, wanted = _distinct(cases, asked)
    return ask_edits(model, cases, edits, [one.item for one in asked], wanted, batch_size)


def _distinct(cases: Cases, asked: Sequence[Kept]) -> tuple[list[Edit], list[list[int]]]:
    """Return the different histories that are asked about, and the numbers of the questions of each."""
    number: dict[tuple[int, tuple[int, ...]], int] = {}
    wanted: list[list[int]] = []
    for row, one in enumerate(asked):
        place = number.setdefault((one.case, one.places), len(wanted))
        if place == len(wanted):
            wanted.append([])
        wanted[place].append(row)
    wholes = {case: Edit.of(cases, case) for case, _ in number}
    return [wholes[case].keep(places) for case, places in number], wanted


def ask_edits(
    model: Recommender,
    cases: Cases,
    edits: Sequence[Edit],
    items: Sequence[int],
    wanted: Sequence[Sequence[int]],
    batch_size: int,
) -> Answers:
    """Return score, log-probability and rank of items after edited histories.

    Probabilities are over the whole catalog. Ranks are among the items that may be recommended after the whole history:
    what the user had, or what is not available at the moment of the case, stays out, also when the event in which the
    user had it is deleted; the item asked about always counts.

    Args:
        model: scores the catalog.
        cases: that the edits are of.
        edits: histories.
        items: (N,) item_index of each question.
        wanted: for each edit the questions that are asked after it.
        batch_size: histories scored at once.
    """
    values, logs, ranks = np.empty(len(items)), np.empty(len(items)), np.empty(len(items), np.int64)
    taken_out: dict[int, Bool[Tensor, "I"]] = {}
    with torch.no_grad():
        for rows, scores in scores_after_edits(model, cases, edits, batch_size):
            check_scores(scores)
            totals = scores.logsumexp(dim=1)
            for place, row in enumerate(rows):
                questions, case = list(wanted[row]), edits[row].case
                if case not in taken_out:
                    taken_out[case] = _taken_out(cases, case, scores.shape[1])
                out = taken_out[case]
                columns = torch.tensor([items[question] - 1 for question in questions])
                chosen = scores[place, columns]
                values[questions] = chosen.numpy()
                logs[questions] = (chosen - totals[place]).numpy()
                left = scores[place].masked_fill_(out, -torch.inf)
                ranks[questions] = ((left >= chosen.unsqueeze(1)).sum(dim=1) + out[columns]).numpy()
    return Answers(values, logs, ranks)


def _taken_out(cases: Cases, case: int, num_items: int) -> Bool[Tensor, "I"]:
    """Return for items 1 to I whether they are no candidates after the whole history of a case."""
    batch = cases.batch(np.array([case]))
    out = torch.zeros(num_items + 1, dtype=torch.bool)
    if batch.seen_items is not None:
        out[batch.seen_items] = True
    if batch.not_available is not None:
        out |= batch.not_available[0]
    return out[1:]


def log_probabilities(
    model: Recommender, cases: Cases, asked: Sequence[Sequence[Kept]], batch_size: int
) -> list[NDArray[np.float64]]:
    """Return the log-probabilities of several lists of questions, without the ranks of ``ask_kept``."""
    flat = [one for some in asked for one in some]
    edits, wanted = _distinct(cases, flat)
    found = np.empty(len(flat))
    with torch.no_grad():
        for rows, scores in scores_after_edits(model, cases, edits, batch_size):
            check_scores(scores)
            questions = np.concatenate([wanted[row] for row in rows])
            places = torch.tensor([place for place, row in enumerate(rows) for _ in wanted[row]])
            chosen = scores[places, torch.tensor([flat[question].item - 1 for question in questions])]
            found[questions] = (chosen - scores.logsumexp(dim=1)[places]).numpy()
    stops = np.cumsum([len(some) for some in asked], dtype=np.int64)
    return [found[stop - len(some) : stop] for some, stop in zip(asked, stops.tolist(), strict=True)]
