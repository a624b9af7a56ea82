import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqmine.structs import InteractionLog
from seqmine.structs.log import tie_share

histories = st.lists(st.lists(st.integers(1, 9), max_size=6), min_size=1, max_size=8)


@given(histories)
def test_histories_come_back_as_they_went_in(lists):
    log = InteractionLog.from_lists(lists)
    assert [log.history(user).tolist() for user in range(log.num_users)] == lists
    assert log.num_events == sum(map(len, lists))


@given(histories, st.integers(0, 6))
def test_first_events_cuts_each_history(lists, stop):
    log = InteractionLog.from_lists(lists)
    cut = log.first_events(np.minimum(log.lengths, stop))
    assert [cut.history(user).tolist() for user in range(cut.num_users)] == [items[:stop] for items in lists]


def test_neighbors_of_one_user_alone_are_ties():
    log = InteractionLog.from_lists([[1, 2, 3], [], [4, 5]])
    tied = InteractionLog(log.items, log.offsets, timestamps=np.array([7, 7, 8, 8, 9], np.int64))
    assert tie_share(tied) == pytest.approx(1 / 3)
    log = InteractionLog.from_lists([[1], [2]])
    assert tie_share(InteractionLog(log.items, log.offsets, timestamps=np.array([7, 7], np.int64))) == 0.0
    assert tie_share(InteractionLog.from_lists([[1, 2]])) is None
