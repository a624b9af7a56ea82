import numpy as np
import polars as pl
import pytest

from seqmine.data.clock import DAY, HOUR, MINUTE, Clock, clock_of, clock_of_log
from seqmine.data.engines.embedded import number_table
from seqmine.structs import InteractionLog

START = 1_600_000_000 // DAY * DAY


def clocks(times, **columns):
    """The clock of the log as it came and that of its histories."""
    events = pl.DataFrame({"user_id": ["u"] * len(times), "item_id": ["a"] * len(times), "timestamp": times, **columns})
    log = InteractionLog.from_lists([[1] * len(times)])
    histories = InteractionLog(log.items, log.offsets, timestamps=np.array(times, np.int64))
    return clock_of(number_table(events).parts), clock_of_log(histories)


@pytest.mark.parametrize(
    ("times", "tick"),
    [
        ([START + DAY * day for day in range(5)], DAY),
        ([START + DAY * day - 2 * HOUR for day in range(5)], DAY),  # dates of a place east of Greenwich
        ([START + DAY * day - HOUR * (1 + day % 2) for day in range(6)], DAY),  # with summer time
        ([START + HOUR * hour for hour in range(5)], HOUR),
        ([START + 3 * HOUR * hour for hour in range(5)], HOUR),
        ([START + 1800 + HOUR * hour for hour in range(5)], HOUR),  # where zones end in half hours
        ([START + MINUTE * 7 * step for step in range(5)], MINUTE),
        ([START + 7 * step for step in range(5)], 1),
        ([START + DAY * day for day in range(500)] + [START + 11], DAY),  # one precise time among dates
        ([START + DAY * day for day in range(20)] + [START + 11], MINUTE // MINUTE),
    ],
)
def test_the_clock_is_the_coarsest_that_nearly_all_times_agree_with(times, tick):
    assert clocks(times) == (Clock(tick), Clock(tick))


def test_parts_of_a_second_and_no_times():
    times = [START, START + DAY]
    assert clocks(times, microsecond=[0, 5])[0] == Clock(0)
    assert clocks(times, microsecond=[0, 0])[0] == Clock(DAY)
    events = pl.DataFrame({"user_id": ["u"], "item_id": ["a"]})
    assert clock_of(number_table(events).parts) is None
    assert clock_of_log(InteractionLog.from_lists([[1, 2]])) is None


@pytest.mark.parametrize(("tick", "seconds", "tells"), [(1, 0, True), (0, 0, True), (60, 30, False), (60, 60, True)])
def test_a_clock_tells_what_is_not_shorter_than_its_tick(tick, seconds, tells):
    assert Clock(tick).tells_apart(seconds) is tells
