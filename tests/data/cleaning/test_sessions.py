import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from seqmine.data.cleaning.sessions import MarkSessions, SplitSessions
from seqmine.data.engines.embedded import MemoryParts
from seqmine.data.engines.parts import NumberedLog
from tests.logs import with_numbers


def log(*rows, columns=("user_id", "item_id", "timestamp")):
    types = {"user_id": pl.String, "item_id": pl.String, "timestamp": pl.Int64, "behavior": pl.String}
    return pl.LazyFrame(rows, schema={name: types[name] for name in columns}, orient="row")


LOGS = st.lists(
    st.tuples(st.sampled_from("uvw"), st.sampled_from("abc"), st.integers(0, 40), st.sampled_from(["view", "buy"])),
    max_size=25,
)


COLUMNS = ("user_id", "item_id", "timestamp", "behavior")


@given(LOGS, st.integers(1, 15))
@settings(max_examples=12, deadline=None)
def test_sessions_equal_a_slow_loop(rows, gap):
    session = {}
    for user in "uvw":
        mine = sorted((row[2], number) for number, row in enumerate(rows) if row[0] == user)
        count = 0
        for place, (time, number) in enumerate(mine):
            count += place > 0 and time - mine[place - 1][0] > gap
            session[number] = count
    marked = MarkSessions(gap_seconds=gap)(log(*rows, columns=COLUMNS)).collect()
    assert marked.drop("session").rows() == rows
    assert marked["session"].to_list() == [session[number] for number in range(len(rows))]
    split = SplitSessions(gap_seconds=gap)(with_numbers(log(*rows, columns=COLUMNS), "abcuvw")).collect()
    names = NumberedLog(MemoryParts(split), pl.Series(list("abcuvw")), pl.Series(list("abcuvw")))
    assert names.raw(split)["user_id"].to_list() == [f"{row[0]}:{session[number]}" for number, row in enumerate(rows)]
