import logging

import polars as pl
import pytest

from seqmine.data.sources.item_table import read_item_table, read_table, require_joined
from seqmine.data.sources.sequences import SequenceFile
from seqmine.structs import Source, UserError


def write(folder, text):
    path = folder / "log.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def test_item_attributes_of_json_and_csv(tmp_path):
    (tmp_path / "items.json").write_text('{"a": [1, 2], "b": []}')
    (tmp_path / "items.csv").write_text('item_id,title,genres\na,"Up, |again",x|y\nb,Down,\n')
    log = write(tmp_path, "u a b\n")
    assert SequenceFile(path=log).item_features() is None
    json_table = SequenceFile(path=log, items_path=str(tmp_path / "items.json")).item_features()
    assert json_table.rows() == [("a", ["1", "2"]), ("b", [])]
    csv_table = SequenceFile(path=log, items_path=str(tmp_path / "items.csv")).item_features()
    assert csv_table.rows() == [("a", "Up, |again", ["x", "y"]), ("b", "Down", [])]
    assert isinstance(SequenceFile(path=log), Source)


@pytest.mark.parametrize("keys", [pl.Series([7, 8], dtype=pl.Int32), pl.Series([7.0, 8.0]), pl.Series(["7 ", "8"])])
def test_keys_of_any_type_are_those_of_a_log(keys, tmp_path):
    path = tmp_path / "items.parquet"
    pl.DataFrame({"item_id": keys, "title": ["x", "y"]}).write_parquet(path)
    assert read_item_table(str(path)).rows() == [("7", "x"), ("8", "y")]
    pl.DataFrame({"sku": keys, "item_id": ["row 1", "row 2"]}).write_parquet(path)
    assert read_item_table(str(path), "sku").rows() == [("7",), ("8",)]


def test_keys_that_may_merge_and_missing_columns_are_refused(tmp_path):
    path = tmp_path / "items.parquet"
    pl.DataFrame({"item_id": [7.5]}).write_parquet(path)
    with pytest.raises(UserError, match=r"keys of type Float64 in column 'item_id' that are no whole numbers"):
        read_item_table(str(path))
    with pytest.raises(UserError, match=r"has no column sku \(item_id\); set items_key to the column"):
        read_item_table(str(path), "sku")


def test_rows_stay_in_place_for_the_vectors_beside_them(tmp_path):
    """A row without key keeps its place in the table, and is no item."""
    path = tmp_path / "items.csv"
    path.write_text("item_id,title\n7.0,x\n,y\n8.0,z\n")
    assert read_table(str(path), "item_id", "items_path")["item_id"].to_list() == ["7", "", "8"]
    assert read_item_table(str(path))["item_id"].to_list() == ["7", "8"]


def test_how_many_items_a_table_knows_is_said_and_none_is_refused(caplog):
    with caplog.at_level(logging.INFO):
        require_joined(["7", "8", "9"], pl.Series(["8", "9", "1"]), "items", "data.items_path")
    assert "knows 2 of the 3 items" in caplog.text
    with pytest.raises(UserError, match=r"knows none of the 1 items of the log \(it has '7.5', the log '7'\)"):
        require_joined(["7"], pl.Series(["7.5"]), "items", "data.items_path")
