from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
import torch
from torch import nn

from seqmine.data.available import ItemPeriods
from seqmine.data.cleaning.sessions import ColumnSessions, GapSessions, WholeHistories
from seqmine.data.engines.embedded import number_table
from seqmine.data.horizon import Horizon
from seqmine.data.sequences import prepare_sequences
from seqmine.data.sources.histories import source_of_histories
from seqmine.data.splits import LeaveOneOut
from seqmine.data.targets import Split, Targets
from seqmine.serving.histories import Histories, given_histories, run_histories, warn_of_empty, warn_of_unknown
from seqmine.serving.recommendations import ListSettings, recommend_to
from seqmine.structs import AttributeTable, Catalog, InteractionLog, UserError
from tests.tables import event_files

CATALOG = Catalog.of_size(6)
FULL = SimpleNamespace(candidates=SimpleNamespace(among="full"))
WHOLE = SimpleNamespace(sessions=WholeHistories())
LOG = replace(InteractionLog.from_lists([[6, 5], [1, 2, 3], []]), timestamps=np.array([5, 6, 7, 8, 9]))
HISTORIES = Histories(LOG, ["a", "b", "c"], Targets(np.array([0, 1, 2]), np.array([2, 3, 0])), max_length=3)


class Constant(nn.Module):
    """Scores item i with i."""

    def score(self, batch):
        return torch.arange(7.0).repeat(len(batch), 1)


def test_behaviors_and_items_of_a_file_have_the_numbers_of_the_run(tmp_path):
    """In the file "buy" comes first and "hover" is a kind that the run does not know; columns are those of the run."""
    path = tmp_path / "new.csv"
    path.write_text("customer,item_id,timestamp,behavior\nu,2,1,buy\nu,1,2,view\nu,mars,3,view\nu,3,4,hover\n")
    catalog = replace(CATALOG, behaviors=["view", "buy"])
    data = SimpleNamespace(
        features=FULL,
        target_behaviors=("buy",),
        max_length=8,
        cleaning=WHOLE,
        source=event_files("log.csv", user_id="customer"),
    )
    found = given_histories(source_of_histories(str(path), data.source).read(), data, catalog)
    assert found.log.items.tolist() == [2, 1, 3]
    assert found.log.behaviors.tolist() == [2, 1, 0]
    assert found.log.behavior_number("buy") == 2
    assert found.seen_behaviors == (2,)
    assert (list(found.user_ids), found.ends.positions.tolist()) == (["u"], [3])


def run_of(log, catalog):
    """Return the data module of a run on a log, whose test targets are the last events."""
    everyone = np.arange(log.num_users)
    split = Split(log.lengths - 2, Targets(everyone, log.lengths - 2), Targets(everyone, log.lengths - 1))
    prepared = SimpleNamespace(log=log, catalog=catalog, split=split, user_ids=[f"u{user}" for user in everyone])
    return SimpleNamespace(periods=None, target_behaviors=None, max_length=8, prepared=prepared)


def test_histories_end_before_the_test_target_where_they_are_asked_to():
    log = InteractionLog.from_lists([[6, 5, 4], [1, 2, 3]])
    data = run_of(log, CATALOG)
    for history, lengths, first in (("test", [2, 2], ["4", "3"]), ("full", [3, 3], ["3", "2"])):
        histories = run_histories(data, history)
        assert histories.ends.positions.tolist() == lengths
        lists = recommend_to(Constant(), CATALOG, histories, ListSettings(2, 2, "full"))
        assert next(lists)["item_id"].to_list()[:2] == first


def test_a_file_is_recommended_what_was_on_sale_after_its_last_event():
    events = pl.DataFrame({"user_id": ["u", "u"], "item_id": ["1", "2"], "timestamp": [10, 20]})
    periods = ItemPeriods(np.array([99, 0, 0, 0, 21, 22, 0]), np.array([0, 99, 99, 20, 99, 99, 99]))
    features = SimpleNamespace(candidates=SimpleNamespace(among="available"))
    prepared = SimpleNamespace(log=LOG)
    data = SimpleNamespace(features=features, target_behaviors=None, max_length=8, periods=periods, prepared=prepared)
    data.cleaning = WHOLE
    found = given_histories(events, data, CATALOG)
    (frame,) = recommend_to(Constant(), CATALOG, found, ListSettings(6, 1, "full"))
    assert frame["item_id"].to_list() == ["6", "4"], "3 is gone and 5 is not there yet"
    untimed = given_histories(events.drop("timestamp"), data, CATALOG)
    assert untimed.ends.times.tolist() == [10], "after the log of the run"
    assert found.at(30).ends.times.tolist() == [30]


def test_some_users_alone_are_as_they_are_among_all():
    alone = HISTORIES.alone(np.array([1]))
    assert (list(alone.user_ids), alone.log.items.tolist(), alone.log.timestamps.tolist()) == (
        ["b"],
        [1, 2, 3],
        [7, 8, 9],
    )
    both = [next(recommend_to(Constant(), CATALOG, asked, ListSettings(2, 9, "full"))) for asked in
            (alone, HISTORIES.of(["b"]))]  # fmt: skip
    assert both[0].equals(both[1])


