from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqmine.data.rows import TrainingRows, length_groups, stack_rows, training_rows
from seqmine.data.windows import Windows
from seqmine.structs import InteractionLog

LOG = InteractionLog.from_lists([[7, 8, 9, 6], [5, 4]])
WINDOWS = Windows(np.array([0, 1]), np.array([0, 4]), np.array([4, 6]), np.array([2, 5]))


def as_lists(rows: TrainingRows):
    return rows.events.tolist(), rows.items.tolist(), rows.targets.tolist(), rows.lengths.tolist()


@pytest.mark.parametrize(
    ("ahead", "expected"),
    [
        (1, ([[0, 1, 2], [4, -1, -1]], [[7, 8, 9], [5, 0, 0]], [[-1, 2, 3], [5, -1, -1]], [3, 1])),
        (0, ([[0, 1, 2, 3], [4, 5, -1, -1]], [[7, 8, 9, 6], [5, 4, 0, 0]], [[-1, -1, 2, 3], [-1, 5, -1, -1]], [4, 2])),
    ],
)
def test_windows_become_rows_with_targets_ahead(ahead, expected):
    assert as_lists(training_rows(LOG, WINDOWS, np.array([0, 1]), ahead)) == expected


def test_a_stretch_of_each_row_is_padded_anew():
    rows = training_rows(LOG, WINDOWS, np.array([0, 1]), 0).take_steps(np.array([1, 0]), np.array([2, 1]))
    assert as_lists(rows) == ([[1, 2], [4, -1]], [[8, 9], [5, 0]], [[-1, 2], [-1, -1]], [2, 1])
    assert rows.valid.tolist() == [[True, True], [True, False]]


def test_stacked_rows_are_as_wide_as_the_widest():
    rows = training_rows(LOG, WINDOWS, np.array([0, 1]), 1)
    narrow = rows.take_rows(np.array([1])).take_steps(np.array([0]), np.array([1]))
    stacked = stack_rows([narrow, rows.take_rows(np.array([0]))])
    assert as_lists(stacked) == ([[4, -1, -1], [0, 1, 2]], [[5, 0, 0], [7, 8, 9]], [[5, -1, -1], [-1, 2, 3]], [1, 3])
    assert len(stacked) == 2


@given(st.lists(st.integers(1, 9), min_size=1, max_size=12))
def test_rows_are_cut_into_the_fewest_groups_with_hardly_any_padding(lengths):
    def computed(stops):
        return sum((stop - start) * max(lengths[:stop]) for start, stop in pairwise((0, *stops)))

    def fewest(num_groups):
        return min(computed((*cuts, len(lengths))) for cuts in combinations(range(1, len(lengths)), num_groups - 1))

    groups, allowed = length_groups(np.array(lengths)), 1.05 * sum(lengths)
    assert all(width == max(lengths[:stop]) for stop, width in groups)
    steps = computed([stop for stop, _ in groups])
    assert steps == fewest(len(groups))
    assert len(groups) == 1 or fewest(len(groups) - 1) > allowed
    assert steps <= allowed or len(groups) == min(4, len(set(np.maximum.accumulate(lengths).tolist())))
