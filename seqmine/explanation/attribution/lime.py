"""LIME on deletion masks: a local linear model of the log-probability (Ribeiro et al. 2016, arXiv:1602.04938).

As LIME's explainer of text the number of deleted events is drawn evenly and near histories count more, by the cosine
between masks; unlike it events are deleted instead of masked, and the ridge is solved in closed form.
"""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from seqmine.explanation.asking import Kept, all_places, log_probabilities
from seqmine.explanation.question import Attribution, Explainer, Question, check_at_least, draws_of
from seqmine.probing.cases import Cases
from seqmine.structs import Recommender, UserError
from seqmine.structs.bounds import NonNegativeFloat, PositiveFloat, PositiveInt, Seed


class LimeExplainer(Explainer):
    """The share of an event is its coefficient in a ridge regression on random deletions.

    Args:
        num_samples: histories with deletions, the whole one beside them.
        kernel_width: how fast the weight of a history falls with its distance from the whole one (0 to 1).
        ridge: penalty on the coefficients; 0 is none.
        seed: of the deletions.
        batch_size: histories scored at once.

    Raises:
        UserError: too few samples, a width that is not above 0 or a penalty below 0.
    """

    caution: ClassVar[str] = ""

    def __init__(
        self,
        *,
        num_samples: PositiveInt,
        kernel_width: PositiveFloat,
        ridge: NonNegativeFloat,
        seed: Seed,
        batch_size: PositiveInt,
    ) -> None:
        if kernel_width <= 0 or ridge < 0:
            raise UserError(
                f"kernel_width is {kernel_width} and ridge is {ridge}, allowed are numbers above 0 and from 0; "
                "change explainer.kernel_width or explainer.ridge"
            )
        self.num_samples = check_at_least("num_samples", num_samples, 1)
        self.kernel_width, self.ridge, self.seed, self.batch_size = kernel_width, ridge, seed, batch_size

    def explain(self, model: Recommender, cases: Cases, questions: Sequence[Question]) -> list[Attribution]:
        """Return the coefficient of each event."""
        masks = [self._draw(len(all_places(cases, one.case))) for one in questions]
        asked = [
            [Kept(one.case, tuple(np.flatnonzero(mask).tolist()), one.item) for mask in drawn]
            for one, drawn in zip(questions, masks, strict=True)
        ]
        found = log_probabilities(model, cases, asked, self.batch_size)
        return [
            Attribution(weighted_ridge(drawn.astype(float), values, self._weights(drawn), self.ridge))
            for drawn, values in zip(masks, found, strict=True)
        ]

    def _draw(self, size: int) -> NDArray[np.bool_]:
        """Return (S + 1, n) which events are kept, the whole history first."""
        draws = draws_of(self.seed, size)
        num_deleted = draws.integers(1, size, self.num_samples, endpoint=True)
        places = draws.random((self.num_samples, size)).argsort(axis=1).argsort(axis=1)
        return np.vstack([np.ones((1, size), bool), places >= num_deleted[:, None]])

    def _weights(self, masks: NDArray[np.bool_]) -> NDArray[np.float64]:
        distance = 1 - np.sqrt(masks.mean(axis=1))
        return np.exp(-0.5 * (distance / self.kernel_width) ** 2)


def weighted_ridge(
    inputs: NDArray[np.float64], values: NDArray[np.float64], weights: NDArray[np.float64], ridge: float
) -> NDArray[np.float64]:
    """Return the coefficients of a ridge regression with an intercept that is not penalized.

    Args:
        inputs: (S, n).
        values: (S,) what is predicted.
        weights: (S,) of the rows.
        ridge: penalty.

    >>> weighted_ridge(np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 5.0]), np.ones(3), 0.0).round(9).tolist()
    [2.0]
    """
    share = weights / weights.sum()
    inputs = inputs - share @ inputs
    values = values - share @ values
    products = inputs.T @ (weights[:, None] * inputs) + ridge * np.eye(inputs.shape[1])
    # the smallest solution where there are fewer different histories than events
    found: NDArray[np.float64] = np.linalg.lstsq(products, inputs.T @ (weights * values), rcond=None)[0].astype(float)
    return found
