"""Patterns held against a model: does it know them, does it work by them, and where do model and data disagree."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import wilcoxon

from seqmine.mining.constraints import Constraints
from seqmine.mining.intervals import wilson_interval
from seqmine.mining.matching import find_supporters
from seqmine.mining.model_patterns import Asked, log_probabilities, without
from seqmine.structs import InteractionLog, PatternTable, Recommender, UserError


def first_match(history: list[int], pattern: tuple[int, ...], max_gap: int | None) -> tuple[int, ...]:
    """Return places of the first match of a pattern, within the gap where one is set; empty where there is none.

    >>> first_match([1, 5, 1, 2], (1, 2), None), first_match([1, 5, 1, 2], (1, 2), 1)
    ((0, 3), (2, 3))
    """

    def search(matched: tuple[int, ...]) -> tuple[int, ...]:
        if len(matched) == len(pattern):
            return matched
        begin = matched[-1] + 1 if matched else 0
        stop = len(history) if not matched or max_gap is None else min(len(history), begin + max_gap)
        for place in range(begin, stop):
            if history[place] == pattern[len(matched)]:
                found = search((*matched, place))
                if found or max_gap is None:
                    return found
        return ()

    return search(())


@dataclass(frozen=True)
class Occurrence:
    """A match of the antecedent of a rule in a history that the model sees.

    Args:
        history: events up to the last one of the match.
        places: the events of the match.
        consequent: the item that the rule expects.
        is_followed: whether the user went on to it.
        is_next: whether it was the very next event.
    """

    history: list[int]
    places: tuple[int, ...]
    consequent: int
    is_followed: bool
    is_next: bool


class ModelAgreement:
    """Hold rules against a model, on users of whom both can be asked.

    The faithfulness measures are differences of log-probability: ``necessity`` of deleting the events of the
    antecedent, ``control`` of deleting as many others that are about as recent and as popular, ``order_effect`` of
    putting the events in another order, ``interaction`` what only all of them together do, ``sufficiency_loss`` of
    keeping nothing but them, ``sufficiency_control`` of keeping nothing but the others.

    Args:
        num_occurrences: users a rule is asked about, at most.
        max_length: last events of a history that the model sees.
        batch_size: histories scored at once.
        seed: of the draw of users and control events.

    Raises:
        UserError: a number below 1.
    """

    def __init__(
        self, *, num_occurrences: int = 50, max_length: int = 50, batch_size: int = 256, seed: int = 0
    ) -> None:
        numbers = {"num_occurrences": num_occurrences, "max_length": max_length, "batch_size": batch_size}
        for name, value in numbers.items():
            if value < 1:
                raise UserError(f"{name}={value} is not allowed: set agreement.{name} to 1 or more.")
        self.num_occurrences, self.max_length = num_occurrences, max_length
        self.batch_size, self.seed = batch_size, seed

    def measure(
        self, model: Recommender, log: InteractionLog, table: PatternTable, constraints: Constraints
    ) -> PatternTable:
        """Add what the model makes of each rule; NaN for patterns of one symbol and where no user has the antecedent.

        Args:
            model: scores the catalog.
            log: histories of items that the patterns were not mined from.
            table: patterns of items.
            constraints: where a pattern may occur.

        Returns:
            The table with ``model_probability`` (mean probability of the consequent right after the antecedent),
            ``next_confidence`` with its 95 % limits (share of the users with the antecedent whose very next event is
            the consequent, which is what the model's probability speaks of), ``calibration_gap`` (probability minus
            that share), ``agreement`` (AUC of the probability for users that go on to the consequent against users that
            do not), ``necessity``, ``control``, ``order_effect``, ``interaction``, ``sufficiency_loss``,
            ``sufficiency_control``, ``faithfulness`` (necessity less control) and ``faithfulness_p_value``.
        """
        popularity = np.bincount(log.items)
        rng = np.random.default_rng(self.seed)
        antecedents = PatternTable.from_lists(
            [pattern[:-1] or pattern for pattern in table.patterns()], [0] * len(table), log.num_users
        )
        users = find_supporters(log, antecedents, constraints)
        rows = [
            self._measure_rule(model, log, pattern, members, constraints, popularity, rng)
            for pattern, members in zip(table.patterns(), users, strict=True)
        ]
        columns = {name: np.array([row.get(name, np.nan) for row in rows]) for name in _MEASURES}
        return table.with_columns(**columns, calibration_gap=columns["model_probability"] - columns["next_confidence"])

    def _measure_rule(
        self,
        model: Recommender,
        log: InteractionLog,
        pattern: tuple[int, ...],
        users: NDArray[np.int32],
        constraints: Constraints,
        popularity: NDArray[np.int64],
        rng: np.random.Generator,
    ) -> dict[str, float]:
        if len(pattern) < 2 or not len(users):
            return {}
        found = [self._occurrence(log.history(int(user)).tolist(), pattern, constraints.max_gap) for user in users]
        every = [occurrence for occurrence in found if occurrence is not None]
        if not every:
            return {}
        hits = sum(one.is_next for one in every)
        lower, upper = wilson_interval(hits, len(every))
        chosen = np.sort(rng.permutation(len(every))[: self.num_occurrences])
        occurrences = [every[index] for index in chosen]
        full = self._log_probabilities(model, [(one.history, one.consequent) for one in occurrences])
        probability = np.exp(full)
        is_followed = np.array([one.is_followed for one in occurrences])
        measures = {
            "model_probability": float(probability.mean()),
            "next_confidence": hits / len(every),
            "next_confidence_lower": float(lower),
            "next_confidence_upper": float(upper),
            "agreement": area_under_curve(probability, is_followed),
        }
        return {**measures, **self._faithfulness(model, occurrences, full, popularity, rng)}

    def _occurrence(self, history: list[int], pattern: tuple[int, ...], max_gap: int | None) -> Occurrence | None:
        """Return the match of the antecedent, within what the model sees."""
        places = first_match(history, pattern[:-1], max_gap)
        if not places:
            return None
        end = places[-1] + 1
        start = max(0, end - self.max_length)
        if places[0] < start:
            return None
        horizon = len(history) if max_gap is None else end + max_gap
        shifted = tuple(place - start for place in places)
        later = history[end:horizon]
        return Occurrence(history[start:end], shifted, pattern[-1], pattern[-1] in later, later[:1] == [pattern[-1]])

    def _faithfulness(
        self,
        model: Recommender,
        occurrences: list[Occurrence],
        full: NDArray[np.float64],
        popularity: NDArray[np.int64],
        rng: np.random.Generator,
    ) -> dict[str, float]:
        """Return the measures that come from changed histories, averaged over the occurrences."""
        changed: list[Asked] = []
        for one in occurrences:
            others = control_places(popularity[one.history], one.places, rng)
            alone = [one.history[place] for place in one.places]
            changed += [
                (without(one.history, one.places), one.consequent),
                (without(one.history, others), one.consequent),
                (reordered(one.history, one.places), one.consequent),
                (alone, one.consequent),
                ([one.history[place] for place in sorted(others)], one.consequent),
            ]
        values = self._log_probabilities(model, changed).reshape(-1, 5)
        losses = full[:, None] - values
        necessity, control, order_effect, sufficiency_loss, sufficiency_control = losses.mean(axis=0).tolist()
        return {
            "necessity": necessity,
            "control": control,
            "order_effect": order_effect,
            "sufficiency_loss": sufficiency_loss,
            "sufficiency_control": sufficiency_control,
            "interaction": self._interaction(model, occurrences),
            "faithfulness": necessity - control,
            "faithfulness_p_value": _paired_p_value(losses[:, 0] - losses[:, 1]),
        }

    def _interaction(self, model: Recommender, occurrences: list[Occurrence]) -> float:
        """Return the mean of what only all events of the antecedent together do (up to four events)."""
        size = len(occurrences[0].places)
        if not 2 <= size <= 4:
            return float("nan")
        subsets = [kept for number in range(size + 1) for kept in combinations(range(size), number)]
        signs = np.array([(-1) ** (size - len(kept)) for kept in subsets])
        asked: list[Asked] = []
        for one in occurrences:
            for kept in subsets:
                gone = [place for index, place in enumerate(one.places) if index not in kept]
                asked.append((without(one.history, gone), one.consequent))
        values = self._log_probabilities(model, asked).reshape(len(occurrences), len(subsets))
        return float((values @ signs).mean())

    def _log_probabilities(self, model: Recommender, asked: list[Asked]) -> NDArray[np.float64]:
        return log_probabilities(model, asked, self.batch_size)


_MEASURES = (
    "model_probability",
    "next_confidence",
    "next_confidence_lower",
    "next_confidence_upper",
    "agreement",
    "necessity",
    "control",
    "order_effect",
    "interaction",
    "sufficiency_loss",
    "sufficiency_control",
    "faithfulness",
    "faithfulness_p_value",
)


def control_places(popularity: NDArray[np.int64], places: tuple[int, ...], rng: np.random.Generator) -> list[int]:
    """Return as many other events, each drawn from two that match one of the given in recency and popularity.

    Of the six others that are nearest in recency, those two whose items are nearest in popularity can be drawn.

    Args:
        popularity: (L,) events of the item of each place of a history.
        places: the events that are matched.
        rng: draws.

    >>> control_places(np.array([5, 9, 5, 5]), (3,), np.random.default_rng(0)) in ([0], [2])
    True
    """
    free = [place for place in range(len(popularity)) if place not in places]
    level = np.log(np.maximum(popularity, 1))
    chosen: list[int] = []
    for place in places:
        near = sorted(free, key=lambda other: (abs(other - place), other))[:6]
        alike = sorted(near, key=lambda other: abs(level[other] - level[place]))[:2]
        if alike:
            other = int(rng.choice(alike))
            chosen.append(other)
            free.remove(other)
    return chosen


def reordered(history: list[int], places: tuple[int, ...]) -> list[int]:
    """Return the history with the events at the given places in reverse order among those places.

    >>> reordered([1, 9, 2], (0, 2))
    [2, 9, 1]
    """
    result = list(history)
    for place, other in zip(places, reversed(places), strict=True):
        result[place] = history[other]
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


def _paired_p_value(differences: NDArray[np.float64]) -> float:
    """Return the p-value of Wilcoxon's signed-rank test that deleting the pattern costs no more than the control."""
    if len(differences) < 2 or not np.any(differences):
        return 1.0
    return float(wilcoxon(differences, alternative="greater").pvalue)
