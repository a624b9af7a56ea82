import shutil

import polars as pl
import pytest

from seqmine.data.engines.embedded import PolarsEngine
from seqmine.data.engines.spark import SparkEngine, from_spark, to_spark
from seqmine.data.sources.interactions import InteractionFiles
from seqmine.structs import UserError
from tests.data.engines.test_embedded import prepared, shop

SETTINGS = {
    "spark.sql.shuffle.partitions": 2,
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
}


@pytest.fixture
def engine():
    pytest.importorskip("pyspark", reason="Spark is an extra that is not installed: pip install '.[spark]'")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java 17, which is not installed")
    return SparkEngine(master="local[1]", part_events=400, settings=SETTINGS)


@pytest.mark.parametrize("name", ["standard", "sessions"])
def test_both_engines_give_the_same_audit_and_the_same_sequences(engine, tmp_path, name):
    shop().write_parquet(tmp_path / "log.parquet")
    expected = prepared(PolarsEngine(part_events=10**6), tmp_path / "log.parquet", name)
    assert prepared(engine, tmp_path / "log.parquet", name) == expected
    assert [path.name for path in tmp_path.iterdir()] == ["log.parquet"]


def test_a_mistake_in_the_cleaning_is_one_sentence(engine, tmp_path):
    shop().drop("timestamp").write_parquet(tmp_path / "log.parquet")
    with pytest.raises(UserError, match="ExactDuplicates needs a timestamp"):
        prepared(engine, tmp_path / "log.parquet")


def test_types_survive_the_way_to_spark_and_back():
    frame = pl.DataFrame(
        {"user_id": [2**40], "item_id": [3], "kind": ["b"], "rating": [0.5], "word": ["é"]},
        schema={"user_id": pl.UInt64, "item_id": pl.UInt32, "kind": pl.Enum(["a", "b"]), "rating": pl.Float32, "word": pl.String},
    )  # fmt: skip
    assert from_spark(to_spark(frame), frame.schema).equals(frame)
    assert {str(field.type) for field in to_spark(frame).schema} == {"int64", "float", "string"}


def test_what_is_missing_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyspark.sql", None)
    with pytest.raises(UserError, match=r"needs pyspark; install '\.\[spark\]' or set cleaning.engine=polars"):
        SparkEngine(master="local", part_events=1, settings={}).number(InteractionFiles(path="x"), tmp_path).__enter__()
    with pytest.raises(UserError, match=r"part_events is 0, allowed are whole numbers from 1"):
        SparkEngine(master="local", part_events=0, settings={})
