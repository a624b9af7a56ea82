import pytest

from seqmine.data.sources.diginetica import DigineticaTable
from seqmine.data.sources.events import to_events
from seqmine.structs import UserError

HEADER = "sessionId;userId;itemId;timeframe;eventdate\n"


def read(path, text):
    path.write_text(HEADER + text)
    raw = DigineticaTable(name="train-item-views.csv", behavior="view").read(path)
    return to_events(raw.frame, raw.locate)


def test_day_and_milliseconds_make_a_time_and_the_session_a_user(tmp_path):
    events = read(tmp_path / "views.csv", "7;NA;3;1500;2016-05-09\n7;12;4;86400000;2016-05-09\n")
    assert events.rows() == [("7", "3", 1462752001, 500_000, "view"), ("7", "4", 1462838400, 0, "view")]


def test_wrong_day_names_the_line(tmp_path):
    with pytest.raises(UserError, match=r"views.csv line 3: timestamp 'May 9 5' is not a time"):
        read(tmp_path / "views.csv", "7;NA;3;0;2016-05-09\n7;NA;3;5;May 9\n")
