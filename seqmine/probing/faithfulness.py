"""Faithfulness of a pattern to a model: what a prediction loses when its events are deleted, hidden or reordered."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import wilcoxon

from seqmine.probing.cases import Cases
from seqmine.probing.controls import control_of, matched_places
from seqmine.probing.edits import Edit
from seqmine.probing.queries import ask
from seqmine.structs import Recommender

FAITHFULNESS_COLUMNS = (
    "necessity",
    "control",
    "necessity_ratio",
    "hiding_necessity",
    "order_effect",
    "interaction",
    "sufficiency_loss",
    "sufficiency_control",
    "counterfactual_fidelity",
    "deletion_size",
    "faithfulness",
    "faithfulness_p_value",
)


@dataclass(frozen=True)
class Occurrence:
    """A match of the antecedent of a rule in a history that the model sees.

    Args:
        history: the whole one, of a case.
        places: the events of the match, ascending.
        consequent: the item that the rule expects next.
    """

    history: Edit
    places: tuple[int, ...]
    consequent: int

    @property
    def is_comparable(self) -> bool:
        """True when there are enough other events to compare those of the match with."""
        others = set(range(len(self.history) - 1)) - set(self.places)
        return len(others) >= len(self.places)


def measure_faithfulness(
    model: Recommender,
    cases: Cases,
    occurrences: Sequence[Occurrence],
    popularity: NDArray[np.int64],
    rng: np.random.Generator,
    *,
    top_k: int,
    batch_size: int,
) -> dict[str, float]:
    """Return how much a model relies on a rule, averaged over its occurrences; nothing where none can be compared.

    Losses are differences of log-probability. A deletion is a true one, the gap closes. The control deletes as many
    other events that are about as recent and as popular; the last event of the history, which most models miss
    whatever it is, goes on both sides. ``faithfulness`` is about the weakest event of the pattern, so that one
    event which the model ignores makes the whole pattern unfaithful, however strong the others are.

    Args:
        model: scores the catalog.
        cases: that the histories are of.
        occurrences: of one rule.
        popularity: events of each item, by its number.
        rng: draws control events.
        top_k: length of the list of which the consequent is or is not part.
        batch_size: histories scored at once.

    Returns:
        ``necessity`` (loss of deleting the events), ``control``, ``necessity_ratio`` (of the two; NaN where the control
        costs nothing), ``hiding_necessity`` (loss of padding in place of the events), ``order_effect`` (loss of the
        reverse order), ``interaction`` (what only all of them together do; of two to four events), ``sufficiency_loss``
        (loss of keeping nothing but them), ``sufficiency_control`` (loss of keeping nothing but the control),
        ``counterfactual_fidelity`` (of the cases with the consequent in the top K, the share in which deleting the
        events takes it out), ``deletion_size`` (mean number of events of the smallest deletion that takes it out, where
        one does), ``faithfulness`` (smallest mean loss, over the events, of deleting one alone less that of the other
        event that matches it) and ``faithfulness_p_value`` (that some event costs no more than its match: the largest
        of Wilcoxon's signed-rank p-values).
    """
    occurrences = [one for one in occurrences if one.is_comparable]
    if not occurrences:
        return {}
    size = len(occurrences[0].places)
    deletions = deleted_sets(size)
    edits: list[Edit] = []
    for one in occurrences:
        edits += _changed(one, deletions, popularity, rng)
    num_changes = len(edits) // len(occurrences)
    items = [one.consequent for one in occurrences for _ in range(num_changes)]
    answers = ask(model, cases, edits, items, batch_size)
    values = answers.log_probabilities.reshape(-1, num_changes)
    ranks = answers.ranks.reshape(-1, num_changes)
    losses = values[:, :1] - values
    num_sets = len(deletions)
    means = losses[:, num_sets + size :].mean(axis=0).tolist()
    control, hiding_necessity, order_effect, sufficiency_loss, sufficiency_control = means
    necessity = float(losses[:, num_sets - 1].mean())
    # Deletions of one event stand right behind the empty one.
    beyond = losses[:, 1 : 1 + size] - losses[:, num_sets : num_sets + size]
    signs = np.array([(-1) ** len(gone) for gone in deletions])
    fidelity, deletion_size = counterfactuals(ranks[:, :num_sets], deletions, top_k)
    return {
        "necessity": necessity,
        "control": control,
        "necessity_ratio": necessity / control if control > 1e-6 else float("nan"),
        "hiding_necessity": hiding_necessity,
        "order_effect": order_effect,
        "interaction": float((values[:, :num_sets] @ signs).mean()) if 2 <= size <= 4 else float("nan"),
        "sufficiency_loss": sufficiency_loss,
        "sufficiency_control": sufficiency_control,
        "counterfactual_fidelity": fidelity,
        "deletion_size": deletion_size,
        "faithfulness": float(beyond.mean(axis=0).min()),
        "faithfulness_p_value": max(_paired_p_value(column) for column in beyond.T),
    }


def deleted_sets(size: int) -> list[tuple[int, ...]]:
    """Return which events of a pattern are deleted together: none first, then each alone, all last.

    Of more than four events only these; of up to four every set.

    >>> deleted_sets(2), len(deleted_sets(3)), len(deleted_sets(5))
    ([(), (0,), (1,), (0, 1)], 8, 7)
    """
    numbers = range(size + 1) if size <= 4 else (0, 1, size)
    return [gone for number in numbers for gone in combinations(range(size), number)]


def _changed(
    one: Occurrence, deletions: Sequence[tuple[int, ...]], popularity: NDArray[np.int64], rng: np.random.Generator
) -> list[Edit]:
    """Return the history of an occurrence with each deletion, each match alone deleted, and the other changes."""
    history, places = one.history, one.places
    matched = matched_places(popularity[history.items], places, rng)
    control = control_of(places, matched, len(history))
    return [
        *(history.without([places[index] for index in gone]) for gone in deletions),
        *(history.without([other]) for other in matched),
        history.without(control),
        history.hide(places),
        history.reorder(places, places[::-1]),
        history.keep(places),
        history.keep(control),
    ]


def counterfactuals(ranks: NDArray[np.int64], deletions: Sequence[tuple[int, ...]], top_k: int) -> tuple[float, float]:
    """Return the share of cases in which the whole deletion takes an item out of the top K, and the smallest that does.

    Args:
        ranks: (N, S) rank of the item after each deletion, the empty one first, the whole one last.
        deletions: (S,) the events that go.
        top_k: length of the list.

    Returns:
        The share among the cases with the item in the list, and the mean size of the smallest deletion that takes it
        out among those where one does; NaN where there is no such case.

    >>> counterfactuals(np.array([[1, 3, 20, 30], [1, 1, 1, 1], [50, 50, 50, 50]]), deleted_sets(2), 10)
    (0.5, 1.0)
    """
    ranks = ranks[ranks[:, 0] <= top_k]
    if not len(ranks):
        return float("nan"), float("nan")
    is_out = ranks > top_k
    sizes = np.where(is_out, [len(gone) for gone in deletions], np.inf).min(axis=1)
    smallest = sizes[np.isfinite(sizes)]
    return float(is_out[:, -1].mean()), float(smallest.mean()) if len(smallest) else float("nan")


def _paired_p_value(differences: NDArray[np.float64]) -> float:
    """Return the p-value of Wilcoxon's signed-rank test that a deletion costs no more than its control."""
    if len(differences) < 2 or not np.any(differences):
        return 1.0
    return float(wilcoxon(differences, alternative="greater").pvalue)
