"""Do shares hold still, do they depend on what was learned, and do methods agree?

Stability is about the same model and nearly the same history, parameter randomization about another model and the same
history (Adebayo et al. 2018, arXiv:1810.03292), agreement about another method (Krishna et al. 2022, arXiv:2202.01602).
All are rank correlations (Spearman), so that methods of different units can be compared.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import rankdata

from seqmine.explanation.question import Attribution, Explainer, Question
from seqmine.metrics.comparison import paired_bootstrap
from seqmine.models.module import SequenceModule
from seqmine.probing.cases import Cases
from seqmine.structs import Recommender, UserError
from seqmine.structs.bounds import InnerShare, PositiveInt, Seed


@dataclass(frozen=True)
class Agreement:
    """How alike two methods explain the same recommendations.

    Args:
        correlation: mean rank correlation of the shares.
        shared: mean share of the most important events that both name.
    """

    correlation: float
    shared: float


@dataclass(frozen=True)
class Consistency:
    """What the shares of an explainer change with.

    Args:
        stability: mean rank correlation with the shares of a resampled history, over the events of both.
        randomization: mean rank correlation with the shares for a model of shuffled parameters; None for a model that
            has none.
        low: lower end of the interval of the difference between the two, over users.
        high: upper end.
        agreement: with other methods, by name.
    """

    stability: float
    randomization: float | None
    low: float
    high: float
    agreement: Mapping[str, Agreement]

    @property
    def depends_on_model(self) -> bool:
        """True when another model is explained differently, by more than the same model after a small change."""
        return self.low > 0


class ConsistencyTest:
    """Explains first recommendations again: without some events, for a model of chance, and by other methods.

    Args:
        dropped: share of the events that a resampled history lacks.
        peers: other methods, by name; one that does not fit the model is left out.
        size: most important events that are compared.
        num_resamples: of the bootstrap over users.
        confidence: share of the intervals.
        seed: of the draws.

    Raises:
        UserError: a share that is not between 0 and 1.
    """

    def __init__(
        self,
        *,
        dropped: InnerShare,
        peers: Mapping[str, Explainer],
        size: PositiveInt,
        num_resamples: PositiveInt,
        confidence: InnerShare,
        seed: Seed,
    ) -> None:
        if not 0 < dropped < 1:
            raise UserError(
                f"dropped is {dropped}, allowed are shares between 0 and 1; change faithfulness.consistency.dropped"
            )
        self.dropped, self.peers, self.size = dropped, peers, size
        self.num_resamples, self.confidence, self.seed = num_resamples, confidence, seed

    def measure(
        self, explainer: Explainer, model: Recommender, cases: Cases, questions: Sequence[Question]
    ) -> Consistency:
        """Return how consistent an explainer is.

        Args:
            explainer: what is judged.
            model: scores the catalog.
            cases: histories.
            questions: one a case.
        """
        own = explainer.explain(model, cases, questions)
        stable = self._stability(explainer, model, cases, questions, own)
        other = shuffled(model, self.seed)
        random, low, high = None, float("nan"), float("nan")
        if other is not None:
            alike = correlations(own, explainer.explain(other, cases, questions))
            differences = (stable - alike)[~np.isnan(stable - alike)]
            random = _mean(alike)
            if len(differences):
                users, draws = np.arange(len(differences)), np.random.default_rng(self.seed)
                low, high, _ = paired_bootstrap(differences, users, self.num_resamples, self.confidence, draws)
        return Consistency(_mean(stable), random, low, high, self._agreement(explainer, model, cases, questions, own))

    def _stability(
        self,
        explainer: Explainer,
        model: Recommender,
        cases: Cases,
        questions: Sequence[Question],
        own: Sequence[Attribution],
    ) -> NDArray[np.float64]:
        thinner, kept = thinned(cases, self.dropped, self.seed)
        again = explainer.explain(model, thinner, questions)
        left = [Attribution(found.values[kept[one.case]]) for one, found in zip(questions, own, strict=True)]
        # older events may have moved into the input of the model in place of the dropped ones
        rest = [
            Attribution(found.values[len(found.values) - len(some.values) :])
            for found, some in zip(again, left, strict=True)
        ]
        return correlations(left, rest)

    def _agreement(
        self,
        explainer: Explainer,
        model: Recommender,
        cases: Cases,
        questions: Sequence[Question],
        own: Sequence[Attribution],
    ) -> dict[str, Agreement]:
        found = {}
        for name, peer in self.peers.items():
            if type(peer) is type(explainer):
                continue
            try:
                others = peer.explain(model, cases, questions)
            except UserError:
                continue
            shared = np.array(
                [shared_leaders(one.values, other.values, self.size) for one, other in zip(own, others, strict=True)]
            )
            found[name] = Agreement(_mean(correlations(own, others)), _mean(shared))
        return found


def correlations(ones: Sequence[Attribution], others: Sequence[Attribution]) -> NDArray[np.float64]:
    """Return the rank correlation of each pair of explanations."""
    return np.array([rank_correlation(one.values, other.values) for one, other in zip(ones, others, strict=True)])


def rank_correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Return Spearman's correlation; NaN of fewer than two events, or where all have the same share.

    >>> rank_correlation(np.array([3.0, 1.0, 2.0]), np.array([30.0, 10.0, 11.0]))
    1.0
    """
    if len(one) < 2:
        return float("nan")
    first, second = rankdata(one) - (len(one) + 1) / 2, rankdata(other) - (len(one) + 1) / 2
    scale = np.sqrt((first @ first) * (second @ second))
    return float(first @ second / scale) if scale else float("nan")


