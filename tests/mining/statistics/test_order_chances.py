from itertools import combinations

import numpy as np
import pytest

from seqmine.mining.statistics import order_chances
from seqmine.mining.statistics.contents import local_contents
from seqmine.mining.statistics.order_chances import _tabled_chances
from seqmine.structs import InteractionLog, PatternTable
from seqmine.structs.constraints import Constraints


def test_tabled_chances_are_those_of_all_orders(monkeypatch):
    counts = np.array([[1, 2], [9, 1], [2, 1], [1, 8], [1, 2]], np.int32)
    expected = []
    for one, two in counts.tolist():
        orders = list(combinations(range(one + two), one))
        hits = [
            any(b < a for a in places[1:] for b in set(range(one + two)) - set(places) if b > places[0])
            for places in orders
        ]
        expected.append(np.mean(hits))
    monkeypatch.setattr(order_chances, "_TABLE_SIZE", 64)  # up to seven of a symbol are in the table
    order_chances._chance_table.cache_clear()
    for _ in range(2):  # computed, then remembered
        assert _tabled_chances(counts, np.array([0, 1]), (0, 1, 0)) == pytest.approx(expected)
        assert _tabled_chances(counts[:, ::-1], np.array([1, 0]), (0, 1, 0)) == pytest.approx(expected)


def test_orders_of_one_set_are_looked_up_by_their_own_symbols():
    log = InteractionLog.from_lists([[1, 2, 2], [2, 2, 2, 1], [1, 1, 2]])
    table = PatternTable.from_lists([(2, 1, 2), (1, 2, 1), (1, 2)], [0, 0, 0], 3)
    contents, flat = local_contents(log, table, False)
    found = dict(order_chances.order_chances(contents, flat, table, Constraints(), log.lengths))
    assert found[0][1] == pytest.approx([1 / 3, 1 / 2, 0])  # of two, of three, and of one "2" around a "1"
    assert found[1][1] == pytest.approx([0, 0, 1 / 3])
    assert found[2][1] == pytest.approx([2 / 3, 3 / 4, 2 / 3])
