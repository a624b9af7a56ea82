"""Lists of many users in parts: made one after the other or by several processes, kept when the program is stopped.

Parts lie beside the file that they become, each whole or absent. They say what they belong to, so that the same command
goes on where it was stopped and any other begins anew.
"""

import json
import logging
import math
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq
from numpy.typing import NDArray

from seqmine.structs import UserError
from seqmine.structs.files import write_atomically, write_json

_log = logging.getLogger(__name__)
_BELONGS = "belongs_to.json"
ENDINGS = (".parquet", ".csv", ".jsonl")
EMPTY = {"user_id": pl.String, "rank": pl.Int64, "item_id": pl.String, "score": pl.Float64}


@dataclass(frozen=True)
class Shards:
    """Where the parts of some lists are kept until all are there.

    Args:
        output: what they become.
        num_lists: of all parts.
        shard_size: lists of a part.

    Raises:
        UserError: an ending of the output that stands for no format, or parts of no list.
    """

    output: Path
    num_lists: int
    shard_size: int

    def __post_init__(self) -> None:
        if self.output.suffix not in ENDINGS:
            raise UserError(
                f"output is {str(self.output)!r}, allowed are names that end in .parquet or .csv or .jsonl; change "
                "output"
            )
        if self.shard_size < 1:
            raise UserError(f"shard_size is {self.shard_size}, allowed are whole numbers from 1; change shard_size")

    @property
    def folder(self) -> Path:
        """The folder of the parts."""
        return self.output.with_name(f".{self.output.name}.parts")

    def __len__(self) -> int:
        """Return the number of parts."""
        return math.ceil(self.num_lists / self.shard_size)

    def rows(self, number: int) -> NDArray[np.int64]:
        """Return which lists a part holds."""
        first = number * self.shard_size
        return np.arange(first, min(first + self.shard_size, self.num_lists))

    def path(self, number: int) -> Path:
        """Return the file of a part."""
        return self.folder / f"part-{number:06d}.parquet"

    def missing(self) -> list[int]:
        """Return the parts that are not there yet."""
        return [number for number in range(len(self)) if not self.path(number).is_file()]

    def open_for(self, belongs_to: dict[str, Any]) -> None:
        """Keep the parts that an earlier call left if they belong to the same, and remove them otherwise.

        Args:
            belongs_to: all that the lists depend on, as plain values.
        """
        path = self.folder / _BELONGS
        before = json.loads(path.read_text()) if path.is_file() else None
        if before is not None and before != belongs_to:
            names = [name for name in belongs_to if before.get(name) != belongs_to[name]] or sorted(before)
            _log.warning("the unfinished lists in %s differ in %s; they are made anew", self.folder, ", ".join(names))
        if before != belongs_to:
            shutil.rmtree(self.folder, ignore_errors=True)
            write_json(path, belongs_to)
            return
        done = len(self) - len(self.missing())
        _log.info("%d of %d parts are there already, in %s", done, len(self), self.folder)

    def write(self, number: int, lists: Iterable[pl.DataFrame]) -> None:
        """Write a part, which appears when it is complete."""
        frames = list(lists)
        write_atomically(self.path(number), pl.concat(frames).write_parquet)

    def tables(self) -> Iterator[pl.DataFrame]:
        """Yield the parts in order; one table without rows where there is none."""
        if not len(self):
            yield pl.DataFrame(schema=EMPTY)
        for number in range(len(self)):
            yield pl.read_parquet(self.path(number))

    def finish(self, users_per_file: int) -> None:
        """Make the output out of the parts, and remove them.

        Args:
            users_per_file: lists that one Parquet file holds, at most; more become a folder of files.
        """
        if self.output.suffix == ".parquet" and self.num_lists > users_per_file:
            (self.folder / _BELONGS).unlink()
            _remove(self.output)
            self.folder.replace(self.output)
            return
        if self.output.is_dir():
            _remove(self.output)
        write_tables(self.tables(), self.output)
        _remove(self.folder)


def write_tables(tables: Iterable[pl.DataFrame], output: Path) -> None:
    """Write tables one below the other in the format that the name of the output stands for."""
    writers: dict[str, Callable[[Iterable[pl.DataFrame], Path], None]] = {
        ".parquet": _write_parquet,
        ".csv": _write_csv,
        ".jsonl": _write_lines,
    }
    write_atomically(output, partial(writers[output.suffix], tables))


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _write_parquet(tables: Iterable[pl.DataFrame], path: Path) -> None:
    writer = None
    for table in tables:
        rows = table.to_arrow()
        writer = writer or pq.ParquetWriter(path, rows.schema)
        writer.write_table(rows)
    assert writer is not None
    writer.close()


def _write_csv(tables: Iterable[pl.DataFrame], path: Path) -> None:
    with path.open("wb") as file:
        for number, table in enumerate(tables):
            table.write_csv(file, include_header=number == 0)


def _write_lines(tables: Iterable[pl.DataFrame], path: Path) -> None:
    with path.open("wb") as file:
        for table in tables:
            table.write_ndjson(file)
