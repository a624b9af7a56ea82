import numpy as np
import polars as pl
import pytest

from seqmine.data.sources.sequences import SequenceFile, tokenize
from seqmine.data.sources.spmf import read_spmf
from seqmine.structs import UserError


def read(text):
    tokens = tokenize(text)
    return read_spmf(tokens.words, tokens.lines, {}, "db.txt")


def test_sets_are_numbered_within_their_sequence():
    """The first example of the documentation of SPMF's PrefixSpan."""
    found = read(b"1 -1 1 2 3 -1 1 3 -1 4 -1 3 6 -1 -2\n1 4 -1 3 -1 2 3 -1 1 5 -1 -2\n")
    first = found.filter(pl.col("user_id") == "1")
    assert first["item_id"].to_list() == ["1", "1", "2", "3", "1", "3", "4", "3", "6"]
    assert first["timestamp"].to_list() == [0, 1, 1, 1, 2, 2, 3, 4, 4]
    assert found.filter(pl.col("user_id") == "2")["timestamp"].to_list() == [0, 0, 1, 2, 2, 3, 3]


def test_a_sequence_may_be_empty_or_have_several_lines():
    assert read(b"1 -1\n2 -1 -2\n-2\n3 -1 -2\n").rows() == [("1", "1"), ("1", "2"), ("4", "3")]


def test_a_sequence_without_end_is_refused():
    with pytest.raises(UserError, match=r"db.txt does not end with -2"):
        read_spmf(pl.Series(["1", "-1"]), np.array([0, 0]), {}, "db.txt")


def test_minus_one_alone_is_an_item(tmp_path):
    (tmp_path / "log.txt").write_text("u -1 5\nv -1 -2 6\n")
    assert SequenceFile(path=str(tmp_path / "log.txt")).read()["item_id"].to_list() == ["-1", "5", "-1", "-2", "6"]
