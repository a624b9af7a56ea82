from dataclasses import replace

import numpy as np

from seqmine.mining.judging.classical import with_classical_lifts
from seqmine.structs import InteractionLog, PatternTable


def test_lifts_without_order_count_users_once_and_leave_repeats_out():
    log = InteractionLog.from_lists([[1, 2, 2], [2, 1], [2], [3]])
    table = PatternTable.from_lists([(1, 2), (2, 2), (2,)], [1, 1, 3], 4)
    table = table.with_columns(confidence=np.array([0.5, 1 / 3, np.nan]), set_support=np.array([2.0, 3.0, 3.0]))
    columns = with_classical_lifts(log, table).columns
    assert np.allclose(columns["classical_lift"], [0.5 / 0.75, 1 / 3 / 0.75, np.nan], equal_nan=True)
    assert np.allclose(columns["copurchase_lift"], [2 / (0.5 * 0.75 * 4), np.nan, np.nan], equal_nan=True)


def test_sessions_of_one_person_count_once():
    log = replace(InteractionLog.from_lists([[1, 2], [2], [3], [2]]), people=np.array([0, 0, 1, 2], np.int32))
    table = PatternTable.from_lists([(1, 2)], [1], 4).with_columns(confidence=np.ones(1), set_support=np.ones(1))
    assert np.allclose(with_classical_lifts(log, table).columns["classical_lift"], [1 / (2 / 3)])
