"""Patterns at work as a correction of a trained model's scores."""

import torch
from jaxtyping import Float
from torch import Tensor

from seqmine.data.datamodule import SequenceDataModule
from seqmine.mining.at_work.recommender import PatternRecommender
from seqmine.mining.at_work.weighing import WeighedCorrection, weighed
from seqmine.models.baselines.module import BaselineModule
from seqmine.models.module import SequenceModule
from seqmine.structs import InteractionLog, Recommender, SequenceBatch
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import NonNegativeFloat, PositiveFloat

GRID = (0.0, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0)


class PatternReranking:
    """Counts patterns on the training part, chooses their weight on validation, and corrects a model by them.

    Args:
        rules: score the catalog by patterns.
        alpha: weight of the patterns, as in ``PatternReranker``; None chooses it on validation.
        eps: as in ``PatternReranker``.
    """

    def __init__(self, *, rules: PatternRecommender, alpha: NonNegativeFloat | None, eps: PositiveFloat) -> None:
        self.rules, self.alpha, self.eps = rules, alpha, eps

    def __call__(
        self, model: SequenceModule | BaselineModule, data: SequenceDataModule
    ) -> tuple[BaselineModule, dict[str, float]]:
        """Return the corrected model, and the weight of the patterns by the name that it is reported with.

        Args:
            model: trained; is set to evaluation.
            data: of the model.
        """
        reranker = PatternReranker(model=model.eval(), patterns=self.rules, alpha=self.alpha or 0.0, eps=self.eps)
        corrected = weighed(reranker, data, alpha=self.alpha, grid=GRID, words="patterns weigh")
        return corrected, {"rerank/alpha": reranker.alpha}


@bounded
class PatternReranker(WeighedCorrection):
    """Correct a model by patterns: ``s = s_model + alpha * log((s_patterns + eps) / (popularity + eps))``.

    Args:
        model: scores the catalog; log-probabilities or logits.
        patterns: scores the catalog by patterns, once it is fitted.
        alpha: weight of the patterns; 0 gives the model back.
        eps: how much evidence a rule needs before it counts.
    """

    def __init__(
        self, *, model: Recommender, patterns: PatternRecommender, alpha: NonNegativeFloat, eps: PositiveFloat = 1e-3
    ) -> None:
        super().__init__(model=model, alpha=alpha)
        self.patterns, self.eps = patterns, eps

    def fit(self, log: InteractionLog, num_items: int) -> None:
        """Count the patterns of a log; the model stays as it is.

        Args:
            log: histories to count, of items up to ``num_items``.
            num_items: size of the catalog.
        """
        self.patterns.fit(log, num_items)

    def correction(self, batch: SequenceBatch) -> tuple[Float[Tensor, "B V"]]:
        """Return the log-ratio of what the patterns say to popularity, both as shares of the catalog."""
        told = self.patterns.score(batch)
        told = told / told.sum(dim=1, keepdim=True)
        return (torch.log((told + self.eps) / (self.patterns.shares + self.eps)),)

    def corrected(
        self, scores: Float[Tensor, "B V"], correction: tuple[Tensor, ...], alpha: float
    ) -> Float[Tensor, "B V"]:
        """Return scores of the model plus the weighed log-ratio."""
        return scores + alpha * correction[0]
