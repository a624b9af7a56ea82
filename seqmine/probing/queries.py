"""Perturbation queries: what a recommender says after a history, and after an edited one, many at a time.

Scores are of items 1 to V - 1 of the catalog, in float64 on the host; a probability is their softmax. Scores that are
no logits (a baseline's) become a distribution all the same: compare values of one model only.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from seqmine.metrics.functional import mask_candidates, top_items
from seqmine.probing.cases import Cases
from seqmine.probing.edits import Edit, batch_of_edits
from seqmine.structs import Recommender, device_of


@dataclass(frozen=True)
class Answers:
    """What a recommender says of one item after each of N histories.

    Args:
        scores: (N,) as the model returns them.
        log_probabilities: (N,) of the softmax over the whole catalog.
        ranks: (N,) from 1, among the whole catalog; items with the same score count before it.
    """

    scores: NDArray[np.float64]
    log_probabilities: NDArray[np.float64]
    ranks: NDArray[np.int64]

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """(N,) probability of the item."""
        return np.exp(self.log_probabilities)


def ask(
    model: Recommender, cases: Cases, edits: Sequence[Edit], items: Sequence[int], batch_size: int = 256
) -> Answers:
    """Ask for one item after each edited history.

    Args:
        model: scores the catalog.
        cases: that the edits are of.
        edits: (N,) histories, of any cases, in any number per case.
        items: (N,) item_index that is asked for after each.
        batch_size: histories scored at once.
    """
    scores, values, ranks = np.empty(len(edits)), np.empty(len(edits)), np.empty(len(edits), np.int64)
    for rows, found in scores_after_edits(model, cases, edits, batch_size):
        chosen = found.gather(1, torch.tensor([[items[row] - 1] for row in rows]))
        scores[rows] = chosen[:, 0].numpy()
        values[rows] = (chosen[:, 0] - found.logsumexp(dim=1)).numpy()
        ranks[rows] = (found >= chosen).sum(dim=1).numpy()
    return Answers(scores, values, ranks)


def score_edits(model: Recommender, cases: Cases, edits: Sequence[Edit]) -> Float[Tensor, "B V"]:
    """Return the scores of edited histories, where the model computes.

    Args:
        model: scores the catalog.
        cases: that the edits are of.
        edits: (B,) histories.
    """
    return model.score(batch_of_edits(cases, edits).to(device_of(model)))


def scores_after_edits(
    model: Recommender, cases: Cases, edits: Sequence[Edit], batch_size: int = 256
) -> Iterator[tuple[list[int], Float[Tensor, "B I"]]]:
    """Yield the numbers of some edits and their scores of every item, the longest first, as an evaluation does.

    Args:
        model: scores the catalog.
        cases: that the edits are of.
        edits: histories.
        batch_size: histories scored at once.
    """
    order = sorted(range(len(edits)), key=lambda row: -len(edits[row]))
    with torch.no_grad():
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            scores = score_edits(model, cases, [edits[row] for row in rows])
            yield rows, scores.cpu().double()[:, 1:]


def probabilities_after(
    model: Recommender, cases: Cases, items: Sequence[NDArray[np.int64]], batch_size: int = 256
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the probability of several items after the history of each case, and whether no item is likelier.

    A history is scored once; what is returned of one case stands behind what is of the case before.

    Args:
        model: scores the catalog.
        cases: histories.
        items: those that are asked for after each; a history without any is not scored.
        batch_size: histories scored at once.
    """
    result = [np.empty(0)] * len(cases)
    highest = np.zeros(len(cases))
    needed = [case for case, some in enumerate(items) if len(some)]
    edits = [Edit.of(cases, case) for case in needed]
    for rows, scores in scores_after_edits(model, cases, edits, batch_size):
        probability = scores.softmax(dim=1)
        for place, row in enumerate(rows):
            result[needed[row]] = probability[place, torch.from_numpy(items[needed[row]] - 1)].numpy()
            highest[needed[row]] = float(probability[place].max())
    values = np.concatenate([np.empty(0), *result])
    return values, values >= np.repeat(highest, [len(some) for some in items])


def recommended(model: Recommender, cases: Cases, top_k: int, batch_size: int = 256) -> NDArray[np.int64]:
    """Return (C, K) the list that a recommender delivers after the history of each case, best first.

    What the user had is out of it, as the collate of the cases says; 0 stands where candidates have run out.

    Args:
        model: scores the catalog.
        cases: histories.
        top_k: length K of the list.
        batch_size: histories scored at once.
    """
    lengths = np.minimum(cases.targets.input_stops, cases.max_length)
    order = np.argsort(-lengths, kind="stable")
    result = np.zeros((len(cases), top_k), np.int64)
    with torch.no_grad():
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            batch = cases.batch(rows).to(device_of(model))
            scores = model.score(batch).clone()
            mask_candidates(scores, batch)
            lists = top_items(scores, top_k).cpu().numpy()
            result[rows, : lists.shape[1]] = lists
    return result
