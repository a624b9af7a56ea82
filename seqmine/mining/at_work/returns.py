"""What a person had lately as a correction of a trained model's scores, for logs where people come back to items."""

import logging

import torch
from jaxtyping import Float
from torch import Tensor, nn

from seqmine.data.datamodule import SequenceDataModule
from seqmine.mining.at_work.reranker import choose_alpha
from seqmine.models.baselines.module import BaselineModule
from seqmine.models.module import SequenceModule
from seqmine.structs import InteractionLog, Recommender, SequenceBatch, UserError
from seqmine.structs.bounds import NonNegativeFloat, PositiveInt, PositiveShare

_log = logging.getLogger(__name__)
_GRID = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0)


class ReturnReranking:
    """Chooses on validation how much the items that a user had lately are raised, and corrects a model by it.

    Args:
        bonus: see ``ReturnReranker``; None chooses it on validation.
        decay: see ``ReturnReranker``.
        num_recent: see ``ReturnReranker``.
    """

    def __init__(self, *, bonus: NonNegativeFloat | None, decay: PositiveShare, num_recent: PositiveInt) -> None:
        self.bonus, self.decay, self.num_recent = bonus, decay, num_recent

    def __call__(
        self, model: SequenceModule | BaselineModule, data: SequenceDataModule
    ) -> tuple[BaselineModule, dict[str, float]]:
        """Return the corrected model, and the bonus by the name that it is reported with.

        Args:
            model: trained; is set to evaluation.
            data: of the model.
        """
        reranker = ReturnReranker(
            model=model.eval(), alpha=self.bonus or 0.0, decay=self.decay, num_recent=self.num_recent
        )
        if self.bonus is None:
            reranker.alpha, values = choose_alpha(reranker, data.val_dataloader(), grid=_GRID)
            _log.info(
                "what was had lately gets %g: validation NDCG@10 %.4f, of the model alone %.4f",
                reranker.alpha,
                values[reranker.alpha],
                values[0.0],
            )
        return BaselineModule(recommender=reranker, catalog=data.catalog), {"rerank/bonus": reranker.alpha}


class ReturnReranker(nn.Module):
    """Raise the last items of a history: ``s = s_model + alpha * decay ** age``, by the latest age of an item.

    Args:
        model: scores the catalog; log-probabilities or logits.
        alpha: what the last item is raised by; 0 gives the model back.
        decay: what an event earlier is raised by, as a share of that of the next.
        num_recent: events at the end of the history that are raised.

    Raises:
        UserError: a negative weight.
    """

    def __init__(self, *, model: Recommender, alpha: float, decay: float, num_recent: int) -> None:
        super().__init__()
        if alpha < 0:
            raise UserError(f"bonus is {alpha}, allowed are numbers from 0")
        self.model, self.alpha, self.decay, self.num_recent = model, alpha, decay, num_recent

    def fit(self, log: InteractionLog, num_items: int) -> None:
        """Count nothing."""

    def score(self, batch: SequenceBatch) -> Float[Tensor, "B V"]:
        """Return the corrected scores."""
        scores = self.model.score(batch)
        return scores if self.alpha == 0 else scores + self.alpha * self._raised(batch, scores)

    def correction(self, batch: SequenceBatch) -> Float[Tensor, "B V"]:
        """Return ``decay ** age`` of the items that were had lately, 0 of all others."""
        return self._raised(batch, self.model.score(batch))

    def _raised(self, batch: SequenceBatch, scores: Float[Tensor, "B V"]) -> Float[Tensor, "B V"]:
        raised = torch.zeros_like(scores)
        for age in reversed(range(min(self.num_recent, batch.items.shape[1]))):
            place = (batch.lengths - 1 - age).unsqueeze(1)
            items = torch.where(place >= 0, batch.items.gather(1, place.clamp(min=0)), 0)
            raised.scatter_(1, items, self.decay**age)
        raised[:, 0] = 0  # where histories are shorter
        return raised
