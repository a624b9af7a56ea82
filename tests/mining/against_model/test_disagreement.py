import numpy as np

from seqmine.mining.against_model.disagreement import believed_but_false, unknown_to_model
from seqmine.structs import PatternTable


def listed(choose, rows, **columns):
    """Return the numbers of the rows that a list has; each row is a rule of its own."""
    table = PatternTable.from_lists([(row, 99) for row in range(rows)], [20] * rows, 100)
    return [pattern[0] for pattern in choose(table.with_columns(**columns)).patterns()]


def test_only_what_is_surely_underrated_is_unknown_to_the_model():
    unknown = listed(
        unknown_to_model,
        7,
        released=np.array([True, True, True, True, False, True, True]),
        next_confidence=np.array([0.4, 0.4, 0.4, 0.4, 0.4, np.nan, 0.6]),
        next_confidence_lower=np.array([0.3, 0.05, 0.3, 0.3, 0.3, np.nan, 0.3]),  # of the second: it may be right
        model_probability=np.array([0.1, 0.1, 0.25, 0.1, 0.1, 0.1, 0.1]),  # of the third: not by half
        underrated_q_value=np.array([0.01, 0.01, 0.01, 0.06, 0.01, np.nan, 0.01]),  # of the fourth: may be chance
    )
    assert unknown == [6, 0], "the widest gap first"


def test_only_what_is_surely_overrated_and_not_supported_is_false():
    columns = {
        "model_probability": np.array([0.8, 0.1, 0.8, 0.8, 0.8, 0.8, 0.8, np.nan]),
        "next_confidence_upper": np.array([0.3, 0.3, 0.3, 0.5, 0.5, 0.5, 0.3, np.nan]),  # of the second: as it says
        "overrated_q_value": np.array([0.01, 0.01, 0.06, 0.01, 0.01, 0.01, 0.01, np.nan]),  # of the third: by chance
        "next_lift": np.array([1.0, 1.0, 1.0, 2.0, 2.0, 0.9, 2.0, np.nan]),
        "next_q_value": np.array([0.5, 0.5, 0.5, 0.01, 0.06, 0.01, 0.01, np.nan]),  # the fourth alone is supported
    }
    assert listed(believed_but_false, 8, **columns) == [0, 6, 4, 5]
