import polars as pl
import pytest

from seqmine.data.cleaning.audit import Audit, LogSize
from seqmine.data.cleaning.edges import WholeLog
from seqmine.data.cleaning.pipeline import Cleaning
from seqmine.data.cleaning.single_events import ExactDuplicates
from seqmine.data.cleaning.users import HistoryLength
from seqmine.data.engines.embedded import number_table
from tests.logs import raw


def log(*rows):
    return pl.DataFrame(rows, schema={"user_id": pl.String, "item_id": pl.String, "timestamp": pl.Int64}, orient="row")


def test_audit_adds_up_and_survives_json(tmp_path):
    events = log(("u", "a", 1), ("u", "a", 1), ("u", "b", 2), ("v", "c", 3))
    steps = [ExactDuplicates(), HistoryLength(min_events=2)]
    left, audit = Cleaning(steps=steps, edge=WholeLog()).clean(number_table(events))
    assert raw(left).rows() == [("u", "a", 1), ("u", "b", 2)]
    assert audit.source == LogSize(4, 2, 3)
    assert [(row.before.rows, row.after.rows, row.after.users, row.after.items) for row in audit.rows] == [
        (4, 3, 2, 3),
        (3, 2, 1, 2),
    ]
    assert [row.looks_at for row in audit.rows] == ["each event", "all events"]
    audit.write(tmp_path / "audit.json")
    assert Audit.from_json((tmp_path / "audit.json").read_text(), WholeLog()) == audit


@pytest.mark.parametrize(("num_out", "told"), [(0, False), (1, False), (2, True)])
def test_more_than_a_hundredth_is_told_in_one_line(num_out, told):
    """Two of a hundred events that are records of others, beside a step that finds nothing."""
    rows = [("u", "a", 7 * second) for second in range(100 - num_out)]
    events = log(*rows, *rows[:num_out])
    steps = [HistoryLength(min_events=1), ExactDuplicates()]
    _, audit = Cleaning(steps=steps, edge=WholeLog()).clean(number_table(events))
    line = "cleaning takes 2 of 100 events out (2.0%): ExactDuplicates() 2; left are 1 of 1 users, 1 of 1 items"
    assert audit.summary() == (line if told else None)
