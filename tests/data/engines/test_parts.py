import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from seqmine.data.engines.embedded import MemoryParts
from seqmine.data.engines.parts import SESSIONS, NumberedLog, part_borders, scan_source, sort_events
from seqmine.data.sources.interactions import InteractionFiles


@given(st.lists(st.integers(1, 9), max_size=30), st.integers(1, 20))
def test_borders_divide_users_into_parts_of_about_one_size(num_events, part_events):
    borders = part_borders(np.array(num_events, dtype=np.int64), part_events)
    assert borders.tolist() == sorted(set(borders.tolist()))
    parts = np.split(np.array(num_events), borders)
    assert max((part.sum() for part in parts), default=0) < part_events + 2 * 9
    if sum(num_events) <= part_events:
        assert len(borders) == 0


def test_events_are_sorted_by_user_and_time_and_ties_keep_their_order():
    events = pl.DataFrame({"user_id": [1, 0, 1, 0], "timestamp": [5, 2, 5, 1], "item_id": [0, 1, 2, 3]})
    assert sort_events(events)["item_id"].to_list() == [3, 1, 0, 2]
    assert sort_events(events.drop("timestamp"))["item_id"].to_list() == [1, 3, 0, 2]


def test_numbers_become_raw_keys_again():
    table = pl.DataFrame({"user_id": [1, 0], "item_id": [0, 0]}, schema={"user_id": pl.UInt32, "item_id": pl.UInt32})
    log = NumberedLog(MemoryParts(table), pl.Series(["u", "v"]), pl.Series(["a"]))
    assert log.raw(table).rows() == [("v", "a"), ("u", "a")]
    sessions = pl.Series([SESSIONS + 2, 0], dtype=pl.UInt64)
    assert log.user_keys(sessions).to_list() == ["v:2", "u:0"]


def test_a_source_that_can_be_scanned_is(tmp_path, events):
    events.write_parquet(tmp_path / "log.parquet")
    source = InteractionFiles(path=str(tmp_path / "log.parquet"))
    assert scan_source(source).collect().equals(source.read())
