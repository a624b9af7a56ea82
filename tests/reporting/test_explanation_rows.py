import polars as pl
import pytest

from seqmine.explanation.attribution.deletion import DeletionExplainer
from seqmine.explanation.question import Question
from seqmine.probing.cases import Cases
from seqmine.reporting.explanation_rows import write_many
from seqmine.structs import Catalog
from tests.explanation.models import Additive

MODEL = Additive([0.0, 1.0, -0.5, 0.25, 0.0, 0.0], item=4)


def blocks():
    yield Cases.of_histories([[1, 2], [3]], max_length=9), [Question(0, 4), Question(1, 5)], ["x", "y"]
    yield Cases.of_histories([[2, 2]], max_length=9), [Question(0, 4)], ["z"]


def test_there_is_a_row_for_each_event(tmp_path):
    path = tmp_path / "explanations.parquet"
    assert write_many(path, DeletionExplainer(batch_size=4), MODEL, Catalog.of_size(5), blocks(), 4) == 5
    table = pl.read_parquet(path)
    assert table["user_id"].to_list() == ["x", "x", "y", "z", "z"]
    assert table["item_id"].to_list() == ["4", "4", "5", "4", "4"]
    assert table["event_item_id"].to_list() == ["1", "2", "3", "2", "2"]
    assert table["position"].to_list() == [1, 2, 1, 1, 2]
    assert table["share"].to_list()[:2] == pytest.approx([1.0, -0.5])
    assert table["completeness_gap"].null_count() == 5


def test_a_table_that_fails_is_not_left_behind(tmp_path):
    def broken():
        yield from blocks()
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        write_many(tmp_path / "t.parquet", DeletionExplainer(batch_size=4), MODEL, Catalog.of_size(5), broken(), 4)
    assert not list(tmp_path.iterdir())
