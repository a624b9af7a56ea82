"""Input times gradient at the vectors of events (Shrikumar et al. 2016, arXiv:1605.01713)."""

from collections.abc import Sequence
from typing import ClassVar

import torch

from seqmine.explanation.attribution.gradients import VectorScore
from seqmine.explanation.question import Attribution, Explainer, Question
from seqmine.probing.cases import Cases
from seqmine.structs import Recommender


class InputXGradientExplainer(Explainer):
    """The share of an event is the inner product of its vector and the gradient there.

    The gap tells how far the model is from linear: it is what the shares miss of the difference to vectors of zero.
    """

    caution: ClassVar[str] = "gradients are local: the shares add up to the score of a linear model alone, see the gap"

    def explain(self, model: Recommender, cases: Cases, questions: Sequence[Question]) -> list[Attribution]:
        """Return the share of each event, with the gap."""
        found = []
        for one in questions:
            score = VectorScore.of(model, cases, one)
            events = score.vectors.clone()
            events[score.num_events :] = 0  # what the model appends itself is no event and stays as it is
            shares = (events * score.gradients(score.vectors.unsqueeze(0))[0]).sum(dim=1).cpu().double()
            with torch.no_grad():
                whole, nothing = score(torch.stack([score.vectors, score.vectors - events])).cpu().double().tolist()
            found.append(Attribution(shares[: score.num_events].numpy(), float(shares.sum()) - (whole - nothing)))
        return found
