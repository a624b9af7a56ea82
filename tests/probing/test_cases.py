from dataclasses import replace

import numpy as np
import pytest

from seqmine.data.collate import HistoryCollate
from seqmine.data.targets import Targets
from seqmine.probing.cases import Cases
from seqmine.structs import InteractionLog
from seqmine.structs.attributes import AttributeTable
from tests.mining.references import last_event_cases


@pytest.fixture
def log():
    users = AttributeTable(np.array([[1], [2]], np.int32), np.zeros((2, 0), np.float32), 2)
    log = InteractionLog.from_lists([[1, 2, 3, 4], [5, 6, 7]])
    return replace(log, timestamps=np.arange(10, 17), users=users)


def test_a_history_ends_before_the_target_and_begins_where_the_model_sees_it(log):
    collate = HistoryCollate(log=log, max_length=2, seen="full")
    cases = Cases(collate, Targets(np.array([1, 0]), np.array([2, 3])), np.array([7, 4], np.int32))
    assert [cases.history(case) for case in range(2)] == [[5, 6], [2, 3]]
    assert cases.events(1).tolist() == [1, 2]
    assert cases.times.tolist() == [16, 13]
    assert cases.inputs.history(1).tolist() == [1, 2, 3], "all that came before, not the input alone"
    assert cases.inputs.users.codes.tolist() == [[2], [1]], "attributes go with their users"


def test_the_batch_is_that_of_an_evaluation(log):
    collate = HistoryCollate(log=log, max_length=2, seen="full", columns=["timestamps", "user_codes"])
    batch = Cases(collate, Targets(np.array([1, 0]), np.array([2, 3])), np.array([7, 4], np.int32)).batch(np.array([1]))
    assert batch.items.tolist() == [[2, 3]]
    assert batch.timestamps.tolist() == [[11, 12]]
    assert batch.user_codes.tolist() == [[1]]
    assert batch.last_targets.tolist() == [4]
    assert batch.seen_items.tolist() == [1, 2, 3]


def test_lists_are_cases_too():
    cases = Cases.of_histories([[1, 2, 3], []], max_length=2)
    assert [cases.history(case) for case in range(2)] == [[2, 3], []]
    assert cases.times is None
    assert cases.items.tolist() == [0, 0]


def test_a_share_of_the_cases_is_drawn_without_repeats():
    cases = last_event_cases([[user, user + 1] for user in range(1, 21)])
    drawn = cases.drawn(0.7, 5)
    assert len(drawn) == 14
    assert drawn.items.tolist() == sorted(set(drawn.items.tolist()))
    assert drawn.inputs.items.tolist() == (drawn.items - 1).tolist() == (drawn.users + 1).tolist()
