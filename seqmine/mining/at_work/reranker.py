"""Patterns at work as a correction of a trained model's scores."""

import logging
from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor, nn

from seqmine.data.datamodule import SequenceDataModule
from seqmine.metrics.functional import mask_candidates
from seqmine.metrics.horizon import horizon_ndcg, rank_table, target_table
from seqmine.mining.at_work.recommender import PatternRecommender
from seqmine.models.baselines.module import BaselineModule
from seqmine.models.module import SequenceModule
from seqmine.structs import InteractionLog, Recommender, SequenceBatch, UserError, device_of
from seqmine.structs.bounds import NonNegativeFloat, PositiveFloat

_log = logging.getLogger(__name__)


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
        reranker.fit(data.prepared.training_log(), data.catalog.num_items)
        reranker.to(device_of(model))
        if self.alpha is None:
            reranker.alpha, values = choose_alpha(reranker, data.val_dataloader())
            _log.info(
                "patterns weigh %g: validation NDCG@10 %.4f, of the model alone %.4f",
                reranker.alpha,
                values[reranker.alpha],
                values[0.0],
            )
        return BaselineModule(recommender=reranker, catalog=data.catalog), {"rerank/alpha": reranker.alpha}


class PatternReranker(nn.Module):
    """Correct a model by patterns: ``s = s_model + alpha * log((s_patterns + eps) / (popularity + eps))``.

    Args:
        model: scores the catalog; log-probabilities or logits.
        patterns: scores the catalog by patterns, once it is fitted.
        alpha: weight of the patterns; 0 gives the model back.
        eps: how much evidence a rule needs before it counts.

    Raises:
        UserError: a negative weight, or eps that is not positive.
    """

    def __init__(self, *, model: Recommender, patterns: PatternRecommender, alpha: float, eps: float = 1e-3) -> None:
        super().__init__()
        if alpha < 0 or eps <= 0:
            raise UserError(f"alpha is {alpha} and eps {eps}, allowed are numbers from 0 and numbers above 0")
        self.model, self.patterns, self.alpha, self.eps = model, patterns, alpha, eps

    def fit(self, log: InteractionLog, num_items: int) -> None:
        """Count the patterns of a log; the model stays as it is.

        Args:
            log: histories to count, of items up to ``num_items``.
            num_items: size of the catalog.
        """
        self.patterns.fit(log, num_items)

    def score(self, batch: SequenceBatch) -> Float[Tensor, "B V"]:
        """Return the corrected scores."""
        scores = self.model.score(batch)
        return scores if self.alpha == 0 else scores + self.alpha * self.correction(batch)

    def correction(self, batch: SequenceBatch) -> Float[Tensor, "B V"]:
        """Return the log-ratio of what the patterns say to popularity, both as shares of the catalog."""
        told = self.patterns.score(batch)
        told = told / told.sum(dim=1, keepdim=True)
        return torch.log((told + self.eps) / (self.patterns.shares + self.eps))


class Correcting(Protocol):
    """A model, and what is added to its scores, times a weight."""

    model: Recommender

    def correction(self, batch: SequenceBatch) -> Float[Tensor, "B V"]:
        """Return what is added with a weight of 1."""
        ...


def choose_alpha(
    reranker: Correcting,
    batches: Iterable[SequenceBatch],
    *,
    grid: Sequence[float] = (0.0, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0),
) -> tuple[float, dict[float, float]]:
    """Choose the weight of a correction by NDCG@10 over all targets of validation; the smallest of the best.

    Args:
        reranker: has the model and the correction, such as fitted patterns.
        batches: validation batches with their targets and seen items.
        grid: weights to try; 0, the model alone, must be among them.

    Returns:
        The weight, and NDCG@10 of each.

    Raises:
        UserError: 0 is not in the grid.
    """
    if 0.0 not in grid:
        raise UserError(f"grid is {list(grid)}, which leaves out 0, the model alone; add 0 to it")
    gains: dict[float, list[NDArray[np.float64]]] = {float(alpha): [] for alpha in sorted(grid)}
    with torch.no_grad():
        for batch in (batch.to(device_of(reranker)) for batch in batches):
            base, correction = reranker.model.score(batch), reranker.correction(batch)
            for alpha, parts in gains.items():
                scores = base + alpha * correction
                mask_candidates(scores, batch)
                ranks = rank_table(scores, target_table(batch)[0], "pessimistic")
                parts.append(horizon_ndcg(ranks, 10).cpu().numpy())
    values = {alpha: float(np.concatenate(parts).mean()) for alpha, parts in gains.items()}
    return max(values, key=lambda alpha: (values[alpha], -alpha)), values
