"""The engine of many machines: Apache Spark sorts the log and runs the same functions on its parts.

Spark only moves, sorts and keeps events; what is done to the events of a part is the code of the other engine, so both
give the same sequences.
"""

import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from seqmine.data.engines.parts import ORDER, Function, LazySource, NumberedLog, part_borders, scan_source
from seqmine.structs import Source, UserError
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import PositiveInt
from seqmine.structs.disk import is_full
from seqmine.structs.files import scratch

READ_ERRORS = (pl.exceptions.PolarsError, pl.exceptions.PanicException)


@bounded
class SparkEngine:
    """Divides a log into the partitions of a Spark table.

    The log is streamed once into a Parquet file, which all machines must be able to read. Raw keys of users and items,
    a few numbers each, are held by this process, since a catalog and a list of users are what it prepares.

    Args:
        master: where Spark runs: ``local[*]`` or the address of a cluster.
        part_events: events a part; a worker holds one part at a time.
        settings: further settings of Spark by name.
    """

    def __init__(self, *, master: str, part_events: PositiveInt, settings: Mapping[str, Any]) -> None:
        self.master, self.part_events, self.settings = master, part_events, dict(settings)

    @contextmanager
    def number(self, source: Source, folder: Path) -> Iterator[NumberedLog]:
        """Read a source; Spark runs, and its parts are there, while the context is open.

        Args:
            source: the raw log.
            folder: parts are kept in a folder inside it, which is removed afterwards.

        Raises:
            UserError: the log cannot be read, or Spark or Java is not installed.
        """
        spark = self._start()
        try:
            with scratch(folder, "parts") as place:
                yield self._number(spark, source, place)
        finally:
            spark.stop()

    def _start(self) -> Any:
        try:
            from pyspark.sql import SparkSession
        except ImportError as error:
            raise UserError(
                "`cleaning.engine`=spark needs pyspark; install '.[spark]' or set `cleaning.engine`=polars"
            ) from error
        if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
            raise UserError(
                "`cleaning.engine`=spark needs Java 17, and none is found; set JAVA_HOME or `cleaning.engine`=polars"
            )
        builder = SparkSession.builder.master(self.master).appName("seqmine")
        # workers run the interpreter of this process, since they need the same packages
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        for name, value in {"spark.ui.enabled": "false", **self.settings}.items():
            builder = builder.config(name, str(value))
        session = builder.getOrCreate()
        session.sparkContext.setLogLevel("ERROR")
        return session

    def _number(self, spark: Any, source: Source, folder: Path) -> NumberedLog:
        path = folder / "log.parquet"
        events = scan_source(source).with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
        try:
            events.sink_parquet(path)
        except READ_ERRORS as error:
            if isinstance(source, LazySource) and not is_full(error):
                raise source.explain(error) from error
            raise
        raw = spark.read.parquet(str(path))
        users, items = _count_keys(raw, "user_id"), _count_keys(raw, "item_id")
        schema = {**events.drop("row").collect_schema(), "user_id": pl.UInt32(), "item_id": pl.UInt32()}
        borders = part_borders(users["events"].to_numpy(), self.part_events)
        part = np.searchsorted(borders, np.arange(len(users)), side="right")
        numbered = _join(spark, raw, "user_id", users.with_columns(part=pl.Series(part, dtype=pl.Int32)))
        numbered = _join(spark, numbered, "item_id", items)
        if "behavior" in schema:
            behaviors = _count_keys(raw, "behavior")
            numbered = _join(spark, numbered, "behavior", behaviors)
            schema["behavior"] = pl.Enum(behaviors["behavior"])
        order = [name for name in (*ORDER, "row") if name in (*schema, "row")]
        table = numbered.repartitionById(len(borders) + 1, "part").sortWithinPartitions(*order).select(*schema)
        return NumberedLog(SparkParts(table, pl.Schema(schema), folder), users["user_id"], items["item_id"])


