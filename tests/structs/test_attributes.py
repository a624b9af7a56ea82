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


def made(codes, values, num_codes) -> AttributeTable:
    return AttributeTable(np.array(codes, np.int32), np.array(values, np.float32), num_codes)


def test_values_are_numbered_and_scaled_as_in_another_table():
    """Rows 0, 1, 2 are rows 2, 0, 1 of the other; the value 4 of row 3 is new, its number lies on the same line."""
    here = made([[1, 2], [3, 0], [2, 0], [2, 4]], [[0.0], [1.0], [2.0], [-1.0]], 4)
    there = made([[2, 0, 0], [3, 0, 0], [1, 3, 0]], [[12.0], [14.0], [0.0]], 3)
    found = here.renumbered(there, np.array([0, 1, 2]), np.array([2, 0, 1]))
    assert found.codes.tolist() == [[1, 3], [2, 0], [3, 0], [3, 0]]
    assert found.num_codes == 3
    assert found.values.ravel().tolist() == [0.0, 12.0, 14.0, 8.0]


def test_the_more_frequent_pair_of_numbers_wins_where_an_item_changed():
    here = made([[1], [1], [1], [2]], np.zeros((4, 0)), 2)
    there = made([[2], [2], [1], [1]], np.zeros((4, 0)), 2)
    assert here.renumbered(there, np.arange(4), np.arange(4)).codes.ravel().tolist() == [2, 2, 2, 1]


def test_a_column_of_one_number_stays_as_it_is():
    here = made(np.zeros((2, 0)), [[3.0], [3.0]], 0)
    assert here.renumbered(here, np.arange(2), np.arange(2)).values.ravel().tolist() == [3.0, 3.0]
