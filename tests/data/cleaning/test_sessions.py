import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqmine.data.cleaning.edges import AllButLast
from seqmine.data.cleaning.pipeline import Cleaning
from seqmine.data.cleaning.sessions import ColumnSessions, GapSessions, WholeHistories, cut
from seqmine.data.engines.embedded import MemoryParts, number_table
from seqmine.data.engines.parts import NumberedLog, sort_events
from seqmine.data.sequences import join_parts, person_keys
from seqmine.structs import UserError
from tests.logs import with_numbers

COLUMNS = {"user_id": pl.String, "item_id": pl.String, "timestamp": pl.Int64}
LOGS = st.lists(
    st.tuples(st.sampled_from("uvw"), st.sampled_from("abc"), st.integers(0, 2400)), min_size=1, max_size=25
)


@given(LOGS, st.integers(1, 15))
@settings(max_examples=12, deadline=None)
def test_sessions_equal_a_slow_loop(rows, minutes):
    rows = sorted(rows, key=lambda row: (row[0], row[2]))
    session, before = [], None
    for user, _, time in rows:
        same = before is not None and before[0] == user
        session.append((session[-1] + (time - before[2] > 60 * minutes)) if same else 0)
        before = (user, None, time)
    events = with_numbers(pl.LazyFrame(rows, schema=COLUMNS, orient="row"), "abcuvw").collect()
    marked = GapSessions(minutes=minutes).mark(events)
    assert marked["session"].to_list() == session
    log = NumberedLog(MemoryParts(cut(marked)), pl.Series(list("abcuvw")), pl.Series(list("abcuvw")))
    raw = log.raw(cut(marked))
    assert raw["user_id"].to_list() == [f"{row[0]}:{number}" for row, number in zip(rows, session, strict=True)]


def table(*rows, session=False):
    names = ["user_id", "item_id", "timestamp", *(["session"] if session else [])]
    types = {**COLUMNS, "session": pl.String}
    return pl.DataFrame(rows, schema={name: types[name] for name in names}, orient="row")


def cleaned(frame, sessions):
    cleaning = Cleaning(steps=[], edge=AllButLast(num_events=2), sessions=sessions)
    log, audit = cleaning.clean(number_table(frame))
    histories, users, items = join_parts(log)
    shown = {user: "".join(items[item - 1] for item in histories.history(number)) for number, user in enumerate(users)}
    return histories, users, shown, audit


def test_a_small_log_by_hand():
    frame = table(("v", "c", 50), ("u", "a", 0), ("u", "b", 60), ("u", "c", 2000), ("u", "a", 2001), ("u", "b", 9000))
    histories, users, shown, audit = cleaned(frame, GapSessions(minutes=30))
    assert shown == {"u:0": "ab", "u:1": "ca", "u:2": "b", "v:0": "c"}
    assert histories.people.tolist() == [0, 0, 0, 1]
    assert person_keys(histories, users) == ["u", "u", "u", "v"]
    assert (histories.num_users, histories.num_people) == (4, 2)
    assert (audit.rows[-1].step, audit.rows[-1].before.users, audit.rows[-1].after.users) == (
        "sessions: GapSessions(minutes=30)", 2, 4,
    )  # fmt: skip
    assert audit.summary() is None


def test_sessions_of_a_column_stand_in_the_order_of_their_first_events():
    rows = [("u", "a", 0, "z"), ("u", "b", 1, "y"), ("u", "c", 2, "z"), ("w", "a", 3, "z")]
    histories, _, shown, _ = cleaned(table(*rows, session=True), ColumnSessions())
    assert shown == {"u:0": "ac", "u:1": "b", "w:0": "a"}
    assert histories.people.tolist() == [0, 0, 1]
    assert histories.timestamps.tolist() == [0, 2, 1, 3]


def test_whole_histories_have_no_people():
    histories, users, shown, _ = cleaned(table(("u", "a", 0), ("u", "b", 9000)), WholeHistories())
    assert histories.people is None
    assert shown == {"u": "ab"}
    assert person_keys(histories, users) == ["u"]


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: GapSessions(minutes=0), "minutes is 0, allowed are whole numbers from 1"),
        (lambda: cleaned(table(("u", "a", 0)).drop("timestamp"), GapSessions(minutes=30)), "the log has none; set"),
        (lambda: cleaned(table(("u", "a", 0)), ColumnSessions()), r"set source\.session to its name"),
        (lambda: cleaned(table(("u", "a", 0, "z"), session=True), WholeHistories()), "which nothing looks at"),
        (lambda: cleaned(table(("u", "a", 0, "z"), session=True), GapSessions(minutes=5)), "which nothing looks at"),
    ],
)
def test_what_cannot_be_cut_is_refused(make, sentence):
    with pytest.raises(UserError, match=sentence):
        make()


def test_a_counting_edge_ends_before_the_first_event_that_is_predicted():
    # u: a b | c d | e: predicted are b and d, so that only a is counted, and e, which nothing precedes, is not
    rows = [("u", "a", 0), ("u", "b", 1), ("u", "c", 9000), ("u", "d", 9001), ("u", "e", 99_000)]
    frame = sort_events(with_numbers(table(*rows).lazy(), "abcdeu").collect())
    marked = AllButLast(num_events=2).mark(GapSessions(minutes=30).mark(frame).lazy()).collect()
    assert marked["in_training"].to_list() == [True, False, False, False, False]
    assert AllButLast(num_events=2).mark(frame.lazy()).collect()["in_training"].to_list() == [True] * 3 + [False] * 2
    histories, _, _, _ = cleaned(table(*rows), GapSessions(minutes=30))
    assert AllButLast(num_events=2).counted_stops(histories, histories.lengths).tolist() == [1, 0, 0]
