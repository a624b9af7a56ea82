"""Recency as an explanation: the floor that says what "the last events" explain."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from seqmine.explanation.asking import all_places
from seqmine.explanation.question import Attribution, Explainer, Question
from seqmine.probing.cases import Cases
from seqmine.structs import Recommender


class RecencyExplainer(Explainer):
    """The share of an event is how late it came, without a look at the model: a floor for others."""

    caution: ClassVar[str] = "a floor: recency never asks the model"

    def explain(self, model: Recommender, cases: Cases, questions: Sequence[Question]) -> list[Attribution]:  # noqa: ARG002
        """Return shares that rise evenly up to 1, the last event."""
        sizes = [len(all_places(cases, one.case)) for one in questions]
        return [Attribution(np.arange(1, size + 1) / max(size, 1)) for size in sizes]
