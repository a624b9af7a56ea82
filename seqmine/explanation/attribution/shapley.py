"""Shapley values of events (Shapley 1953): exact for few events, over sampled orders for more.

Orders are sampled with their reverse (antithetic sampling, Mitchell et al. 2022, JMLR 23(43)).
"""

from collections.abc import Sequence
from math import factorial
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from seqmine.explanation.asking import Kept, all_places, log_probabilities
from seqmine.explanation.question import Attribution, Explainer, Question, check_at_least, draws_of
from seqmine.probing.cases import Cases
from seqmine.structs import Recommender, UserError
from seqmine.structs.bounds import NonNegativeInt, PositiveInt, Seed

_MOST_EXACT = 12  # 4,096 histories


class ShapleyExplainer(Explainer):
    """The share of an event is what it adds to the log-probability, averaged over the orders in which events join.

    The shares add up to the difference between the whole and the empty history.

    Args:
        max_exact: histories of at most this many events are asked in every subset.
        num_orders: sampled orders of longer histories; rounded up to an even number.
        seed: of the orders.
        batch_size: histories scored at once.

    Raises:
        UserError: no order, or more exact events than can be counted out.
    """

    caution: ClassVar[str] = ""

    def __init__(
        self, *, max_exact: NonNegativeInt, num_orders: PositiveInt, seed: Seed, batch_size: PositiveInt
    ) -> None:
        if not 0 <= max_exact <= _MOST_EXACT:
            raise UserError(
                f"max_exact is {max_exact}, allowed are 0 to {_MOST_EXACT}, as 2 to that power histories are scored; "
                "change explainer.max_exact"
            )
        self.max_exact, self.num_orders = max_exact, check_at_least("num_orders", num_orders, 1)
        self.seed, self.batch_size = seed, batch_size

    def explain(self, model: Recommender, cases: Cases, questions: Sequence[Question]) -> list[Attribution]:
        """Return the Shapley value of each event, and by how much their sum misses the difference."""
        asked: list[list[Kept]] = []
        orders: list[NDArray[np.int64] | None] = []
        for one in questions:
            size = len(all_places(cases, one.case))
            drawn = None if size <= self.max_exact else self._draw(size)
            kept = _subsets(size) if drawn is None else _prefixes(drawn)
            asked.append([Kept(one.case, places, one.item) for places in kept])
            orders.append(drawn)
        found = log_probabilities(model, cases, asked, self.batch_size)
        return [
            exact_values(values) if drawn is None else sampled_values(values, drawn)
            for values, drawn in zip(found, orders, strict=True)
        ]

    def _draw(self, size: int) -> NDArray[np.int64]:
        """Return (S, n) orders, each second one the reverse of the one before."""
        draws = draws_of(self.seed, size)
        forward = np.array([draws.permutation(size) for _ in range((self.num_orders + 1) // 2)])
        return np.stack([forward, forward[:, ::-1]], axis=1).reshape(-1, size)


def _subsets(size: int) -> list[tuple[int, ...]]:
    """Return all subsets of places; the bits of its number say which places a subset has."""
    return [tuple(place for place in range(size) if number >> place & 1) for number in range(1 << size)]


def _prefixes(orders: NDArray[np.int64]) -> list[tuple[int, ...]]:
    """Return for each order the events that are there after each step, none first."""
    return [tuple(sorted(order[:step])) for order in orders.tolist() for step in range(len(order) + 1)]


def exact_values(values: NDArray[np.float64]) -> Attribution:
    """Return the Shapley values of a game.

    Args:
        values: (2^n,) value of each subset, whose number has the bits of its members.

    >>> exact_values(np.array([0.0, 1.0, 2.0, 5.0])).values.tolist()
    [2.0, 3.0]
    """
    size = len(values).bit_length() - 1
    numbers = np.arange(len(values))
    members = np.array([number.bit_count() for number in range(len(values))])
    weights = np.array([factorial(m) * factorial(size - m - 1) / factorial(size) for m in range(size)])
    shares = np.empty(size)
    for place in range(size):
        without = numbers[numbers >> place & 1 == 0]
        shares[place] = weights[members[without]] @ (values[without | 1 << place] - values[without])
    return Attribution(shares, float(shares.sum() - (values[-1] - values[0])))


def sampled_values(values: NDArray[np.float64], orders: NDArray[np.int64]) -> Attribution:
    """Return the mean of what each event adds, over some orders.

    Args:
        values: of each prefix of each order, as long as all of them.
        orders: (S, n) places.
    """
    added = np.diff(values.reshape(len(orders), -1), axis=1)
    shares = np.zeros(orders.shape[1])
    np.add.at(shares, orders, added)
    shares /= len(orders)
    size = orders.shape[1]
    return Attribution(shares, float(shares.sum() - (values[size] - values[0])))
