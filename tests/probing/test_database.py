import numpy as np
import pytest

from seqmine.probing.database import NEVER, build_database, grown, index_symbols, symbol_supports
from seqmine.structs import InteractionLog
from tests.mining.references import timed_log


@pytest.fixture
def log():
    return timed_log([[5, 9, 5, 7], [7, 5], [9]], [[1, 1, 2, 2], [3, 4], [5]])


def test_infrequent_symbols_leave_and_positions_stay(log):
    db = build_database(log, 2, False)
    assert db.names.tolist() == [5, 7, 9]
    db = build_database(InteractionLog.from_lists([[5, 8, 5], [5, 6]]), 2, False)
    assert db.names.tolist() == [5]
    assert db.symbol.tolist() == [0, 0, 0]
    assert db.position.tolist() == [0, 2, 0], "counted with the events that left"
    assert db.support.tolist() == [2]


def test_users_count_once():
    log = InteractionLog.from_lists([[1, 1, 2], [1], []])
    assert symbol_supports(log.items, log.offsets, 4).tolist() == [0, 2, 1, 0]


def test_what_may_follow_is_the_next_event_or_the_next_moment(log):
    assert build_database(log, 1, False).follow.tolist() == [1, 2, 3, 4, 5, 6, 7]
    # 5 and 9 share a moment, as do 5 and 7: neither may follow the other
    assert build_database(log, 1, True).follow.tolist() == [2, 2, 4, 4, 5, 6, 7]


def test_each_event_knows_the_next_of_its_symbol_in_its_user(log):
    assert build_database(log, 1, False).next_same.tolist() == [2, *[NEVER] * 6]


def test_occurrences_are_by_symbol_then_user(log):
    db = build_database(log, 1, False)
    events = [db.occurrences[db.occurrence_offsets[row] : db.occurrence_offsets[row + 1]].tolist() for row in range(3)]
    assert events == [[0, 2, 5], [3, 4], [1, 6]]
    assert db.stop.tolist() == [4, 6, 7]


def test_symbols_that_a_log_lacks_have_no_event(log):
    db = index_symbols(log, np.array([9, 11], np.int32), False)
    assert db.support.tolist() == [2, 0]
    assert db.occurrence_offsets.tolist() == [0, 2, 2]


def test_an_array_grows_only_where_it_must():
    array = np.arange(4).reshape(2, 2)
    assert grown(array, 2) is array
    larger = grown(array, 3)
    assert len(larger) >= 3
    assert larger[:2].tolist() == array.tolist()
