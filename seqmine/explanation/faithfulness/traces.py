"""Deletes and brings back the events of explanations in the order of their importance."""

from collections.abc import Sequence

import numpy as np

from seqmine.explanation.asking import Kept, ask_kept
from seqmine.explanation.faithfulness.measures import Trace, shares, tenths
from seqmine.explanation.question import Attribution, Question
from seqmine.probing.cases import Cases
from seqmine.structs import Recommender


def trace(
    model: Recommender,
    cases: Cases,
    questions: Sequence[Question],
    attributions: Sequence[Attribution],
    batch_size: int,
) -> list[Trace]:
    """Return what the model says of each item while the events of its explanation go and come.

    Args:
        model: scores the catalog.
        cases: histories.
        questions: which items after which histories.
        attributions: the explanation of each.
        batch_size: histories scored at once.
    """
    plans, asked = [], []
    for one, found in zip(questions, attributions, strict=True):
        order = found.order.tolist()
        size = len(order)
        some = sorted({*tenths(size).tolist(), *shares(size).tolist()})
        kept = [order[count:] for count in range(size + 1)]  # deleting the most important
        kept += [order[: size - count] for count in some]  # deleting the least important
        kept += [order[:count] for count in some]  # keeping the most important
        asked += [Kept(one.case, tuple(sorted(places)), one.item) for places in kept]
        plans.append((size, some))
    answers = ask_kept(model, cases, asked, batch_size)
    result, start = [], 0
    for size, some in plans:
        middle, last = start + size + 1, start + size + 1 + len(some)
        ranks_without_least, kept_alone = np.zeros(size + 1, np.int64), np.full(size + 1, np.nan)
        ranks_without_least[some] = answers.ranks[middle:last]
        kept_alone[some] = answers.probabilities[last : last + len(some)]
        ranks, probabilities = answers.ranks[start:middle], answers.probabilities[start:middle]
        result.append(Trace(ranks, probabilities, ranks_without_least, kept_alone))
        start = last + len(some)
    return result
