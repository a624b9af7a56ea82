from itertools import pairwise

import numpy as np
import pytest

from seqmine.mining.engine import pairs as module
from seqmine.mining.engine.pairs import index_pairs, may_follow, pairs_after
from seqmine.probing.database import build_database
from seqmine.structs import InteractionLog


def counted(rows, floor):
    """Return by brute force how many users have each ordered pair."""
    users = {}
    for user, row in enumerate(rows):
        for place, first in enumerate(row):
            for second in row[place + 1 :]:
                users.setdefault((first, second), set()).add(user)
    return {pair: len(members) for pair, members in users.items() if len(members) >= floor}


@pytest.mark.parametrize("floor", [2, 3])
def test_pairs_are_those_of_a_direct_count(floor):
    rng = np.random.default_rng(0)
    rows = [rng.integers(1, 6, rng.integers(0, 7)).tolist() for _ in range(12)]
    db = build_database(InteractionLog.from_lists(rows), 1, False)
    found = pairs_after(db, np.arange(len(db.names)), floor, np.zeros((len(db.names), 2), np.int32))
    named = {(int(db.names[a]), int(db.names[b])): int(support) for a, b, support in found}
    assert named == counted(rows, floor)


ROWS = np.array([[2, 0, 5], [0, 1, 4], [0, 2, 3]], np.int32)


def test_pairs_are_indexed_by_their_first_symbol():
    index = index_pairs(ROWS, 3)
    seconds = [index.seconds[begin:end].tolist() for begin, end in pairwise(index.offsets)]
    assert seconds == [[1, 2], [], [0]]
    assert index.supports.tolist() == [4, 3, 5]


def test_only_frequent_pairs_may_follow(monkeypatch):
    allowed = {
        (first, second) for first in range(3) for second in range(3) if may_follow(index_pairs(ROWS, 3), first, second)
    }
    assert allowed == {(2, 0), (0, 1), (0, 2)}
    monkeypatch.setattr(module, "MOST_BITS", 8)
    assert may_follow(index_pairs(ROWS, 3), 1, 1), "without bits nothing is known to be infrequent"
