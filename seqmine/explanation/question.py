"""What is asked of an explainer, what it answers, and the protocol between them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from seqmine.probing.cases import Cases
from seqmine.structs import Recommender, UserError


@dataclass(frozen=True)
class Question:
    """Why does the model score an item as it does after the history of a case?

    Args:
        case: number of the case.
        item: item_index.
    """

    case: int
    item: int


@dataclass(frozen=True)
class Attribution:
    """The share of each event that the model sees in the log-probability of an item.

    Args:
        values: (n,) one an event, oldest first; above 0 the event speaks for the item.
        gap: sum of the values less the difference that they should add up to; NaN where a method promises no sum.
    """

    values: NDArray[np.float64]
    gap: float = float("nan")

    @property
    def order(self) -> NDArray[np.int64]:
        """(n,) the places of the events, the most important first; of equal ones the older, which helps no explainer.

        >>> Attribution(np.array([0.5, 2.0, 0.5])).order.tolist()
        [1, 0, 2]
        """
        return np.argsort(-self.values, kind="stable")


class Explainer(Protocol):
    """Tells the share of each event in a score; built from a yaml of ``conf/explainer``."""

    caution: ClassVar[str]
    """What a reader of the shares has to know, in a sentence; empty where they say what they seem to say."""

    def explain(self, model: Recommender, cases: Cases, questions: Sequence[Question]) -> list[Attribution]:
        """Return the shares of the events of each question, in the order of the questions.

        An answer does not depend on what else is asked.

        Raises:
            UserError: the model has not what the explainer needs.
        """
        ...


def draws_of(seed: int, num_events: int) -> np.random.Generator:
    """Return the draws for a history: the same for all items, which are then asked about after the same histories."""
    return np.random.default_rng((seed, num_events))


def check_at_least(name: str, value: int, lowest: int) -> int:
    """Return the value of a setting of an explainer that has to be large enough.

    Raises:
        UserError: it is not.
    """
    if value < lowest:
        raise UserError(f"{name} is {value}, allowed are whole numbers from {lowest}; change explainer.{name}")
    return value
