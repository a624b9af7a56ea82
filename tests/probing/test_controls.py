import numpy as np

from seqmine.probing.controls import control_of, matched_places


def test_matched_events_are_as_recent_and_as_popular_and_never_the_last():
    popularity = np.array([90, 7, 80, 8, 90, 85, 88, 100])
    drawn = {matched_places(popularity, (7,), np.random.default_rng(seed))[0] for seed in range(30)}
    assert drawn == {4, 6}
    drawn = {matched_places(popularity, (6,), np.random.default_rng(seed))[0] for seed in range(30)}
    assert 7 not in drawn
    assert matched_places(popularity[:2], (0, 1), np.random.default_rng(0)) == []


def test_no_event_is_matched_twice_or_by_one_of_the_pattern():
    for seed in range(20):
        matched = matched_places(np.ones(9), (2, 3, 4), np.random.default_rng(seed))
        assert len(set(matched)) == 3
        assert not {2, 3, 4, 8} & set(matched)


def test_the_last_event_goes_on_both_sides_unless_the_pattern_is_nothing_else():
    assert control_of((2, 5), [1, 4], 6) == [1, 5]
    assert control_of((2, 5), [1, 4], 7) == [1, 4]
    assert control_of((5,), [4], 6) == [4]
