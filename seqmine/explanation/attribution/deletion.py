"""Deletion of one event at a time (leave one out, Li, Monroe and Jurafsky 2016, arXiv:1612.08220)."""

from collections.abc import Sequence
from typing import ClassVar

from seqmine.explanation.asking import Kept, all_places, log_probabilities
from seqmine.explanation.question import Attribution, Explainer, Question
from seqmine.probing.cases import Cases
from seqmine.structs import Recommender
from seqmine.structs.bounds import PositiveInt


class DeletionExplainer(Explainer):
    """The share of an event is what the item loses when the event had not happened: the gap closes.

    Args:
        batch_size: histories scored at once.
    """

    caution: ClassVar[str] = ""

    def __init__(self, *, batch_size: PositiveInt) -> None:
        self.batch_size = batch_size

    def explain(self, model: Recommender, cases: Cases, questions: Sequence[Question]) -> list[Attribution]:
        """Return the loss of log-probability of deleting each single event."""
        asked = []
        for one in questions:
            whole = all_places(cases, one.case)
            kept = [whole, *(whole[:place] + whole[place + 1 :] for place in whole)]
            asked.append([Kept(one.case, places, one.item) for places in kept])
        found = log_probabilities(model, cases, asked, self.batch_size)
        return [Attribution(values[0] - values[1:]) for values in found]
