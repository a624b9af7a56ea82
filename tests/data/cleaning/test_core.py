from collections import Counter

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from seqmine.data.cleaning.core import KCore
from tests.logs import with_numbers


def log(*rows, columns=("user_id", "item_id", "timestamp")):
    types = {"user_id": pl.String, "item_id": pl.String, "timestamp": pl.Int64, "behavior": pl.String}
    return pl.LazyFrame(rows, schema={name: types[name] for name in columns}, orient="row")


LOGS = st.lists(
    st.tuples(st.sampled_from("uvw"), st.sampled_from("abc"), st.integers(0, 40), st.sampled_from(["view", "buy"])),
    max_size=25,
)


COLUMNS = ("user_id", "item_id", "timestamp", "behavior")


@given(LOGS, st.integers(1, 4), st.integers(1, 4), st.booleans())
@settings(max_examples=12, deadline=None)
def test_k_core_equals_a_slow_loop(rows, min_user, min_item, half):
    training = [not half or row[2] < 20 for row in rows]
    left = list(range(len(rows)))
    while True:
        users = Counter(rows[number][0] for number in left if training[number])
        items = Counter(rows[number][1] for number in left if training[number])
        better = [n for n in left if users[rows[n][0]] >= min_user and items[rows[n][1]] >= min_item]
        if better == left:
            break
        left = better
    marks = pl.Series(training, dtype=pl.Boolean)
    events = with_numbers(log(*rows, columns=COLUMNS), "abcuvw").with_columns(in_training=marks).collect()
    parts = [events.filter(pl.col("user_id") < 4), events.filter(pl.col("user_id") >= 4)]
    step = KCore(min_user_events=min_user, min_item_events=min_item)
    keep = step.decide(lambda function: pl.concat(function(part) for part in parts))
    assert keep(events).equals(events[left])
