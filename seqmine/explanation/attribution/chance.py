"""Chance as an explanation: the floor that every explainer has to beat."""

from collections.abc import Sequence
from typing import ClassVar

from seqmine.explanation.asking import all_places
from seqmine.explanation.question import Attribution, Explainer, Question, draws_of
from seqmine.probing.cases import Cases
from seqmine.structs import Recommender
from seqmine.structs.bounds import Seed


class ChanceExplainer(Explainer):
    """The share of an event is a random number, without a look at the model: a floor for others.

    Args:
        seed: of the numbers.
    """

    caution: ClassVar[str] = "a floor: these shares are random numbers"

    def __init__(self, *, seed: Seed) -> None:
        self.seed = seed

    def explain(self, model: Recommender, cases: Cases, questions: Sequence[Question]) -> list[Attribution]:  # noqa: ARG002
        """Return random numbers from 0 to 1."""
        found = []
        for one in questions:
            size = len(all_places(cases, one.case))
            draws = draws_of(self.seed + int(cases.users[one.case]), size)
            found.append(Attribution(draws.random(size)))
        return found
