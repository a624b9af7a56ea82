import numpy as np
import pytest

from seqmine.mining.engine.condense import closed_patterns, maximal_patterns
from seqmine.mining.engine.frequent import mine_frequent
from seqmine.structs import InteractionLog, PatternTable
from seqmine.structs.constraints import Constraints
from tests.mining.references import contains


@pytest.mark.parametrize("constraints", [Constraints(), Constraints(max_gap=1), Constraints(max_length=2)], ids=str)
def test_what_a_longer_pattern_stands_for_is_dropped(constraints):
    rng = np.random.default_rng(1)
    rows = [rng.integers(1, 5, rng.integers(1, 8)).tolist() for _ in range(20)]
    table = mine_frequent(InteractionLog.from_lists(rows), 4, constraints)
    support = dict(zip(table.patterns(), table.support_count.tolist(), strict=True))
    longer = {p: [q for q in support if len(q) > len(p) and contains(p, q)] for p in support}
    grows = constraints.max_gap is not None
    closed = [p for p in table.patterns() if all(support[q] != support[p] for q in longer[p])]
    assert closed_patterns(table, support_may_grow=grows).patterns() == closed
    maximal = [p for p in table.patterns() if not longer[p]]
    assert maximal_patterns(table, support_may_grow=grows).patterns() == maximal


def test_a_longer_pattern_of_more_support_counts_where_supports_may_grow():
    table = PatternTable.from_lists([(1, 3), (1, 2, 4, 3)], [2, 2], 5)
    assert closed_patterns(table).patterns() == [(1, 3), (1, 2, 4, 3)], "one symbol more is looked at"
    assert closed_patterns(table, support_may_grow=True).patterns() == [(1, 2, 4, 3)]


def test_columns_stay_with_their_patterns():
    table = PatternTable.from_lists([(1,), (2,), (1, 2)], [3, 2, 2], 3).with_columns(mark=np.array([7, 8, 9]))
    assert closed_patterns(table).columns["mark"].tolist() == [7, 9]
    assert len(maximal_patterns(table.take(np.empty(0, np.int64)))) == 0
