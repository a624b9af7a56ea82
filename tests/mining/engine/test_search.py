import numpy as np
import pytest

from seqmine.mining.engine.pairs import index_pairs, pairs_after
from seqmine.mining.engine.ranking import fixed_ranking
from seqmine.mining.engine.search import search_all, search_leftmost
from seqmine.mining.engine.work import new_work
from seqmine.probing.database import build_database
from seqmine.structs.constraints import Constraints
from tests.mining.references import brute_force, timed_log

MIN_COUNT = 3


@pytest.fixture
def problem():
    rng = np.random.default_rng(4)
    rows = [rng.integers(1, 5, rng.integers(1, 8)).tolist() for _ in range(20)]
    return rows, [np.sort(rng.integers(0, 9, len(row))).tolist() for row in rows]


def walked(db, rows):
    """Return the patterns of a walk: each row replaces what stands from its length on."""
    path, found = [], {}
    for length, symbol, support in rows.tolist():
        path[length - 1 :] = [int(db.names[symbol])]
        found[tuple(path)] = support
    return found


@pytest.mark.parametrize(
    "constraints",
    [Constraints(max_gap=2), Constraints(max_span=3), Constraints(max_duration=3, strict_time=True)],
    ids=str,
)
def test_every_end_is_kept_under_limits(problem, constraints):
    rows, times = problem
    db = build_database(timed_log(rows, times), MIN_COUNT, constraints.strict_time)
    firsts = np.arange(len(db.names))
    found = walked(db, search_all(db, firsts, constraints.limits, fixed_ranking(MIN_COUNT), new_work(db)))
    assert found == brute_force(rows, times, constraints, MIN_COUNT)


@pytest.mark.parametrize("max_length", [1, 3, 9])
def test_the_leftmost_match_is_enough_without_limits(problem, max_length):
    rows, times = problem
    db = build_database(timed_log(rows, times), MIN_COUNT, False)
    firsts = np.arange(len(db.names))
    pairs = index_pairs(pairs_after(db, firsts, MIN_COUNT, np.zeros((len(firsts), 2), np.int32)), len(firsts))
    work = new_work(db)
    found = walked(db, search_leftmost(db, firsts, max_length, pairs, fixed_ranking(MIN_COUNT), work))
    assert found == brute_force(rows, times, Constraints(max_length=max_length), MIN_COUNT)
    assert not work.count.any(), "scratch is clean for the next chunk"
    assert (work.slot == -1).all()
