import numpy as np
import polars as pl
import pytest

from seqmine.app.embedding import item_texts, shards_of
from seqmine.structs import UserError


class Lengths:
    """The length of each text; counts the texts that it is asked for, and stops before a bad one."""

    def __init__(self, name="a"):
        self.name, self.asked = name, []

    def fingerprint(self):
        return self.name

    def vectors(self, texts):
        if "bad" in texts:
            raise KeyboardInterrupt
        self.asked += texts
        return np.array([[len(text)] for text in texts], np.float32)


def test_a_stopped_run_goes_on_and_what_is_known_is_not_made_again(tmp_path):
    embedder = Lengths()
    with pytest.raises(KeyboardInterrupt):
        shards_of(embedder, ["a", "bb", "ccc", "bad"], 2, tmp_path)
    assert embedder.asked == ["a", "bb"]
    found = shards_of(embedder, ["a", "bb", "ccc", "dddd", "e"], 2, tmp_path)
    assert found[:, 0].tolist() == [1, 2, 3, 4, 1]
    assert embedder.asked == ["a", "bb", "ccc", "dddd", "e"]
    shards_of(embedder, ["a", "bb", "ccc", "changed"], 2, tmp_path)
    assert embedder.asked[5:] == ["ccc", "changed"]
    other = Lengths("b")
    shards_of(other, ["a", "bb"], 2, tmp_path)
    assert other.asked == ["a", "bb"]
    with pytest.raises(UserError, match="shard_size is 0, allowed are whole numbers from 1"):
        shards_of(other, ["a"], 0, tmp_path)


def test_a_column_that_is_not_there_is_told():
    with pytest.raises(UserError, match="columns has 'brand', and the table of items has title; change columns"):
        item_texts(pl.DataFrame({"title": ["x"]}), ["brand"])
