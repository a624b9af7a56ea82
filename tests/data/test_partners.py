from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqmine.data.partners import Partners
from seqmine.structs import InteractionLog

HISTORIES = st.lists(st.lists(st.integers(1, 6), max_size=8), min_size=1, max_size=6)


def counted(histories, max_distance):
    """Count near pairs one by one."""
    pairs = Counter()
    for history in histories:
        for place, one in enumerate(history):
            for other in history[place + 1 : place + 1 + max_distance]:
                if one != other:
                    pairs[one, other] += 1
                    pairs[other, one] += 1
    return pairs


@given(HISTORIES, st.integers(1, 4), st.integers(1, 3))
@settings(max_examples=80, deadline=None)
def test_partners_are_the_most_frequent_near_items(histories, max_distance, num_partners):
    partners = Partners(log=InteractionLog.from_lists(histories), max_distance=max_distance, num_partners=num_partners)
    pairs = counted(histories, max_distance)
    weights = np.diff(partners.cumulative, prepend=0)
    for item in range(1, len(partners.offsets) - 1):
        kept = slice(partners.offsets[item], partners.offsets[item + 1])
        found = dict(zip(partners.tails[kept].tolist(), weights[kept].tolist(), strict=True))
        expected = sorted((count for (one, _), count in pairs.items() if one == item), reverse=True)[:num_partners]
        assert sorted(found.values(), reverse=True) == expected
        assert all(pairs[item, other] == count for other, count in found.items())


def test_partners_are_drawn_by_how_often_they_were_near():
    log = InteractionLog.from_lists([[1, 2], [1, 2], [1, 2], [3, 1], [4]])
    partners = Partners(log=log, max_distance=1, num_partners=5)
    drawn = partners.draw(np.ones((200, 20), np.int64), np.random.default_rng(0))
    assert set(drawn.flatten().tolist()) == {2, 3}
    assert (drawn == 2).mean() == pytest.approx(0.75, abs=0.03)
    alone = partners.draw(np.array([[4, 0, 2, 3]]), np.random.default_rng(0))
    assert alone.tolist() == [[4, 0, 1, 1]]


def test_histories_of_one_event_have_no_partners():
    partners = Partners(log=InteractionLog.from_lists([[1], [2]]), max_distance=3, num_partners=2)
    assert partners.draw(np.array([[1, 2, 0]]), np.random.default_rng(0)).tolist() == [[1, 2, 0]]
