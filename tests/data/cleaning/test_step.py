import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqmine.data.cleaning.core import KCore
from seqmine.data.cleaning.single_events import ExactDuplicates, InvalidRows, RepeatsWithin, ShortDwell
from seqmine.data.cleaning.users import BurstUsers, HistoryLength, OneItemUsers, RoundTheClockUsers
from seqmine.structs import UserError
from tests.logs import with_numbers


def log(*rows, columns=("user_id", "item_id", "timestamp")):
    types = {"user_id": pl.String, "item_id": pl.String, "timestamp": pl.Int64, "behavior": pl.String}
    return pl.LazyFrame(rows, schema={name: types[name] for name in columns}, orient="row")


LOGS = st.lists(
    st.tuples(st.sampled_from("uvw"), st.sampled_from("abc"), st.integers(0, 40), st.sampled_from(["view", "buy"])),
    max_size=25,
)


COLUMNS = ("user_id", "item_id", "timestamp", "behavior")


TIMED = [
    RepeatsWithin(seconds=5),
    ShortDwell(min_seconds=2),
    BurstUsers(max_per_minute=3),
    RoundTheClockUsers(max_hours=5),
    ExactDuplicates(),
]


ALL = [
    *TIMED[:4],
    ExactDuplicates(),
    InvalidRows(earliest=5, latest=35),
    HistoryLength(min_events=2),
    OneItemUsers(max_share=0.5, min_events=4),
]


@pytest.mark.parametrize("step", TIMED, ids=lambda step: type(step).__name__)
def test_steps_that_need_times_say_so(step):
    events = with_numbers(log(("u", "a"), columns=("user_id", "item_id")), "ua")
    with pytest.raises(UserError, match=rf"cleaning step {type(step).__name__} needs a timestamp and the log has none"):
        step(events).collect()


@pytest.mark.parametrize("step", ALL, ids=lambda step: type(step).__name__)
@given(rows=LOGS)
@settings(max_examples=12, deadline=None)
def test_steps_only_take_out_and_keep_the_order(step, rows):
    events = with_numbers(log(*rows, columns=COLUMNS), "abcuvw").with_columns(place=pl.int_range(pl.len()))
    if isinstance(step, ExactDuplicates):
        events = events.drop("place")
    before, after = events.collect(), step(events).collect()
    assert after.columns == before.columns
    places = after["place"].to_numpy() if "place" in after.columns else np.arange(len(after))
    assert (np.diff(places) > 0).all()
    if "place" in after.columns:
        assert before[places].equals(after)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: RepeatsWithin(seconds=-1), "seconds is -1, allowed are whole numbers from 0"),
        (lambda: ShortDwell(min_seconds=0), "min_seconds is 0, allowed are whole numbers from 1"),
        (lambda: HistoryLength(min_events=5, max_events=4), "max_events is 4, below min_events=5"),
        (
            lambda: OneItemUsers(max_share=1.5, min_events=4),
            "max_share is 1.5, allowed are numbers above 0 and below 1",
        ),
        (lambda: RoundTheClockUsers(max_hours=24), "max_hours is 24, allowed are whole numbers from 1 and up to 23"),
        (lambda: KCore(min_user_events=0, min_item_events=1), "min_user_events is 0, allowed are whole numbers from 1"),
    ],
)
def test_impossible_settings(make, sentence):
    with pytest.raises(UserError, match=sentence):
        make()
