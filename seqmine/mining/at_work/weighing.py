"""A trained model's scores corrected with a weight, and the weight that validation chooses."""

import logging
from collections.abc import Iterable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from seqmine.data.batching import counted_batches
from seqmine.data.datamodule import SequenceDataModule
from seqmine.metrics.functional import mask_candidates
from seqmine.metrics.horizon import horizon_ndcg, rank_table, target_table
from seqmine.metrics.mean_state import added_over_devices
from seqmine.models.baselines.module import BaselineModule
from seqmine.structs import InteractionLog, Recommender, SequenceBatch, UserError, device_of

_log = logging.getLogger(__name__)


class WeighedCorrection(nn.Module):
    """A model whose scores are corrected; a subclass says how.

    Args:
        model: scores the catalog; log-probabilities or logits.
        alpha: weight of the correction; 0 gives the model back.
    """

    def __init__(self, *, model: Recommender, alpha: float) -> None:
        super().__init__()
        self.model, self.alpha = model, alpha

    def fit(self, log: InteractionLog, num_items: int) -> None:
        """Count what the correction says; the model stays as it is.

        Args:
            log: histories to count, of items up to ``num_items``.
            num_items: size of the catalog.
        """
        raise NotImplementedError

    def correction(self, batch: SequenceBatch) -> tuple[Tensor, ...]:
        """Return what the correction says of a batch, whatever its weight."""
        raise NotImplementedError

    def corrected(
        self, scores: Float[Tensor, "B V"], correction: tuple[Tensor, ...], alpha: float
    ) -> Float[Tensor, "B V"]:
        """Return scores of the model with the correction of the same batch at a weight above 0."""
        raise NotImplementedError

    def score(self, batch: SequenceBatch) -> Float[Tensor, "B V"]:
        """Return the corrected scores."""
        scores = self.model.score(batch)
        return scores if self.alpha == 0 else self.corrected(scores, self.correction(batch), self.alpha)


def weighed(
    correction: WeighedCorrection, data: SequenceDataModule, *, alpha: float | None, grid: Sequence[float], words: str
) -> BaselineModule:
    """Return a corrected model that has counted the training part and has its weight.

    Args:
        correction: not fitted yet.
        data: of its model.
        alpha: the weight; None chooses it on validation.
        grid: weights to try.
        words: what the weight is told as.
    """
    data.reader = correction  # batches have the columns that it reads
    correction.fit(data.prepared.training_log(), data.catalog.num_items)
    correction.to(device_of(correction.model)).eval()
    if alpha is None:
        correction.alpha, values = choose_alpha(correction, data.val_dataloader(), grid=grid)
        told = (correction.alpha, values[correction.alpha], values[0.0])
        _log.info("%s %g: validation NDCG@10 %.4f, of the model alone %.4f", words, *told)
    return BaselineModule(recommender=correction, catalog=data.catalog)


def choose_alpha(
    correction: WeighedCorrection, batches: Iterable[SequenceBatch], *, grid: Sequence[float]
) -> tuple[float, dict[float, float]]:
    """Choose the weight of a correction by NDCG@10 over all targets of validation; the smallest of the best.

    Args:
        correction: fitted.
        batches: validation batches of this device with their targets and seen items.
        grid: weights to try; 0, the model alone, must be among them.

    Returns:
        The weight, and NDCG@10 of each; the same on every device.

    Raises:
        UserError: 0 is not in the grid.
    """
    if 0.0 not in grid:
        raise UserError(f"grid is {list(grid)}, which leaves out 0, the model alone; add 0 to it")
    weights = sorted(map(float, grid))
    sums, number = torch.zeros(len(weights), dtype=torch.float64), torch.zeros((), dtype=torch.float64)
    with torch.no_grad():
        for batch in counted_batches(batches, device_of(correction)):
            base, told = correction.model.score(batch), correction.correction(batch)
            for place, alpha in enumerate(weights):
                scores = correction.corrected(base, told, alpha) if alpha else base.clone()
                mask_candidates(scores, batch)
                ranks = rank_table(scores, target_table(batch)[0], "pessimistic")
                gains = horizon_ndcg(ranks, 10)
                sums[place] += gains.sum(dtype=torch.float64).cpu()
            number += len(gains)
    totals = added_over_devices(torch.cat([sums, number.reshape(1)]))
    values = dict(zip(weights, (totals[:-1] / totals[-1].clamp(min=1)).tolist(), strict=True))
    return max(values, key=lambda alpha: (values[alpha], -alpha)), values
