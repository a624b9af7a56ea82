"""Where data and model disagree: two lists to act on, from held-out events only."""

import numpy as np
from numpy.typing import NDArray

from seqmine.structs import PatternTable


def unknown_to_model(table: PatternTable, ratio: float = 0.5, max_q_value: float = 0.05) -> PatternTable:
    """Return released rules that the model underrates, the widest gap first.

    Its mean probability is below this share of how often the consequent comes next, and below the lower limit of that;
    and as many as came are too many for chance if the model were right. A rule with too few cases is not listed.

    Args:
        table: patterns that ``ModelAgreement`` measured, with ``released``.
        ratio: the share.
        max_q_value: of the model being right.
    """
    columns = table.columns
    confidence, probability = columns["next_confidence"], columns["model_probability"]
    is_low = (probability < ratio * confidence) & (probability < columns["next_confidence_lower"])
    rows = np.flatnonzero(columns["released"] & is_low & (columns["underrated_q_value"] < max_q_value))
    return table.take(rows[np.argsort((probability - confidence)[rows], kind="stable")])


def believed_but_false(table: PatternTable, ratio: float = 0.5, max_q_value: float = 0.05) -> PatternTable:
    """Return rules that the model believes and held-out events do not support, the widest gap first.

    The model's mean probability is above the upper limit of how often the consequent comes next, so few coming is too
    few for chance if the model were right, and nothing supports the rule: the consequent comes no oftener after the
    antecedent than anywhere, or not significantly so, or its upper limit is far below what the model says. A true
    rule that is somewhat overrated is not listed, nor is a rule with too few cases.

    Args:
        table: patterns of the model that ``ModelAgreement`` measured.
        ratio: an upper limit below this share of the model's probability is far below it.
        max_q_value: of the model being right, and of a rule that counts as supported.
    """
    columns = table.columns
    upper, probability = columns["next_confidence_upper"], columns["model_probability"]
    is_overrated = (probability > upper) & (columns["overrated_q_value"] < max_q_value)
    is_supported = (columns["next_lift"] > 1) & (columns["next_q_value"] < max_q_value) & (upper >= ratio * probability)
    rows = np.flatnonzero(is_overrated & ~is_supported)
    return table.take(rows[np.argsort((upper - probability)[rows], kind="stable")])


def pooled_agreement(table: PatternTable) -> dict[str, float]:
    """Return what the model says and what comes next over the cases of all rules together.

    It tells even where every rule has too few cases. Above all of ``first_``, the cases in which the model ranks the
    consequent of a rule first: one that recites what it was trained on is surer there than it is right.

    Args:
        table: patterns that ``ModelAgreement`` compared with a model.

    Returns:
        ``num_rules``, ``num_too_few`` (rules with too few cases to be listed), and over all cases ``num_cases``,
        ``model_probability`` and ``next_confidence``, ``num_first``, ``first_probability`` and ``first_confidence``;
        a mean over no case is left out.
    """
    table = table.take(np.flatnonzero(np.isfinite(table.columns["num_cases"])))
    columns = {name: np.nan_to_num(column) for name, column in table.columns.items()}
    num_too_few = int(np.isnan(table.columns["next_confidence"]).sum())
    pooled: dict[str, float] = {"num_rules": len(table), "num_too_few": num_too_few}
    pairs = {
        "num_cases": {"model_probability": columns["model_probability"], "next_confidence": _share(columns)},
        "num_first": {name: columns[name] for name in ("first_probability", "first_confidence")},
    }
    for count, means in pairs.items():
        total = columns[count].sum()
        pooled[count] = int(total)
        if total:
            pooled |= {name: float((columns[count] * mean).sum() / total) for name, mean in means.items()}
    return pooled


def _share(columns: dict[str, NDArray]) -> NDArray[np.float64]:
    """Return how often the consequent comes next, for rules with few cases too."""
    return columns["num_next"] / np.maximum(columns["num_cases"], 1)
