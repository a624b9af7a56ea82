"""Patterns compared with a model where it cannot have memorized: at events that it was not trained on."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import hypergeom

from seqmine.mining.against_model.held_out import OpenCases, open_cases
from seqmine.mining.statistics.intervals import wilson_interval
from seqmine.mining.statistics.multiplicity import benjamini_hochberg
from seqmine.mining.statistics.poisson_binomial import poisson_binomial_tail
from seqmine.probing.cases import Cases
from seqmine.probing.edits import Edit
from seqmine.probing.faithfulness import FAITHFULNESS_COLUMNS, Occurrence, measure_faithfulness
from seqmine.probing.queries import probabilities_after
from seqmine.structs import PatternTable, Recommender
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import PositiveInt, Seed
from seqmine.structs.constraints import Constraints

_COMPARED = (
    "num_cases",
    "num_next",
    "num_first",
    "first_probability",
    "first_confidence",
    "model_probability",
    "next_confidence",
    "next_confidence_lower",
    "next_confidence_upper",
    "calibration_gap",
    "log_ratio",
    "agreement",
    "next_lift",
    "next_p_value",
    "underrated_p_value",
    "overrated_p_value",
)


@bounded
class ModelAgreement:
    """Compare rules with a model: is it calibrated on them, and is it faithful to them (perturbation queries)?

    A rule is asked about in the cases in which it is open: the antecedent is in the history before a held-out event,
    that event would complete the rule within every limit, and the consequent has not come since. How often it is that
    event and what the model said before are then compared over the same cases.

    Args:
        num_occurrences: cases whose histories are changed, at most, for each rule.
        min_cases: fewer open cases than this are too few to hold a rule against the model.
        top_k: length of the list of which a consequent is or is not part.
        batch_size: histories scored at once.
        seed: of the draw of cases and control events.

    Raises:
        UserError: a number below 1.
    """

    def __init__(
        self,
        *,
        num_occurrences: PositiveInt = 50,
        min_cases: PositiveInt = 10,
        top_k: PositiveInt = 10,
        batch_size: PositiveInt = 256,
        seed: Seed = 0,
    ) -> None:
        self.num_occurrences, self.min_cases, self.top_k = num_occurrences, min_cases, top_k
        self.batch_size, self.seed = batch_size, seed

    def measure(
        self, model: Recommender, held_out: Cases, table: PatternTable, constraints: Constraints
    ) -> PatternTable:
        """Add what the model makes of each rule; NaN for patterns of one symbol and for rules that are nowhere open.

        Args:
            model: scores the catalog.
            held_out: cases that neither the model nor the patterns come from.
            table: patterns of items.
            constraints: where a pattern may occur.

        Returns:
            The table with ``num_cases`` (users in whom the rule is open), ``num_next`` (of those, users whose next
            event is the consequent), ``model_probability`` (mean probability of the consequent before that event),
            ``num_first`` (cases in which the model ranks the consequent first) with ``first_probability`` and
            ``first_confidence`` (what it says there, and how often it is right), the columns of
            ``measure_faithfulness``, and, NaN where the cases are too few: ``next_confidence`` with its 95 %
            limits (``num_next`` over ``num_cases``), ``calibration_gap`` (probability minus that share), ``log_ratio``
            (logarithm of probability over that share, for which half a user is added on either side), ``agreement``
            (AUC of the probability for users whose next event is the consequent against the others), ``next_lift``
            (that share over the share in all cases), ``next_p_value`` (Fisher's, that users with the antecedent are no
            likelier to go on to the consequent than the others), ``underrated_p_value`` and ``overrated_p_value`` (that
            as many or more, as few or fewer, would come if the model were right), and of these three the q-values
            of Benjamini and Hochberg, as ``next_q_value`` and so on.
        """
        found = self._open(held_out, table, constraints)
        table = self._compared(model, held_out, table, found)
        rng = np.random.default_rng(self.seed)
        popularity = np.bincount(held_out.inputs.items, minlength=int(table.symbols.max(initial=0)) + 1)
        measures: dict[int, dict[str, float]] = {}
        for row, one in found.items():
            chosen = np.sort(rng.permutation(len(one.cases))[: self.num_occurrences]).tolist()
            consequent = table.pattern(row)[-1]
            measures[row] = measure_faithfulness(
                model,
                held_out,
                [_occurrence(held_out, one, index, consequent) for index in chosen],
                popularity,
                rng,
                top_k=self.top_k,
                batch_size=self.batch_size,
            )
        return table.with_columns(**_columns(FAITHFULNESS_COLUMNS, measures, len(table)))

    def compare(
        self, model: Recommender, held_out: Cases, table: PatternTable, constraints: Constraints
    ) -> PatternTable:
        """Add what ``measure`` adds, without the columns of ``measure_faithfulness``, which cost most.

        Args:
            model: scores the catalog.
            held_out: cases that neither the model nor the patterns come from.
            table: patterns of items.
            constraints: where a pattern may occur.
        """
        return self._compared(model, held_out, table, self._open(held_out, table, constraints))

    def _open(self, held_out: Cases, table: PatternTable, constraints: Constraints) -> dict[int, OpenCases]:
        """Return the open cases of each rule that has such."""
        found = {
            row: open_cases(held_out, pattern, constraints)
            for row, pattern in enumerate(table.patterns())
            if len(pattern) > 1
        }
        return {row: one for row, one in found.items() if len(one.cases)}

    def _compared(
        self, model: Recommender, held_out: Cases, table: PatternTable, found: dict[int, OpenCases]
    ) -> PatternTable:
        """Add the columns that compare a model with what came next."""
        patterns = table.patterns()
        item_counts = np.bincount(held_out.items, minlength=int(table.symbols.max(initial=0)) + 1)
        # One question is a rule in one of its cases; the questions of a case stand together, as it is scored once.
        rows = np.repeat(np.array(list(found), np.int64), [len(one.cases) for one in found.values()])
        cases = np.concatenate([np.empty(0, np.int64), *(one.cases for one in found.values())])
        order = np.argsort(cases, kind="stable")
        consequents = np.array([patterns[row][-1] for row in rows.tolist()], dtype=np.int64)[order]
        items = np.split(consequents, np.searchsorted(cases[order], np.arange(1, len(held_out))))
        values, firsts = np.empty(len(cases)), np.empty(len(cases), np.bool_)
        values[order], firsts[order] = probabilities_after(model, held_out, items, self.batch_size)
        measures: dict[int, dict[str, float]] = {
            row: {"num_cases": 0, "num_next": 0, "num_first": 0}
            for row, pattern in enumerate(patterns)
            if len(pattern) > 1
        }
        for row, one in found.items():
            mine = rows == row
            count = int(item_counts[patterns[row][-1]])
            measures[row] = self._against_data(one, values[mine], firsts[mine], count, len(held_out))
        columns = _columns(_COMPARED, measures, len(table))
        for name in ("next", "underrated", "overrated"):
            columns[f"{name}_q_value"] = _adjusted(columns[f"{name}_p_value"])
        return table.with_columns(**columns)

    def _against_data(
        self,
        one: OpenCases,
        probability: NDArray[np.float64],
        is_first: NDArray[np.bool_],
        item_count: int,
        num_held_out: int,
    ) -> dict[str, float]:
        """Return the measures of one rule."""
        num_cases, num_next = len(one.cases), int(one.is_next.sum())
        mean = float(probability.mean())
        measures = {"num_cases": num_cases, "num_next": num_next, "model_probability": mean}
        measures["num_first"] = int(is_first.sum())
        if is_first.any():
            measures["first_probability"] = float(probability[is_first].mean())
            measures["first_confidence"] = float(one.is_next[is_first].mean())
        if num_cases < self.min_cases:
            return measures
        lower, upper = wilson_interval(num_next, num_cases)
        confidence, share = num_next / num_cases, item_count / num_held_out
        return {
            **measures,
            "next_confidence": confidence,
            "next_confidence_lower": float(lower),
            "next_confidence_upper": float(upper),
            "calibration_gap": mean - confidence,
            "log_ratio": float(np.log(mean) - np.log((num_next + 0.5) / (num_cases + 1))),
            "agreement": area_under_curve(probability, one.is_next),
            "next_lift": confidence / share if share else float("nan"),
            "next_p_value": float(hypergeom.sf(num_next - 1, num_held_out, item_count, num_cases)),
            "underrated_p_value": poisson_binomial_tail(probability, num_next),
            "overrated_p_value": poisson_binomial_tail(1 - probability, num_cases - num_next),
        }


def _occurrence(held_out: Cases, one: OpenCases, index: int, consequent: int) -> Occurrence:
    """Return the match in one case, within what the model sees."""
    history = Edit.of(held_out, int(one.cases[index]))
    return Occurrence(history, tuple(len(history) + place for place in one.places[index].tolist()), consequent)


def _columns(
    names: Sequence[str], measures: Mapping[int, Mapping[str, float]], size: int
) -> dict[str, NDArray[np.float64]]:
    """Return the measures of some rows as columns; NaN where a row has none."""
    return {name: np.array([measures.get(row, {}).get(name, np.nan) for row in range(size)]) for name in names}


def _adjusted(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return q-values among the rules that have a p-value; NaN for the others."""
    result = np.full(len(p_values), np.nan)
    known = np.isfinite(p_values)
    result[known] = benjamini_hochberg(p_values[known], int(known.sum()))
    return result


def area_under_curve(values: NDArray[np.float64], is_positive: NDArray[np.bool_]) -> float:
    """Return the chance that a positive has a higher value than a negative, ties half; NaN without both kinds.

    >>> area_under_curve(np.array([0.1, 0.9, 0.5]), np.array([False, True, False]))
    1.0
    """
    positives, negatives = values[is_positive], values[~is_positive]
    if not len(positives) or not len(negatives):
        return float("nan")
    above = (positives[:, None] > negatives).sum() + 0.5 * (positives[:, None] == negatives).sum()
    return float(above / (len(positives) * len(negatives)))
