import numpy as np
import pytest

from seqmine.structs import PatternTable


def table() -> PatternTable:
    return PatternTable.from_lists([(1, 2), (3,), (1, 2, 3)], [5, 4, 2], 10).with_columns(
        lift=np.array([1.0, 2.0, 3.0])
    )


def test_take_keeps_patterns_and_their_measures_together():
    taken = table().take(np.array([2, 0]))
    assert taken.patterns() == [(1, 2, 3), (1, 2)]
    assert taken.support_count.tolist() == [2, 5]
    assert taken.columns["lift"].tolist() == [3.0, 1.0]


def test_a_column_of_the_wrong_length_is_refused():
    with pytest.raises(ValueError, match="column lift has 1 values for 3 patterns"):
        table().with_columns(lift=np.array([1.0]))
