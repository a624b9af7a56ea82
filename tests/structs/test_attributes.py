import numpy as np
import pytest

from seqmine.structs import AttributeTable


@pytest.fixture
def table():
    return AttributeTable(np.array([[1, 2], [3, 0]], np.int32), np.array([[0.5], [0.25]], np.float32), 3)


def test_padding_is_a_row_of_nothing_before_the_first(table):
    padded = table.with_padding()
    assert padded.codes.tolist() == [[0, 0], [1, 2], [3, 0]]
    assert padded.values.tolist() == [[0.0], [0.5], [0.25]]
    assert (len(table), len(padded), padded.num_codes, padded.num_values) == (2, 3, 3, 1)


def test_rows_are_taken_in_the_given_order_with_codes_and_values_together(table):
    taken = table.take(np.array([1, 0, 1]))
    assert taken.codes.tolist() == [[3, 0], [1, 2], [3, 0]]
    assert taken.values[:, 0].tolist() == [0.25, 0.5, 0.25]
    assert taken.num_codes == 3
