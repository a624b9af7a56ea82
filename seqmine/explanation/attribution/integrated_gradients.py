"""Integrated gradients at the vectors of events (Sundararajan, Taly and Yan 2017, arXiv:1703.01365)."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from seqmine.explanation.attribution.gradients import VectorScore, blocks, mean_vector
from seqmine.explanation.question import Attribution, Explainer, Question, check_at_least
from seqmine.probing.cases import Cases
from seqmine.structs import Recommender
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import PositiveFloat, PositiveInt


@bounded
class IntegratedGradientsExplainer(Explainer):
    """The share of an event is the gradient along the way from the mean item to its vector.

    Shares add up to the difference to a history of mean items, up to the error of the integral. The number of steps is
    doubled until that error, the gap, is small enough or ``max_steps`` is reached.

    Args:
        num_steps: points of the first try (Gauss-Legendre).
        max_steps: most points.
        tolerance: gap that is small enough, as a share of the difference.
        batch_size: points scored at once.

    Raises:
        UserError: no step, fewer steps at most than at first, or a tolerance that is not above 0.
    """

    caution: ClassVar[str] = ""

    def __init__(
        self, *, num_steps: PositiveInt, max_steps: PositiveInt, tolerance: PositiveFloat, batch_size: PositiveInt
    ) -> None:
        self.num_steps = check_at_least("num_steps", num_steps, 1)
        self.max_steps = check_at_least("max_steps", max_steps, num_steps)
        self.tolerance, self.batch_size = tolerance, batch_size

    def explain(self, model: Recommender, cases: Cases, questions: Sequence[Question]) -> list[Attribution]:
        """Return the share of each event, with the gap."""
        scores = [VectorScore.of(model, cases, one) for one in questions]
        mean = mean_vector(scores[0].model) if scores else torch.empty(0)
        return [self._explain(score, mean) for score in scores]

    def _explain(self, score: VectorScore, mean: Float[Tensor, "D"]) -> Attribution:
        start = score.vectors.clone()
        start[: score.num_events] = mean
        with torch.no_grad():
            end, begin = score(torch.stack([score.vectors, start])).cpu().double().tolist()
        num_steps = self.num_steps
        while True:
            shares = self._integrate(score, start, num_steps)
            gap = float(shares.sum()) - (end - begin)
            if abs(gap) <= self.tolerance * max(abs(end - begin), 1e-3) or 2 * num_steps > self.max_steps:
                return Attribution(shares[: score.num_events].numpy(), gap)
            num_steps *= 2

    def _integrate(self, score: VectorScore, start: Float[Tensor, "L D"], num_steps: int) -> Float[Tensor, "L"]:
        """Return the integral at each position, in double precision on the host."""
        points, weights = np.polynomial.legendre.leggauss(num_steps)
        steps, weight = torch.from_numpy((points + 1) / 2), torch.from_numpy(weights / 2)
        way = score.vectors - start
        total = torch.zeros(way.shape, dtype=torch.float64)
        for rows in blocks(num_steps, self.batch_size):
            vectors = start + steps[rows, None, None].to(way) * way
            total += (weight[rows, None, None] * score.gradients(vectors).cpu().double()).sum(dim=0)
        return (total * way.cpu().double()).sum(dim=1)