class SparkParts:
    """Parts as the partitions of a Spark table.

    Args:
        table: the events, one partition a part.
        schema: their types in polars.
        folder: where the parts are written to be read one by one.
    """

    def __init__(self, table: Any, schema: pl.Schema, folder: Path) -> None:
        self.table, self.schema, self.folder = table.persist(), schema, folder

    def map(self, function: Function) -> "SparkParts":
        """Return the parts with a function applied to each."""
        table, schema = self._apply(function)
        mapped = SparkParts(table, schema, self.folder)
        mapped.table.count()
        self.table.unpersist()
        return mapped

    def gather(self, function: Function) -> pl.DataFrame:
        """Return what a function makes of each part, one below the other."""
        table, schema = self._apply(function)
        return from_spark(table.toArrow(), schema)

    def tables(self) -> Iterator[pl.DataFrame]:
        """Yield one part after the other, from files that Spark writes."""
        self.table.write.mode("overwrite").parquet(str(self.folder / "parts"))
        for path in sorted((self.folder / "parts").glob("part-*.parquet")):
            yield from_spark(pl.read_parquet(path).to_arrow(), self.schema)

    def _apply(self, function: Function) -> tuple[Any, pl.Schema]:
        from pyspark.sql.pandas.types import from_arrow_schema

        before = self.schema
        # An empty part tells the new types, and lets a mistake of the user surface here and not on a worker.
        empty = function(pl.DataFrame(schema=before))

        def apply(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            part = pa.Table.from_batches(batches, to_spark(pl.DataFrame(schema=before)).schema)
            yield from to_spark(function(from_spark(part, before))).to_batches()

        return self.table.mapInArrow(apply, from_arrow_schema(to_spark(empty).schema)), empty.schema


def to_spark(frame: pl.DataFrame) -> pa.Table:
    """Return a table in the types that Spark has: its integers are signed, and it knows no categories."""
    columns = [
        pl.col(name).to_physical().cast(pl.Int64) if _is_number(dtype) else pl.col(name)
        for name, dtype in frame.schema.items()
    ]
    table = frame.select(columns).to_arrow(compat_level=pl.CompatLevel.oldest())
    text = [field.with_type(pa.string()) if field.type == pa.large_string() else field for field in table.schema]
    return table.cast(pa.schema(text))


def from_spark(table: pa.Table, schema: pl.Schema) -> pl.DataFrame:
    """Return what ``to_spark`` was given.

    >>> frame = pl.DataFrame({"n": [1]}, schema={"n": pl.UInt32})
    >>> from_spark(to_spark(frame), frame.schema).equals(frame)
    True
    """
    frame = pl.DataFrame(pl.from_arrow(table))
    return frame.select(_typed(frame[name], dtype) for name, dtype in schema.items())


def _is_number(dtype: pl.DataType) -> bool:
    return isinstance(dtype, pl.Enum) or dtype.is_unsigned_integer()


def _typed(values: pl.Series, dtype: pl.DataType) -> pl.Series:
    if isinstance(dtype, pl.Enum):
        return values.cast(pl.Series([], dtype=dtype).to_physical().dtype).cat.to(dtype)
    return values.cast(dtype)


def _count_keys(raw: Any, column: str) -> pl.DataFrame:
    """Return the keys of a column in the order of their text, and the events of each."""
    from pyspark.sql import functions

    counts = raw.groupBy(column).agg(functions.count("*").alias("events"))
    # sorted here, so that both engines agree on the order of any text
    return pl.DataFrame(pl.from_arrow(counts.toArrow())).sort(column)


def _join(spark: Any, raw: Any, column: str, keys: pl.DataFrame) -> Any:
    """Replace the keys of a column by their numbers, and add the other columns of the table of keys."""
    numbers = keys.drop("events").with_row_index("number").with_columns(pl.col("number").cast(pl.Int64))
    joined = raw.join(spark.createDataFrame(to_spark(numbers)), column)
    return joined.drop(column).withColumnRenamed("number", column)
