import numpy as np

from seqmine.mining.engine.dense import TABLE_CELLS, dense_pays, mine_dense
from seqmine.mining.engine.frequent import mine_frequent
from seqmine.mining.engine.pairs import index_pairs, pairs_after
from seqmine.mining.engine.ranking import fixed_ranking
from seqmine.probing.database import build_database
from seqmine.structs import InteractionLog
from seqmine.structs.constraints import Constraints


def test_tables_pay_where_they_are_small_beside_the_matches():
    assert dense_pays(10, 100, 1)
    assert not dense_pays(100, 1000, 10), "many cells for few matches"
    assert dense_pays(100, 1000, 10_000)
    assert not dense_pays(2, TABLE_CELLS, 10**9), "more cells than are allowed"


def test_a_subtree_by_tables_is_what_a_search_of_the_whole_log_finds():
    rng = np.random.default_rng(3)
    rows = [[1, *rng.integers(2, 6, rng.integers(0, 7)).tolist()] for _ in range(15)]
    db = build_database(InteractionLog.from_lists(rows), 1, False)
    num_symbols = len(db.names)
    pairs = index_pairs(pairs_after(db, np.arange(num_symbols), 3, np.zeros((num_symbols, 2), np.int32)), num_symbols)
    firsts = db.occurrences[db.occurrence_offsets[0] : db.occurrence_offsets[1]]
    states = np.column_stack([firsts, firsts]).astype(np.int32)
    kept, count = pairs.seconds[: pairs.offsets[1]], pairs.supports[: pairs.offsets[1]]
    out, num_out = mine_dense(
        db, states, kept, count, np.full(num_symbols, -1, np.int32), pairs, 1, 4, fixed_ranking(3),
        np.empty((1, 3), np.int32), 0,
    )  # fmt: skip
    path, found = [1], {}
    for length, symbol, support in out[:num_out].tolist():
        path[length - 1 :] = [int(db.names[symbol])]
        found[tuple(path)] = support
    table = mine_frequent(InteractionLog.from_lists(rows), 3, Constraints(max_length=4, min_length=2))
    assert found == {p: int(n) for p, n in zip(table.patterns(), table.support_count, strict=True) if p[0] == 1}
