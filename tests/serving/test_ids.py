import gzip

import polars as pl
import pytest

from seqmine.serving.ids import keep_known, read_ids
from seqmine.structs import UserError


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.txt", "007\n7\n\n007\n"),
        ("b.txt", "user_id\n007\n7\n"),
        ("c.csv", "007\n7\n"),
        ("d.csv", "user_id\n007\n7\n"),
        ("e.csv", "name,customer\nann,007\nbob,7\n"),
        ("f.csv", 'customer;name\n"007";ann\n7;bob\n'),
        ("g.tsv", "x\tuser_id\n1\t007\n2\t7\n"),
    ],
)
def test_files_of_ids_are_read_with_and_without_a_header(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert read_ids(str(tmp_path / name), "users", ["user_id", "customer"]) == ["007", "7"]


def test_packed_and_parquet_files_are_read(tmp_path):
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"1\n2\n"))
    pl.DataFrame({"whatever": [1, 2]}).write_parquet(tmp_path / "b.parquet")
    pl.DataFrame({"x": [0], "item_id": [3]}).write_parquet(tmp_path / "c.parquet")
    found = [read_ids(str(tmp_path / name), "only", ["item_id"]) for name in ("a.txt.gz", "b.parquet", "c.parquet")]
    assert found == [["1", "2"], ["1", "2"], ["3"]]


def test_ids_are_named_on_the_command_line():
    assert read_ids(["a", 7], "users", []) == ["a", "7"]
    assert read_ids("a, b,,a", "users", []) == ["a", "b"]


def test_a_file_that_is_missing_or_has_no_column_of_ids_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"users is 'no.csv', which is no file; change users"):
        read_ids("no.csv", "users", ["user_id"])
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    with pytest.raises(UserError, match=r"with the columns x, y, allowed is a column user_id, or a file of one column"):
        read_ids(str(tmp_path / "a.csv"), "users", ["user_id"])


def test_unknown_ids_are_counted_and_the_first_are_named(caplog):
    assert keep_known(["b", "x", "a", "y", "z", "w"], {"a", "b"}, "only", "items") == ["b", "a"]
    assert "only names 6 items, 4 of them unknown ('x', 'y', 'z', ...)" in caplog.text
    with pytest.raises(UserError, match=r"only names 'x', which is not among the 2 items"):
        keep_known(["x"], {"a", "b"}, "only", "items")
    with pytest.raises(UserError, match="users names no users; set users to ids"):
        keep_known([], {"a"}, "users", "users")
