import numpy as np
import polars as pl
import pytest
import torch

from seqmine.data.engines.embedded import number_table
from seqmine.data.sequences import prepare_sequences
from seqmine.data.splits import LeaveOneOut
from seqmine.serving.given_lists import GivenLists, ListTable, read_lists
from seqmine.structs import SequenceBatch, UserError

ROWS = {"user_id": ["a", "a", "b", "b"], "item_id": ["x", "y", "y", "z"]}


def read(tmp_path, name="lists.csv", **columns):
    frame = pl.DataFrame({**ROWS, **columns})
    path = tmp_path / name
    frame.write_parquet(path) if name.endswith(".parquet") else frame.write_csv(path)
    return [row[:3] for row in read_lists(str(path), "recommendations").select("user_id", "item_id", "score").rows()]


def test_scores_decide_then_ranks_then_the_order_of_the_rows(tmp_path):
    by_score = read(tmp_path, score=[0.1, 0.7, 3.0, 2.0], rank=[1, 2, 2, 1])
    assert by_score == [("a", "y", 0.7), ("a", "x", 0.1), ("b", "y", 3.0), ("b", "z", 2.0)]
    assert read(tmp_path, rank=[2, 1, 1, 2]) == [("a", "y", 0.0), ("a", "x", -1.0), ("b", "y", 0.0), ("b", "z", -1.0)]
    assert read(tmp_path, "lists.parquet") == [("a", "x", 0.0), ("a", "y", -1.0), ("b", "y", 0.0), ("b", "z", -1.0)]


def test_a_list_a_row_and_a_user_a_line_are_lists(tmp_path):
    expected = [("a", "x", 0.0), ("a", "y", -1.0), ("b", "y", 0.0)]
    pl.DataFrame({"user_id": ["a", "b"], "item_id": [["x", "y"], ["y"]]}).write_parquet(tmp_path / "l.parquet")
    (tmp_path / "l.txt").write_text("a x y\n\nb y\n")
    for name in ("l.parquet", "l.txt"):
        found = read_lists(str(tmp_path / name), "recommendations").select("user_id", "item_id", "score").rows()
        assert found == expected, name


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"rank": [1, 1, 1, 2]}, "two items of rank 1 for user 'a'"),
        ({"score": [1.0, float("nan"), 1.0, 2.0]}, "a score that is no finite number"),
        ({"user_id": ["a", "b", "a", "b"]}, "two lists of user 'a'"),
    ],
)
def test_files_that_are_no_lists_are_refused(tmp_path, columns, words):
    with pytest.raises(UserError, match=words):
        read(tmp_path, **columns)


def test_a_user_on_two_lines_is_refused(tmp_path):
    (tmp_path / "l.txt").write_text("a x\na y\n")
    with pytest.raises(UserError, match="two lists of user 'a'"):
        read_lists(str(tmp_path / "l.txt"), "recommendations")


@pytest.fixture(scope="module")
def data():
    """Of u, v and w the test targets are c, c and new, which training does not have."""
    histories = {"u": "abac", "v": "bcac", "w": "abab"}
    events = [{"user_id": user, "item_id": item} for user, items in histories.items() for item in items]
    events += [{"user_id": "w", "item_id": "new"}]
    return prepare_sequences(number_table(pl.DataFrame(events)), None, LeaveOneOut())


def table_of(data, rows):
    schema = {"user_id": pl.String, "position": pl.Int64, "item_id": pl.String, "score": pl.Float64}
    return ListTable.of(pl.DataFrame(rows, schema=schema, orient="row"), data, "test")


def test_every_list_is_checked_and_what_cannot_count_is_told(data):
    rows = [("u", None, "b", 3.0), ("u", None, "mars", 2.0), ("u", None, "b", 1.0), ("u", None, "c", 1.0)]
    rows += [("x", None, "a", 1.0), ("v", None, "c", 1.0), ("v", None, "a", 1.0)]
    table = table_of(data, rows)
    found = {"missing": 1, "strangers": 1, "unknown_items": 1, "repeated_items": 1, "ties": 1}
    assert table.checks == found
    number = data.catalog.item_index
    users = {key[0]: row for key, row in table.row_of.items()}
    assert table.items[users[0]].tolist() == [number["b"], number["c"]]
    assert table.scores[users[0]].tolist() == [3.0, 1.0]


def test_no_list_at_all_is_refused(data):
    with pytest.raises(UserError, match=r"no target of the split has a list \(the file has user 'x'\)"):
        table_of(data, [("x", None, "a", 1.0)])


def test_what_is_no_candidate_is_taken_out_and_the_list_closes_up(data):
    rows = [("u", None, item, 9.0 - place) for place, item in enumerate("acb")] + [("v", None, "b", 1.0)]
    module = GivenLists(table=table_of(data, rows), catalog=data.catalog)
    one = torch.ones(3, 1, dtype=torch.int64)
    targets = data.split.test
    batch = SequenceBatch(one, one, one[:, 0], torch.from_numpy(targets.users),
                          target_positions=torch.from_numpy(targets.places))  # fmt: skip
    number = data.catalog.item_index
    seen = torch.tensor([[number["c"], 0], [0, 0], [number["a"], 0]])
    items, scores = module.top(batch, 4, seen)
    assert items.tolist() == [[number["a"], number["b"], 0, 0], [number["b"], 0, 0, 0], [0, 0, 0, 0]]
    assert scores[0, :2].tolist() == [9.0, 7.0]
    assert module.checks()["seen_items"] == 1
    assert module.checks()["missing"] == 1


def test_targets_of_one_input_share_the_list_of_the_first(data):
    from dataclasses import replace

    from seqmine.data.targets import Targets

    targets = Targets(np.array([0, 0, 0]), np.array([2, 3, 3]), known=np.array([2, 2, 3]), left_out=np.array([0, 0, 1]))
    several = replace(data, split=replace(data.split, test=targets))
    table = table_of(several, [("u", 2, "a", 1.0), ("u", 4, "b", 1.0)])
    assert table.row_of == {(0, 2): 0, (0, 3): 0, (0, 4): 1}
