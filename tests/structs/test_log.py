import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from seqmine.structs import InteractionLog

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
