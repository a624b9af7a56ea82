"""Where data and model disagree: the two lists that people act on."""

import numpy as np

from seqmine.structs import PatternTable


def unknown_to_model(table: PatternTable, ratio: float = 0.5) -> PatternTable:
    """Return released rules that the model underrates, worst first.

    Args:
        table: measured patterns, with ``released``.
        ratio: underrated is a probability below this share of how often the consequent really comes next, and below the
            lower limit of that.
    """
    columns = table.columns
    confidence, probability = columns["next_confidence"], columns["model_probability"]
    is_low = (probability < ratio * confidence) & (probability < columns["next_confidence_lower"])
    rows = np.flatnonzero(columns["released"] & is_low)
    return table.take(rows[np.argsort((probability - confidence)[rows], kind="stable")])


def believed_but_false(table: PatternTable) -> PatternTable:
    """Return rules that the model rates above the upper limit of how often they hold next, the widest gap first.

    Args:
        table: measured patterns of the model.
    """
    upper, probability = table.columns["next_confidence_upper"], table.columns["model_probability"]
    rows = np.flatnonzero(probability > upper)
    return table.take(rows[np.argsort((upper - probability)[rows], kind="stable")])
