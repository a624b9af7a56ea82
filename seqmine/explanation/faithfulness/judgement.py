"""Judges an explainer on many users against controls that delete as many events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqmine.explanation.faithfulness.consistency import Consistency, ConsistencyTest
from seqmine.explanation.faithfulness.measures import (
    LOWER_IS_BETTER,
    Trace,
    measures_of,
    negative_curve,
    positive_curve,
    rank_weight,
)
from seqmine.explanation.faithfulness.traces import trace
from seqmine.explanation.question import Attribution, Explainer, Question
from seqmine.metrics.comparison import bootstrap_interval, paired_bootstrap
from seqmine.probing.cases import Cases
from seqmine.probing.queries import recommended
from seqmine.structs import Recommender, UserError
from seqmine.structs.bounds import AtLeastTwo, InnerShare, PositiveInt, Seed

DECIDING = ("PN-S", "POS-P", "NEG-P", "DEL", "INS")
"""Measures on which an explainer has to beat a control; INS and DEL are of probabilities, the others of lists."""

Scores = dict[str, NDArray[np.float64]]
"""Value of each measure by its name, such as ``list/POS-P@5``, one a user; NaN where a user has none."""


Curves = dict[str, list[float]]
"""Of POS-P and NEG-P (11,) the share of the items of a list that stay in it while tenths of the events go, from none
to all; the mean over users, as in the measure of the same name."""


@dataclass(frozen=True)
class Difference:
    """An explainer less a control, in one measure, over the same users.

    Args:
        control: name of the control.
        measure: such as ``list/DEL@10``.
        mean: of the differences.
        low: lower end of the interval.
        high: upper end.
    """

    control: str
    measure: str
    mean: float
    low: float
    high: float

    @property
    def is_better(self) -> bool:
        """True when the whole interval speaks for the explainer."""
        name = self.measure.split("/")[1].split("@")[0]
        return self.high < 0 if name in LOWER_IS_BETTER else self.low > 0


@dataclass(frozen=True)
class Verdict:
    """How faithful an explainer is on some users of a run.

    Args:
        num_users: users that were asked about.
        means: mean of each measure, of the explainer and of each control, by name and measure.
        intervals: of the mean of each measure of the explainer.
        differences: to each control, in each measure.
        top_k: length of the list that decides.
        consistency: what the shares of the explainer change with.
        curves: of the explainer and of each control, by name.
    """

    num_users: int
    means: Mapping[str, Mapping[str, float]]
    intervals: Mapping[str, tuple[float, float]]
    differences: Sequence[Difference]
    top_k: int
    consistency: Consistency
    curves: Mapping[str, Curves]

    def not_beaten(self) -> dict[str, list[str]]:
        """Return for each control the deciding measures of lists in which the explainer is not better."""
        names = [f"list/{name}@{self.top_k}" for name in DECIDING]
        lost: dict[str, list[str]] = {}
        for one in self.differences:
            if one.measure in names and not one.is_better:
                lost.setdefault(one.control, []).append(one.measure.removeprefix("list/"))
        return lost


class FaithfulnessTest:
    """Explains the lists of some users with an explainer and with controls, and compares what deletions do.

    Args:
        num_users: users that are drawn; all where there are fewer.
        cutoffs: lengths of lists, ascending.
        size: events of an explanation that PN deletes.
        controls: explainers to be beaten, by name.
        consistency: explains again, to tell what the shares change with.
        num_resamples: of the bootstrap over users.
        confidence: share of the intervals.
        seed: of the draws.
        batch_size: histories scored at once.

    Raises:
        UserError: no users, no cutoff or an explanation without events.
    """

    def __init__(
        self,
        *,
        num_users: AtLeastTwo,
        cutoffs: Sequence[int],
        size: PositiveInt,
        controls: Mapping[str, Explainer],
        consistency: ConsistencyTest,
        num_resamples: PositiveInt,
        confidence: InnerShare,
        seed: Seed,
        batch_size: PositiveInt,
    ) -> None:
        if num_users < 2 or size < 1 or not cutoffs or min(cutoffs) < 1:
            raise UserError(
                f"num_users is {num_users}, size {size} and cutoffs {list(cutoffs)}, allowed are 2 users or more, 1 "
                "event or more and list lengths from 1; change faithfulness.num_users, .size or .cutoffs"
            )
        self.num_users, self.cutoffs, self.size, self.controls = num_users, sorted(cutoffs), size, controls
        self.num_resamples, self.confidence, self.seed = num_resamples, confidence, seed
        self.consistency, self.batch_size = consistency, batch_size

    def judge(self, explainer: Explainer, model: Recommender, cases: Cases, top_k: int) -> Verdict:
        """Return the verdict on an explainer.

        Args:
            explainer: what is judged.
            model: scores the catalog.
            cases: histories that the model was not trained to continue.
            top_k: which of the cutoffs decides.

        Raises:
            UserError: no such cutoff, or no user with two events.
        """
        if top_k not in self.cutoffs:
            raise UserError(f"top_k is {top_k}, allowed are {self.cutoffs}; change top_k or faithfulness.cutoffs")
        cases = self._draw(cases)
        questions = questions_of_lists(model, cases, self.cutoffs[-1], self.batch_size)
        found, curves = {}, {}
        for name, one in {"explainer": explainer, **self.controls}.items():
            attributions = one.explain(model, cases, questions)
            traces = trace(model, cases, questions, attributions, self.batch_size)
            found[name] = self._scores(questions, attributions, traces)
            curves[name] = curves_of_users(traces, np.array([one.case for one in questions]), top_k)
        own = found.pop("explainer")
        means = {name: _means(scores) for name, scores in {"explainer": own, **found}.items()}
        intervals = {name: self._interval(_known(values)) for name, values in own.items() if len(_known(values))}
        differences = [
            self._difference(control, name, own[name] - scores[name])
            for control, scores in found.items()
            for name in own
            if len(_known(own[name] - scores[name]))
        ]
        first = [one for place, one in enumerate(questions) if not place or questions[place - 1].case != one.case]
        consistency = self.consistency.measure(explainer, model, cases, first)
        return Verdict(len(cases), means, intervals, differences, top_k, consistency, curves)

    def _draw(self, cases: Cases) -> Cases:
        """Return some cases of users with events to choose from."""
        able = np.flatnonzero(cases.targets.positions >= 2)
        if len(able) < 2:
            raise UserError(
                f"{len(able)} validation users of the run have 2 events or more, and faithfulness needs 2; "
                "set faithfulness=none"
            )
        chosen = self._draws().permutation(able)[: self.num_users]
        return cases.take(np.sort(chosen))

    def _draws(self) -> np.random.Generator:
        return np.random.default_rng(self.seed)

    def _scores(
        self, questions: Sequence[Question], attributions: Sequence[Attribution], traces: Sequence[Trace]
    ) -> Scores:
        rows = [
            {k: measures_of(one, found.values, k, self.size) for k in self.cutoffs}
            for one, found in zip(traces, attributions, strict=True)
        ]
        return scores_of_users(rows, np.array([one.case for one in questions]), self.cutoffs)

    def _interval(self, values: NDArray[np.float64]) -> tuple[float, float]:
        users = np.arange(len(values))
        return bootstrap_interval(values, users, self.num_resamples, self.confidence, self._draws())

    def _difference(self, control: str, measure: str, differences: NDArray[np.float64]) -> Difference:
        known = _known(differences)
        low, high, _ = paired_bootstrap(
            known, np.arange(len(known)), self.num_resamples, self.confidence, self._draws()
        )
        return Difference(control, measure, float(known.mean()), low, high)


def questions_of_lists(model: Recommender, cases: Cases, length: int, batch_size: int) -> list[Question]:
    """Return a question for each item of the list of each case, the best item of a case first."""
    lists = recommended(model, cases, length, batch_size)
    return [Question(case, item) for case, items in enumerate(lists.tolist()) for item in items if item]


def curves_of_users(traces: Sequence[Trace], cases: NDArray[np.int64], top_k: int) -> Curves:
    """Return the curves of POS-P and NEG-P over the lists of users.

    Args:
        traces: of each question, those of a user in the order of his list.
        cases: which user each question is of.
        top_k: length of the list.
    """
    listed = [np.flatnonzero(cases == user)[:top_k].tolist() for user in np.unique(cases)]
    curves: Curves = {}
    for name, curve in (("POS-P", positive_curve), ("NEG-P", negative_curve)):
        found = [np.r_[float(one.ranks[0] <= top_k), curve(one, top_k)] for one in traces]
        curves[name] = np.mean([np.mean([found[row] for row in rows], axis=0) for rows in listed], axis=0).tolist()
    return curves


def scores_of_users(
    rows: Sequence[Mapping[int, Mapping[str, float]]], cases: NDArray[np.int64], cutoffs: Sequence[int]
) -> Scores:
    """Return the measures of the first item and of the list of each user.

    A measure of a list is the mean over its items; PN-R weighs them by rank.

    Args:
        rows: measures by cutoff of each question, the questions of a user in the order of his list.
        cases: which user each question is of.
        cutoffs: lengths of lists.
    """
    users = np.unique(cases)
    scores: Scores = {}
    for place, user in enumerate(users.tolist()):
        own = np.flatnonzero(cases == user)
        for top_k in cutoffs:
            listed = [rows[row][top_k] for row in own[:top_k].tolist()]
            found = {f"first/{name}": value for name, value in listed[0].items()}
            found |= {f"list/{name}": float(np.mean([one[name] for one in listed])) for name in listed[0]}
            weights = np.array([rank_weight(rank) for rank in range(1, len(listed) + 1)])
            necessary = np.array([one["PN-S"] for one in listed])
            found["list/PN-R"] = float(weights @ necessary / weights.sum())
            for name, value in found.items():
                scores.setdefault(f"{name}@{top_k}", np.full(len(users), np.nan))[place] = value
    return scores


def _known(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values[~np.isnan(values)]


def _means(scores: Scores) -> dict[str, float]:
    return {name: float(_known(values).mean()) for name, values in scores.items() if len(_known(values))}
