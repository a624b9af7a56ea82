"""Chances to return to an item, counted on the training part, as a correction of a trained model."""

from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor, nn

from seqmine.data.datamodule import SequenceDataModule
from seqmine.mining.at_work.weighing import WeighedCorrection, weighed
from seqmine.models.baselines.fitted import declare_buffers, store
from seqmine.models.baselines.module import BaselineModule
from seqmine.models.module import SequenceModule
from seqmine.structs import InteractionLog, Recommender, SequenceBatch
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import NonNegativeFloat, PositiveFloat, PositiveInt

GRID = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)


class ReturnReranking:
    """Counts chances to return on the training part, and chooses on validation how much they weigh beside a model.

    Args:
        rates: chances to return.
        strength: of these chances, see ``ReturnReranker``; None chooses it on validation.
    """

    def __init__(self, *, rates: "ReturnRates", strength: NonNegativeFloat | None) -> None:
        self.rates, self.strength = rates, strength

    def __call__(
        self, model: SequenceModule | BaselineModule, data: SequenceDataModule
    ) -> tuple[BaselineModule, dict[str, float]]:
        """Return the corrected model, and the strength by the name that it is reported with.

        Args:
            model: trained; is set to evaluation.
            data: of the model.
        """
        reranker = ReturnReranker(model=model.eval(), rates=self.rates, alpha=self.strength or 0.0)
        corrected = weighed(reranker, data, alpha=self.strength, grid=GRID, words="chances to return weigh")
        return corrected, {"rerank/strength": reranker.alpha}


@bounded
class ReturnRates(nn.Module):
    """How likely the next event goes back to an item that its user had, by what is counted alone.

    The chance of the item that is ``r`` different items back is the share of the training events whose user had such
    an item and that went back to it; where the log has behaviors, among events after the same behavior and with the
    same behavior of that item's last event (an item in the cart is bought, one that was bought is left alone). Rare
    cases are drawn to the chance by ``r`` alone.

    Args:
        num_recent: events at the end of the history that are looked at.
        smoothing: events that the chance by ``r`` alone counts as.
    """

    columns: ClassVar[tuple[str, ...]] = ("behaviors",)
    rates: Float[Tensor, "R K K"]

    def __init__(self, *, num_recent: PositiveInt, smoothing: PositiveFloat) -> None:
        super().__init__()
        self.num_recent, self.smoothing = num_recent, smoothing
        declare_buffers(self, rates=torch.float32)

    def fit(self, log: InteractionLog) -> None:
        """Count how often events go back.

        Args:
            log: histories to count; its behaviors are used where it has them.
        """
        behaviors = np.zeros(log.num_events, np.int64) if log.behaviors is None else log.behaviors.astype(np.int64)
        kinds = int(behaviors.max(initial=0)) + 1
        shape = (self.num_recent, kinds, kinds)
        cases, returns = np.zeros(shape), np.zeros(shape)
        ends, later = _next_of_same(log), np.arange(log.num_events)
        starts = log.offsets[:-1][log.event_users]
        different = np.zeros(log.num_events, np.int64)  # items between the event that is looked at and the next one
        for age in range(1, self.num_recent + 1):
            nexts = later[later - age >= starts]
            before = nexts - age
            nexts, before = (part[ends[before] >= nexts] for part in (nexts, before))  # the last event of its item
            case = (different[nexts], behaviors[nexts - 1], behaviors[before])
            np.add.at(cases, case, 1)
            np.add.at(returns, case, ends[before] == nexts)
            different[nexts] += 1
        by_place = returns.sum((1, 2)) / np.maximum(cases.sum((1, 2)), 1)
        rates = (returns + self.smoothing * by_place[:, None, None]) / (cases + self.smoothing)
        rates[:, 0, 0] = by_place  # of events whose behavior is not known
        store(self, rates=rates)

    def had(self, batch: SequenceBatch) -> tuple[Int[Tensor, "B R"], Float[Tensor, "B R"]]:
        """Return the items that each user had lately, the last one first, and the chance to return to each.

        An item stands at its last event alone; all other places have item 0 and chance 0.
        """
        back = torch.arange(min(self.num_recent, batch.items.shape[1]), device=batch.items.device)
        places = batch.lengths.unsqueeze(1) - 1 - back
        items = torch.where(places >= 0, batch.items.gather(1, places.clamp(min=0)), 0)
        again = (items.unsqueeze(2) == items.unsqueeze(1)).tril(-1).any(2)
        items = items.masked_fill(again, 0)
        behaviors = torch.zeros_like(batch.items) if batch.behaviors is None else batch.behaviors.long()
        kinds = behaviors.gather(1, places.clamp(min=0)).clamp(max=self.rates.shape[1] - 1)
        different = (items > 0).cumsum(1) - 1
        rates = self.rates[different.clamp(min=0), kinds[:, :1], kinds]
        return items, torch.where(items > 0, rates, 0.0)


@bounded
class ReturnReranker(WeighedCorrection):
    """Mix a model with chances to return: ``p = (p_model + alpha * p_return) / (1 + alpha * sum(p_return))``.

    After RepeatNet (Ren et al., AAAI 2019), which learns when to repeat and when to explore; here the chances to repeat
    are counted, and since a log can end with more returns than it has elsewhere (what is in the cart is bought), their
    weight can be above 1. Scores are the logarithm of this probability.

    Args:
        model: scores the catalog; log-probabilities or logits.
        rates: chances to return, once they are counted.
        alpha: weight of these chances; 0 gives the model back.
    """

    def __init__(self, *, model: Recommender, rates: ReturnRates, alpha: NonNegativeFloat) -> None:
        super().__init__(model=model, alpha=alpha)
        self.rates = rates

    def fit(self, log: InteractionLog, num_items: int) -> None:  # noqa: ARG002 - rates are of places, not of items
        """Count the chances to return of a log; the model stays as it is.

        Args:
            log: histories to count, of items up to ``num_items``.
            num_items: size of the catalog.
        """
        self.rates.fit(log)

    def correction(self, batch: SequenceBatch) -> tuple[Int[Tensor, "B R"], Float[Tensor, "B R"]]:
        """Return the items that each user had lately, and the chance to return to each."""
        return self.rates.had(batch)

    def corrected(
        self, scores: Float[Tensor, "B V"], correction: tuple[Tensor, ...], alpha: float
    ) -> Float[Tensor, "B V"]:
        """Return the logarithm of the mixed probabilities."""
        items, rates = correction[0], alpha * correction[1]
        whole = scores[:, 1:].float().logsumexp(1, keepdim=True)
        told = scores.float() - whole
        told = told.scatter(1, items, torch.logaddexp(told.gather(1, items), rates.log()))
        return told - torch.log1p(rates.sum(1, keepdim=True))


def _next_of_same(log: InteractionLog) -> NDArray[np.int64]:
    """Return where the user of each event has its item again, the number of events where never.

    >>> _next_of_same(InteractionLog.from_lists([[4, 7, 4], [4]])).tolist()
    [2, 4, 4, 4]
    """
    users = log.event_users
    order = np.lexsort((np.arange(log.num_events), log.items, users))
    same = (users[order][1:] == users[order][:-1]) & (log.items[order][1:] == log.items[order][:-1])
    ends = np.full(log.num_events, log.num_events, np.int64)
    ends[order[:-1][same]] = order[1:][same]
    return ends
