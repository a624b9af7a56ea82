import numpy as np
import pytest

from seqmine.mining.engine.frequent import TooManyPatternsError, in_chunks, mine_frequent, num_workers, users_who_can
from seqmine.structs import InteractionLog, UserError
from seqmine.structs.constraints import Constraints

LOG = InteractionLog.from_lists([[1, 2, 3], [2, 1], [1, 3], [3]])


def test_patterns_come_by_support_then_in_the_order_of_their_symbols():
    table = mine_frequent(LOG, 2, Constraints())
    assert table.patterns() == [(1,), (3,), (1, 3), (2,)]
    assert table.support_count.tolist() == [3, 3, 2, 2]
    assert table.num_users == 4


def test_only_users_with_every_needed_symbol_can_support_a_pattern():
    assert users_who_can(LOG, Constraints(must_contain=(1, 3))).num_users == 2
    assert users_who_can(LOG, Constraints()) is LOG
    table = mine_frequent(LOG, 2, Constraints(must_contain=(3,)))
    assert table.patterns() == [(3,), (1, 3)]
    assert table.num_users == 4, "all were searched"


def test_chunks_cover_every_symbol_once_whatever_the_threads():
    weights = np.array([5.0, 0.0, 1.0, 9.0, 3.0])
    for threads in (1, 3):
        told = []
        found = list(in_chunks(lambda firsts, worker: firsts, weights, threads, told.append))
        assert sorted(np.concatenate(found).tolist()) == [0, 1, 2, 3, 4]
        assert told[-1] == pytest.approx(1.0)
        assert told == sorted(told)


def test_a_worker_has_its_memory_to_itself():
    busy = set()

    def mine(firsts, worker):
        assert worker not in busy
        busy.add(worker)
        busy.discard(worker)
        return worker

    assert set(in_chunks(mine, np.ones(50), 2, lambda share: None)) <= {0, 1}


def test_too_many_patterns_are_refused_with_the_settings_to_change():
    with pytest.raises(TooManyPatternsError, match=r"min_count=1 gives more than 3 patterns: raise it"):
        mine_frequent(LOG, 1, Constraints(), most_patterns=3)


def test_threads_are_all_cores_or_as_many_as_are_asked_for():
    assert num_workers(3) == 3
    assert num_workers(0) >= 1
    with pytest.raises(UserError, match="num_threads is -1, allowed are whole numbers from 0"):
        num_workers(-1)
