import pytest

from seqmine.data.sources.event_columns import USUAL, EventColumns
from seqmine.structs import UserError


def test_columns_are_named_as_the_schema_unless_said_and_numbers_are_text():
    absent = {"timestamp": None, "session": None, "behavior": None, "rating": None}
    assert USUAL.names == {"user_id": "user_id", "item_id": "item_id", **absent}
    assert EventColumns(user_id=1, item_id=2, timestamp=4).names == {
        **absent,
        "user_id": "1",
        "item_id": "2",
        "timestamp": "4",
    }


def test_an_unknown_format_of_times_is_refused():
    with pytest.raises(UserError, match="time_format=german is unknown; set time_format to one of seconds, "):
        EventColumns(time_format="german")
