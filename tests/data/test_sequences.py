import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqmine.data.engines.embedded import PolarsEngine, number_table
from seqmine.data.engines.parts import NumberedLog
from seqmine.data.sequences import PreparedData, group_by_user, prepare_sequences
from seqmine.data.splits import LeaveOneOut, UserHoldout
from seqmine.structs import UserError


def test_events_are_sorted_by_time_and_ties_keep_file_order(events):
    log, users, items = group_by_user(events)
    assert (users, items) == (["a", "b"], ["x", "y", "z"])
    assert log.history(0).tolist() == [2, 3, 1]
    assert log.timestamps.tolist() == [10, 10, 30, 5, 6]
    assert [log.behavior_names[b - 1] for b in log.behaviors] == ["view", "buy", "view", "buy", "view"]


def test_without_time_the_order_of_the_file_stays(events):
    log, _, _ = group_by_user(events.drop("timestamp"))
    assert log.history(0).tolist() == [1, 2, 3]
    assert log.timestamps is None


def text_log(*lines: str) -> pl.DataFrame:
    rows = [(line.split()[0], item) for line in lines for item in line.split()[1:]]
    return pl.DataFrame(rows, schema={"user_id": pl.String, "item_id": pl.String}, orient="row")


def log_of(*lines: str) -> NumberedLog:
    return number_table(text_log(*lines))


def test_catalog_holds_what_training_knows_and_targets_keep_the_rest():
    data = prepare_sequences(log_of("u a b b c d", "v b a new c"), None, LeaveOneOut())
    # training: a b b | b a ; validation: c | new ; test: d | c
    assert data.catalog.item_ids == ["b", "a"]
    assert data.catalog.train_counts.tolist() == [0, 3, 2]
    assert data.log.history(0).tolist() == [2, 1, 1]
    assert [data.item_id(int(item)) for item in data.val_items] == ["c", "new"]
    assert [data.item_id(int(item)) for item in data.test_items] == ["d", "c"]
    assert data.split.test.positions.tolist() == [3, 2]


def test_items_of_one_count_and_unseen_items_are_numbered_by_key():
    data = prepare_sequences(log_of("w c b b 9 d", "v c a 10 e", "u x a z f"), None, LeaveOneOut())
    # training: c b b | c a | x a
    assert data.catalog.item_ids == ["a", "b", "c", "x"]
    assert data.catalog.train_counts.tolist() == [0, 2, 2, 2, 1]
    assert data.unseen_item_ids == ["10", "9", "d", "e", "f", "z"]
    assert data.user_ids == ["u", "v", "w"]


def test_users_items_and_behaviors_of_all_events_are_numbered_by_key(events):
    again = pl.concat([events, events.with_columns(pl.lit("Z").alias("behavior"), user_id=pl.lit("10"))])
    log, users, items = group_by_user(again.reverse())
    assert (users, items) == (["10", "a", "b"], ["x", "y", "z"])
    assert log.behavior_names == ["Z", "buy", "view"]


class Rows:
    """A source whose log is a table in memory."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame

    def read(self) -> pl.DataFrame:
        return self.frame


def contents(data: PreparedData) -> list:
    """Return everything that follows from a log, as lists."""
    log, split = data.log, data.split
    arrays = [log.items, log.offsets, log.timestamps, log.behaviors, split.train_stops, data.val_items, data.test_items]
    arrays += [column for part in (split.val, split.test) for column in (part.users, part.positions)]
    names = [data.user_ids, data.catalog.item_ids, data.unseen_item_ids, log.behavior_names, data.catalog.behaviors]
    return [*map(list, names), data.catalog.train_counts.tolist(), *(np.asarray(array).tolist() for array in arrays)]


keys = st.sampled_from(["1", "2", "10", "B", "a", "é"])
kinds = st.sampled_from(["view", "buy", "Cart"])


@settings(deadline=None, max_examples=25)  # a busy machine; an example prepares the log seven times
@given(st.lists(st.tuples(keys, keys, kinds), min_size=4, max_size=40), st.data())
@pytest.mark.parametrize("splitter", [LeaveOneOut(), UserHoldout(seed=0)], ids=lambda splitter: type(splitter).__name__)
def test_the_order_of_rows_changes_nothing(tmp_path_factory, splitter, rows, data):
    trainable = [(user, item, "view") for user in ("u", "v", "w", "x") for item in "abcd"]
    log = pl.DataFrame([*rows, *trainable], schema=["user_id", "item_id", "behavior"], orient="row")
    log = log.with_row_index("timestamp").cast({"timestamp": pl.Int64})
    expected = contents(prepare_sequences(number_table(log), None, splitter))
    for part_events in (8, 1000):
        engine = PolarsEngine(part_events=part_events)
        for _ in range(3):
            shuffled = log[data.draw(st.permutations(range(len(log))))]
            with engine.number(Rows(shuffled), tmp_path_factory.getbasetemp()) as numbered:
                assert contents(prepare_sequences(numbered, None, splitter)) == expected


def test_features_are_aligned_with_the_catalog():
    features = pl.DataFrame({"item_id": ["a", "b", "zz"], "title": ["A", "B", "Z"]})
    data = prepare_sequences(log_of("u b a b c d", "v b c b a d"), features, LeaveOneOut())
    assert dict(zip(data.catalog.item_ids, data.catalog.features["title"], strict=True)) == {
        "b": "B",
        "a": "A",
        "c": None,
    }


def test_a_log_without_a_trainable_user_is_refused():
    with pytest.raises(UserError, match="no user has two training events"):
        prepare_sequences(log_of("u a"), None, LeaveOneOut())
    with pytest.raises(UserError, match="no events left"):
        prepare_sequences(log_of(), None, LeaveOneOut())
