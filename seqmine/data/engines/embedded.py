"""The engine of one machine: polars streams the log into parts on disk, so that memory holds one part at a time."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import polars as pl

from seqmine.data.engines.parts import (
    Function,
    LazySource,
    NumberedLog,
    Parts,
    part_borders,
    scan_source,
    sort_events,
)
from seqmine.structs import Source
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import PositiveInt
from seqmine.structs.files import scratch
from seqmine.structs.progress import progress

READ_ERRORS = (pl.exceptions.PolarsError, pl.exceptions.PanicException)
"""What reading a file that is damaged in the middle may raise."""
_BATCH_EVENTS = 2_000_000
_LONG_EVENTS = 20_000_000


@bounded
class PolarsEngine:
    """Divides a log into parts on the disk of this machine; a log that fits one part stays in memory.

    Args:
        part_events: events a part: more need more memory, fewer need more files.
    """

    def __init__(self, *, part_events: PositiveInt) -> None:
        self.part_events = part_events

    @contextmanager
    def number(self, source: Source, folder: Path) -> Iterator[NumberedLog]:
        """Read a source; its parts are there while the context is open.

        Args:
            source: the raw log.
            folder: parts are kept in a folder inside it, which is removed afterwards.

        Raises:
            UserError: the log cannot be read.
        """
        with scratch(folder, "parts") as place:
            try:
                log = self._number(scan_source(source), place)
            except READ_ERRORS as error:
                if isinstance(source, LazySource):
                    raise source.explain(error) from error
                raise
            yield log

    def _number(self, events: pl.LazyFrame, folder: Path) -> NumberedLog:
        users, items = count_keys(events, "user_id"), count_keys(events, "item_id")
        numbered = number_keys(events, users["user_id"], items["item_id"])
        borders = part_borders(users["events"].to_numpy(), self.part_events)
        if len(borders):
            pieces = write_pieces(
                numbered,
                lambda batch: np.searchsorted(borders, batch["user_id"].to_numpy(), side="right"),
                len(borders) + 1,
                int(users["events"].sum()),
                folder,
            )
            del events, numbered  # may hold a whole log of text
            parts: Parts = FileParts(pieces, folder).map(sort_events)
        else:
            parts = MemoryParts(sort_events(numbered.collect(engine="streaming")))
        return NumberedLog(parts, users["user_id"], items["item_id"])


class MemoryParts:
    """One part in memory.

    Args:
        table: the events.
    """

    def __init__(self, table: pl.DataFrame) -> None:
        self.table = table

    def map(self, function: Function) -> "MemoryParts":
        """Return the part with a function applied."""
        return MemoryParts(function(self.table))

    def gather(self, function: Function) -> pl.DataFrame:
        """Return what a function makes of the part."""
        return function(self.table)

    def tables(self) -> Iterator[pl.DataFrame]:
        """Yield the part."""
        yield self.table


class FileParts:
    """Parts in files, each of one or several pieces; only one part is in memory at a time.

    Args:
        pieces: the Arrow files of each part.
        folder: where new files are written.
        step: how many times the parts were rewritten.
    """

    def __init__(self, pieces: Sequence[Sequence[Path]], folder: Path, step: int = 0) -> None:
        self.pieces, self.folder, self.step = pieces, folder, step

    def map(self, function: Function) -> "FileParts":
        """Return the parts with a function applied to each, in new files; the files before are deleted."""
        written = []
        for number, (table, old) in enumerate(zip(self.tables(), self.pieces, strict=True)):
            path = self.folder / f"step-{self.step}-{number}.arrow"
            function(table).write_ipc(path)
            written.append([path])
            for piece in old:
                piece.unlink()
        return FileParts(written, self.folder, self.step + 1)

    def gather(self, function: Function) -> pl.DataFrame:
        """Return what a function makes of each part, one below the other."""
        return pl.concat([function(table) for table in self.tables()])

    def tables(self) -> Iterator[pl.DataFrame]:
        """Yield one part after the other."""
        for number in range(len(self)):
            yield self.table(number)

    def __len__(self) -> int:
        """Return the number of parts."""
        return len(self.pieces)

    def table(self, number: int) -> pl.DataFrame:
        """Return one part."""
        return pl.concat([pl.read_ipc(piece) for piece in self.pieces[number]])


def count_keys(events: pl.LazyFrame, column: str) -> pl.DataFrame:
    """Return the keys of a column in the order of their text, and the events of each.

    >>> count_keys(pl.LazyFrame({"user_id": ["v", "u", "v"]}), "user_id").rows()
    [('u', 1), ('v', 2)]
    """
    return events.group_by(column).agg(events=pl.len()).collect(engine="streaming").sort(column)


def number_keys(events: pl.LazyFrame, user_ids: pl.Series, item_ids: pl.Series) -> pl.LazyFrame:
    """Return events whose keys are numbers and whose behavior is an Enum in the order of its text."""
    numbered = events.with_columns(_number("user_id", user_ids), _number("item_id", item_ids))
    if "behavior" not in events.collect_schema().names():
        return numbered
    return numbered.with_columns(pl.col("behavior").cast(pl.Enum(count_keys(events, "behavior")["behavior"])))


def number_table(events: pl.DataFrame | pl.LazyFrame) -> NumberedLog:
    """Return a log as one part in memory; of events that are scanned it holds the numbers alone."""
    lazy = events.lazy()
    user_ids, item_ids = (count_keys(lazy, name)[name] for name in ("user_id", "item_id"))
    numbered = number_keys(lazy, user_ids, item_ids).collect(engine="streaming")
    return NumberedLog(MemoryParts(sort_events(numbered)), user_ids, item_ids)


def _number(column: str, keys: pl.Series) -> pl.Expr:
    return pl.col(column).cast(pl.Enum(keys)).to_physical().cast(pl.UInt32)


def write_pieces(
    events: pl.LazyFrame,
    part_of: Callable[[pl.DataFrame], np.ndarray],
    num_parts: int,
    num_events: int,
    folder: Path,
    batch_events: int = _BATCH_EVENTS,
) -> list[list[Path]]:
    """Write the events of each part in pieces, in the order of the log.

    Args:
        events: of the log, read in a stream.
        part_of: returns the part of each row of a table, from 0.
        num_parts: of the log.
        num_events: of the log, for the progress that is shown.
        folder: where the pieces are written.
        batch_events: events that are divided at once: fewer need less memory and make more files.

    Returns:
        The files of each part.
    """
    pieces: list[list[Path]] = [[] for _ in range(num_parts)]
    batches = events.collect_batches(chunk_size=batch_events, maintain_order=True, engine="streaming")
    with progress(num_events, "dividing the log", _LONG_EVENTS) as advance:
        for batch in batches:
            for rows in batch.with_columns(part=pl.Series(part_of(batch))).partition_by("part", maintain_order=True):
                mine = pieces[rows["part"][0]]
                path = folder / f"part-{rows['part'][0]}-{len(mine)}.arrow"
                rows.drop("part").write_ipc(path)
                mine.append(path)
            advance(len(batch))
    return pieces