def shared_leaders(one: NDArray[np.float64], other: NDArray[np.float64], size: int) -> float:
    """Return the share of the most important events that two explanations name both.

    >>> shared_leaders(np.array([0.9, 0.8, 0.1]), np.array([0.9, 0.1, 0.8]), 2)
    0.5
    """
    size = min(size, len(one))
    leaders = [set(Attribution(values).order[:size].tolist()) for values in (one, other)]
    return len(leaders[0] & leaders[1]) / size if size else float("nan")


def thinned(cases: Cases, dropped: float, seed: int) -> tuple[Cases, list[NDArray[np.int64]]]:
    """Return the cases without a random share of the events that the model sees, and which places are left of each.

    At least one event goes, and at least one stays.

    Args:
        cases: histories.
        dropped: share of the events.
        seed: of the draws.
    """
    draws, log = np.random.default_rng(seed), cases.log.take_users(cases.users)
    mask, kept, num_gone = np.ones(log.num_events, bool), [], []
    for case in range(len(cases)):
        size, stop = len(cases.events(case)), int(log.offsets[case] + cases.targets.positions[case])
        count = min(max(round(size * dropped), 1), size - 1) if size > 1 else 0
        gone = draws.permutation(size)[:count]
        mask[stop - size + gone] = False
        kept.append(np.setdiff1d(np.arange(size), gone))
        num_gone.append(count)
    collate = copy.copy(cases.collate)
    collate.log = log.keep(mask)
    positions = cases.targets.positions - np.array(num_gone)
    ends = replace(cases.targets, users=np.arange(len(cases)), positions=positions, inputs=None)
    return Cases(collate, ends, cases.items), kept


def shuffled(model: Recommender, seed: int) -> SequenceModule | None:
    """Return a copy of a model that has learned nothing, with vectors as long as before; None for a counted model.

    The entries of each row of each parameter come in a random order of their own, which keeps their scale.

    Args:
        model: trained.
        seed: of the orders.
    """
    if not isinstance(model, SequenceModule):
        return None
    other, generator = copy.deepcopy(model), torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in other.parameters():
            if parameter.dim():
                order = torch.rand(parameter.shape, generator=generator).argsort(dim=-1).to(parameter.device)
                parameter.copy_(parameter.gather(-1, order))
    return other.eval()


def _mean(values: NDArray[np.float64]) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
