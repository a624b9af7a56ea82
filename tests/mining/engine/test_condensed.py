import numpy as np
import pytest

from seqmine.mining.engine.condense import closed_patterns, maximal_patterns
from seqmine.mining.engine.condensed import is_searchable, mine_condensed
from seqmine.mining.engine.frequent import mine_frequent, no_progress
from seqmine.structs.constraints import Constraints
from tests.mining.references import timed_log


def mined(log, min_count, constraints, *, is_maximal):
    return mine_condensed(log, min_count, constraints, is_maximal=is_maximal, num_threads=1, progress=no_progress)


@pytest.mark.parametrize("strict_time", [False, True])
def test_the_search_finds_what_filtering_all_patterns_leaves(strict_time):
    rng = np.random.default_rng(2)
    rows = [rng.integers(1, 6, rng.integers(1, 9)).tolist() for _ in range(25)]
    log = timed_log(rows, [np.sort(rng.integers(0, 6, len(row))) for row in rows])
    constraints = Constraints(strict_time=strict_time)
    table = mine_frequent(log, 4, constraints)
    for is_maximal, condensed in ((False, closed_patterns), (True, maximal_patterns)):
        found, expected = mined(log, 4, constraints, is_maximal=is_maximal), condensed(table)
        assert found.patterns() == expected.patterns()
        assert found.support_count.tolist() == expected.support_count.tolist()


def test_only_limits_that_keep_supports_falling_are_searched():
    searchable = [Constraints(), Constraints(strict_time=True), Constraints(min_length=2)]
    assert all(map(is_searchable, searchable))
    others = [Constraints(max_gap=1), Constraints(max_span=3), Constraints(max_duration=1), Constraints(max_length=3)]
    assert not any(map(is_searchable, others))


def test_a_repeat_is_closed_where_nothing_fits_around_it():
    log = timed_log([[1, 1, 1], [1, 1]], [[0, 1, 2], [0, 1]])
    found = mined(log, 1, Constraints(), is_maximal=False)
    assert dict(zip(found.patterns(), found.support_count.tolist(), strict=True)) == {(1, 1): 2, (1, 1, 1): 1}
    assert mined(log, 1, Constraints(), is_maximal=True).patterns() == [(1, 1, 1)]