def test_users_of_whom_nothing_is_known_are_left_out_or_added(caplog):
    assert HISTORIES.known().ends.users.tolist() == [0, 1]
    warn_of_empty(0, 3)
    assert not caplog.text
    warn_of_empty(1, 3)
    assert "1 of 3 users have no known item; they get no list" in caplog.text
    log = replace(LOG, users=AttributeTable(np.ones((3, 1), np.int32), np.ones((3, 2), np.float32), 1))
    more = replace(HISTORIES, log=log).with_strangers(["x"]).of(["x", "a"])
    assert (more.ends.users.tolist(), more.ends.positions.tolist()) == ([3, 0], [0, 2])
    assert more.log.users.codes.tolist() == [[1], [1], [1], [0]]
    assert more.alone(np.array([0])).user_ids == ["x"]


def test_a_user_without_history_is_refused():
    with pytest.raises(UserError, match="users has 'z' and 1 more, allowed are the 3 users of the run"):
        HISTORIES.of(["a", "z", "y"])


@pytest.mark.parametrize(
    "change",
    [
        {"log": replace(LOG, items=LOG.items[::-1])},
        {"log": replace(LOG, timestamps=LOG.timestamps + 1)},
        {"user_ids": ["a", "b", "d"]},
        {"ends": HISTORIES.ends.take(np.array([1, 0, 2]))},
        {"allowed": np.ones(7, bool)},
        {"periods": ItemPeriods(np.zeros(7, np.int64), np.ones(7, np.int64))},
        {"max_length": 2},
        {"seen_behaviors": (1,)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_lists_depend_on_changes_the_fingerprint(change):
    assert replace(HISTORIES, **change).fingerprint() != HISTORIES.fingerprint()
    assert replace(HISTORIES).fingerprint() == HISTORIES.fingerprint()


def test_before_a_horizon_a_user_has_one_list():
    """Seven events and horizons of three: the list is made after the fourth."""
    events = pl.DataFrame({"user_id": ["a"] * 7 + ["b"] * 8, "item_id": [f"i{n % 4}" for n in range(15)]})
    prepared = prepare_sequences(number_table(events), None, LeaveOneOut(), None, Horizon.parse(3))
    data = SimpleNamespace(periods=None, target_behaviors=None, max_length=8, prepared=prepared)
    ends = run_histories(data, "test").ends
    assert (ends.users.tolist(), ends.places.tolist(), ends.inputs) == ([0, 1], [4, 5], None)


def test_the_latest_session_of_a_person_is_answered_under_the_name_of_the_person():
    """Sessions u:0 u:1 v:0; before test targets the sessions that hold them are named."""
    log = replace(InteractionLog.from_lists([[1, 2], [3, 4], [5]]), people=np.array([0, 0, 1], np.int32))
    test = Targets(np.array([1]), np.array([1]))
    prepared = SimpleNamespace(log=log, split=SimpleNamespace(test=test), user_ids=["u:0", "u:1", "v:0"])
    data = SimpleNamespace(periods=None, target_behaviors=None, max_length=8, prepared=prepared)
    full = run_histories(data, "full")
    assert (full.ends.users.tolist(), full.ends.positions.tolist(), list(full.rows_of)) == ([1, 2], [2, 1], ["u", "v"])
    assert not full.has_several_lists
    assert list(run_histories(data, "test").rows_of) == ["u:1"]


@pytest.mark.parametrize(
    ("sessions", "rows", "found"),
    [
        (GapSessions(minutes=1), [("u", "1", 0), ("u", "2", 100), ("u", "3", 130), ("v", "4", 0)], {"u": [2, 3], "v": [4]}),
        (GapSessions(minutes=1), [("u", "1", 0), ("u", "mars", 900), ("v", "moon", 5)], {"u": [1], "v": []}),
        (WholeHistories(), [("u", "1", 0), ("u", "2", 900)], {"u": [1, 2]}),
    ],
)  # fmt: skip
def test_the_latest_session_of_a_file_with_a_known_item_is_its_history(sessions, rows, found):
    events = pl.DataFrame(rows, schema=["user_id", "item_id", "timestamp"], orient="row")
    data = SimpleNamespace(features=FULL, target_behaviors=None, max_length=8)
    data.cleaning = SimpleNamespace(sessions=sessions)
    histories = given_histories(events, data, CATALOG)
    items = {user: histories.log.history(row).tolist() for row, user in enumerate(histories.user_ids)}
    assert items == found
    untimed = given_histories(events.drop("timestamp"), data, CATALOG)
    assert untimed.log.num_events == sum(item.isdigit() for _, item, _ in rows), "without times all is one session"


def test_sessions_of_a_column_are_taken_from_a_file_that_names_them():
    rows = [("u", "1", 0, "z"), ("u", "2", 1, "y"), ("u", "3", 2, "z")]
    events = pl.DataFrame(rows, schema=["user_id", "item_id", "timestamp", "session"], orient="row")
    data = SimpleNamespace(features=FULL, target_behaviors=None, max_length=8)
    data.cleaning = SimpleNamespace(sessions=ColumnSessions())
    assert given_histories(events, data, CATALOG).log.items.tolist() == [2]


@pytest.mark.parametrize(
    ("items", "told"),
    [
        (["1", "2"], ""),
        (["1", "mars", "moon"], "2 of 3 events have items that the model does not know; they are left out"),
        (["mars", "moon"], "none of the 2 events has an item that the model knows ('mars', the model '1')"),
    ],
)
def test_items_that_the_model_does_not_know_are_counted(items, told, caplog):
    warn_of_unknown(pl.LazyFrame({"item_id": items}), CATALOG)
    assert told in caplog.text and bool(told) == bool(caplog.text)
