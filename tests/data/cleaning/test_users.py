import polars as pl
import pytest

from seqmine.data.cleaning.users import BurstUsers, HistoryLength, OneItemUsers, RoundTheClockUsers
from seqmine.data.clock import DAY, Clock
from seqmine.structs import UserError


def log(*rows, columns=("user_id", "item_id", "timestamp")):
    types = {"user_id": pl.String, "item_id": pl.String, "timestamp": pl.Int64, "behavior": pl.String}
    return pl.LazyFrame(rows, schema={name: types[name] for name in columns}, orient="row")


def kept(step, events):
    return step(events).collect().rows()


def test_history_length_bounds_are_inclusive():
    events = log(*[("u", "a", 1)] * 2, *[("v", "a", 1)] * 3, *[("w", "a", 1)] * 4)
    left = kept(HistoryLength(min_events=3, max_events=3), events)
    assert {row[0] for row in left} == {"v"}
    assert {row[0] for row in kept(HistoryLength(min_events=3), events)} == {"v", "w"}


def test_burst_users_are_found_by_the_minute():
    fast = [("fast", "a", 600 + number) for number in range(11)]
    busy = [("busy", "a", 600 + 61 * number) for number in range(50)]
    edge = [("edge", "a", 600 + number) for number in range(10)]
    left = kept(BurstUsers(max_per_minute=10), log(*fast, *busy, *edge))
    assert {row[0] for row in left} == {"busy", "edge"}


@pytest.mark.parametrize(("tick", "most"), [(0, 10), (1, 10), (60, 10), (3600, 600), (DAY, 14_400)])
def test_bursts_are_counted_in_what_the_clock_tells(tick, most):
    """A customer of 78 purchases on one date is no machine; one of as many a minute all day long is."""
    step = BurstUsers(max_per_minute=10).on(Clock(tick))
    shopper = [("shopper", "a", 3 * DAY)] * most
    machine = [("machine", "a", 3 * DAY)] * (most + 1)
    assert {row[0] for row in kept(step, log(*shopper, *machine))} == {"shopper"}


def test_bursts_without_times_are_still_refused():
    step = BurstUsers(max_per_minute=10).on(None)
    with pytest.raises(UserError, match="BurstUsers needs a timestamp"):
        step(log(("u", "a"), columns=("user_id", "item_id")))


def test_one_item_users_need_a_long_history():
    monitor = [("monitor", "a", time) for time in range(19)] + [("monitor", "b", 20)]
    short = [("short", "a", time) for time in range(5)]
    half = [("half", "ab"[time % 2], time) for time in range(20)]
    left = kept(OneItemUsers(max_share=0.9, min_events=20), log(*monitor, *short, *half))
    assert {row[0] for row in left} == {"short", "half"}


def test_round_the_clock_users_are_found_within_a_day():
    robot = [("robot", "a", 3 * DAY + 3600 * hour) for hour in range(21)]
    traveler = [("traveler", "a", 3 * DAY + DAY // 2 + 3600 * hour) for hour in range(24)]
    left = kept(RoundTheClockUsers(max_hours=20), log(*robot, *traveler))
    assert {row[0] for row in left} == {"traveler"}
