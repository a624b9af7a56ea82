import numpy as np

from seqmine.data.sources.synthetic_events import BUY, CART, MIN_LENGTH, VIEW, draw_behaviors, draw_lengths, draw_times


def test_bots_do_more_and_nobody_less_than_the_least():
    is_bot = np.arange(20_000) % 2 == 0
    lengths = draw_lengths(is_bot, 20.0, 500, np.random.default_rng(0))
    assert abs(lengths[~is_bot].mean() - 20) < 0.5
    assert abs(lengths[is_bot].mean() - 60) < 1.5
    assert lengths.min() >= MIN_LENGTH
    assert draw_lengths(is_bot, 20.0, 30, np.random.default_rng(0)).max() == 30


def test_times_increase_within_each_user_and_bots_do_not_pause():
    lengths, is_bot = np.array([5, 7, 40]), np.array([False, False, True])
    times = draw_times(lengths, is_bot, np.random.default_rng(1))
    people, more, bot = np.split(times, np.cumsum(lengths)[:-1])
    for part in (people, more, bot):
        assert (np.diff(part) > 0).all()
    assert np.diff(bot).max() <= 2
    assert np.diff(people).min() >= 5


def test_kinds_climb_from_view_to_cart_to_buy():
    items, lengths = np.array([1, 1, 1, 1, 2, 1]), np.array([5, 1])
    eager = draw_behaviors(items, lengths, np.array([False, False]), np.zeros(6), 3)
    assert eager.tolist() == [VIEW, CART, BUY, VIEW, VIEW, VIEW]
    lazy = draw_behaviors(items, lengths, np.array([False, False]), np.full(6, 0.99), 3)
    assert lazy.tolist() == [VIEW] * 6
    bots = draw_behaviors(items, lengths, np.array([True, True]), np.zeros(6), 3)
    assert bots.tolist() == [VIEW] * 6
