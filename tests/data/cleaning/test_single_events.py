import json
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqmine.data.cleaning.edges import WholeLog
from seqmine.data.cleaning.pipeline import Cleaning
from seqmine.data.cleaning.single_events import ExactDuplicates, InvalidRows, KeepBehaviors, RepeatsWithin, ShortDwell
from seqmine.data.clock import DAY, HOUR, MINUTE, Clock
from seqmine.data.engines.embedded import number_table
from seqmine.structs import UserError
from tests.logs import raw


def log(*rows, columns=("user_id", "item_id", "timestamp")):
    types = {"user_id": pl.String, "item_id": pl.String, "timestamp": pl.Int64, "behavior": pl.String}
    return pl.LazyFrame(rows, schema={name: types[name] for name in columns}, orient="row")


def kept(step, events):
    return step(events).collect().rows()


LOGS = st.lists(
    st.tuples(st.sampled_from("uvw"), st.sampled_from("abc"), st.integers(0, 40), st.sampled_from(["view", "buy"])),
    max_size=25,
)


COLUMNS = ("user_id", "item_id", "timestamp", "behavior")


def test_invalid_rows_are_kept_aside_with_the_reason(tmp_path):
    rejects = tmp_path / "rejects.jsonl"
    step = InvalidRows(earliest=10, latest=100, reject_path=str(rejects))
    events = log(("u", "a", 50), ("u", "b", 9), ("u", "c", 101), ("u", "d", 100)).collect()
    left, _ = Cleaning(steps=[step], edge=WholeLog()).clean(number_table(events))
    assert raw(left).rows() == [("u", "a", 50), ("u", "d", 100)]
    aside = [json.loads(line) for line in rejects.read_text().splitlines()]
    assert [(row["item_id"], row["reason"]) for row in aside] == [
        ("b", "time is before the earliest possible"),
        ("c", "time is after the latest possible"),
    ]


def test_exact_duplicates_keep_the_first_in_order():
    events = log(("u", "b", 2), ("u", "a", 1), ("u", "b", 2), ("v", "b", 2), ("u", "a", 2))
    assert kept(ExactDuplicates(), events) == [("u", "b", 2), ("u", "a", 1), ("v", "b", 2), ("u", "a", 2)]


def test_records_of_one_second_are_one_event_whatever_else_they_say():
    events = log(("u", "a", 1), ("u", "a", 1), ("u", "a", 1)).with_columns(
        rating=pl.Series([5.0, 4.0, 5.0]), microsecond=pl.Series([0, 7, 9])
    )
    assert kept(ExactDuplicates(), events) == [("u", "a", 1, 5.0, 0)]
    kinds = log(("u", "a", 1, "view"), ("u", "a", 1, "buy"), columns=COLUMNS)
    assert len(kept(ExactDuplicates(), kinds)) == 2


@pytest.mark.parametrize(
    ("step", "finest", "coarsest"),
    [(ExactDuplicates(), 0, HOUR), (RepeatsWithin(seconds=30), 0, 1), (RepeatsWithin(seconds=60), 0, MINUTE),
     (RepeatsWithin(seconds=0), 0, 1), (ShortDwell(min_seconds=5), 0, 1), (ShortDwell(min_seconds=7200), 0, HOUR)],
)  # fmt: skip
def test_steps_are_left_out_where_the_clock_is_too_coarse(step, finest, coarsest):
    ticks = [0, 1, MINUTE, HOUR, DAY]
    assert [tick for tick in ticks if step.on(Clock(tick)) is step] == [
        tick for tick in ticks if finest <= tick <= coarsest
    ]


def test_two_pieces_of_one_day_stay_and_the_audit_says_why():
    dates = log(*[("u", "bread", 86_400 * day) for day in (1, 1, 2, 3, 3)]).collect()
    steps = [ExactDuplicates(), RepeatsWithin(seconds=30), ShortDwell(min_seconds=5)]
    left, audit = Cleaning(steps=steps, edge=WholeLog()).clean(number_table(dates))
    assert len(raw(left)) == 5
    assert [row.step.endswith("left out, times are whole days") for row in audit.rows] == [True] * 3
    untimed, audit = Cleaning(steps=steps[:1], edge=WholeLog()).clean(number_table(dates.drop("timestamp")))
    assert len(raw(untimed)) == 5
    assert audit.rows[0].step.endswith("left out, no times")
    hours = dates.with_columns(timestamp=pl.col("timestamp") // 24)
    left, _ = Cleaning(steps=steps[:1], edge=WholeLog()).clean(number_table(hours))
    assert len(raw(left)) == 3


@given(LOGS, st.integers(0, 10))
@settings(max_examples=12, deadline=None)
def test_repeats_within_equals_a_slow_loop(rows, seconds):
    def repeats(number):
        user, item, time, behavior = rows[number]
        return any(
            (user, item, behavior) == (rows[other][0], rows[other][1], rows[other][3])
            and (rows[other][2], other) < (time, number)
            and time - rows[other][2] <= seconds
            for other in range(len(rows))
        )

    expected = [row for number, row in enumerate(rows) if not repeats(number)]
    assert kept(RepeatsWithin(seconds=seconds), log(*rows, columns=COLUMNS)) == expected


@given(LOGS, st.integers(1, 10))
@settings(max_examples=12, deadline=None)
def test_short_dwell_equals_a_slow_loop(rows, min_seconds):
    gone = set()
    for user in "uvw":
        mine = sorted((row[2], number) for number, row in enumerate(rows) if row[0] == user)
        for (time, number), (next_time, follower) in pairwise(mine):
            if next_time - time < min_seconds and rows[number][1] != rows[follower][1]:
                gone.add(number)
    expected = [row for number, row in enumerate(rows) if number not in gone]
    assert kept(ShortDwell(min_seconds=min_seconds), log(*rows, columns=COLUMNS)) == expected


def test_keep_behaviors():
    events = log(("u", "a", 1, "view"), ("u", "a", 2, "buy"), ("u", "b", 3, "cart"), columns=COLUMNS)
    events = events.with_columns(pl.col("behavior").cast(pl.Enum(["view", "buy", "cart"])))
    assert [row[3] for row in kept(KeepBehaviors(behaviors=["buy", "cart"]), events)] == ["buy", "cart"]
    with pytest.raises(UserError, match="keeps 'purchase', but the log has buy, cart, view"):
        KeepBehaviors(behaviors=["purchase"])(events)
