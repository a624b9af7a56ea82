"""The formats in which publishers give out events and item attributes, one small reader a format."""

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import polars as pl

from seqmine.data.sources.columns import choose_columns
from seqmine.data.sources.delimited import DelimitedText, open_table
from seqmine.data.sources.files import read_bytes, read_text
from seqmine.data.sources.item_table import split_values

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RawEvents:
    """Columns of text as a file has them, under the names of the event schema.

    Args:
        frame: one row an event, in file order.
        locate: turns the number of a row (from 0) into words such as ``log.csv line 7``.
        outside: rows that were left out because they lie outside the period of the log.
    """

    frame: pl.DataFrame
    locate: Callable[[int], str]
    outside: int = 0


class EventTable(Protocol):
    """Reads the events of one file."""

    name: str

    def read(self, path: Path) -> RawEvents:
        """Return the events of the file ``name``, found at ``path``."""
        ...


class TextTable:
    """A delimited file of events.

    Args:
        name: name of the file.
        columns: schema name (``user_id``, ``item_id``, ``timestamp``, ``behavior``, ``rating``) to column name.
        separator: the text between two values, of one or more characters; None takes the first of tab, comma, semicolon
            and bar that stands in the header.
        header: names of all columns when the file has no line of them, else None.
        behavior: what all events of the file are, or None when a column says it.
        encoding: of the text.
        time_format: how times are written, in the codes of ``strftime``, or None for numbers and ISO 8601.
        time_prefix: text put before each time, for logs that leave out the year.
        period: first and last second since 1970 that the publisher says the log covers; events outside are dropped and
            counted in the log. None keeps all.
    """

    def __init__(
        self,
        *,
        name: str,
        columns: Mapping[str, str],
        separator: str | None = None,
        header: Sequence[str] | None = None,
        behavior: str | None = None,
        encoding: str = "utf-8",
        time_format: str | None = None,
        time_prefix: str = "",
        period: Sequence[int] | None = None,
    ) -> None:
        self.name = name
        self.columns = dict(columns)
        self.separator = separator
        self.header = None if header is None else list(header)
        self.behavior = behavior
        self.encoding = encoding
        self.time_format = time_format
        self.time_prefix = time_prefix
        self.period = None if period is None else list(period)

    def read(self, path: Path) -> RawEvents:
        """Return the events of the file.

        Raises:
            UserError: the file is not in this format.
        """
        table = open_published(path, self.separator, self.header, self.encoding)
        chosen = choose_columns(self.columns, table.header, str(path))
        frame = table.read(list(chosen.values())).rename({column: name for name, column in chosen.items()})
        if self.behavior is not None:
            frame = frame.with_columns(behavior=pl.lit(self.behavior))
        if self.time_prefix:
            frame = frame.with_columns(timestamp=pl.lit(self.time_prefix) + pl.col("timestamp"))
        if self.time_format is not None:
            frame = frame.with_columns(_to_iso(frame["timestamp"], self.time_format))
        if self.period is None:
            return RawEvents(frame, lambda row: f"{path} line {table.line_of(row)}")
        kept = _within(frame, self.period, path)
        outside = len(frame) - len(kept)
        return RawEvents(kept.drop("row"), lambda row: f"{path} line {table.line_of(kept['row'][row])}", outside)


class ItemTable:
    """A delimited file of item attributes.

    Args:
        name: name of the file.
        columns: attribute (``item_id`` among them) to column name.
        lists: attributes with several values, to the text between two values.
        separator: see ``TextTable``.
        header: see ``TextTable``.
        encoding: of the text.
    """

    def __init__(
        self,
        *,
        name: str,
        columns: Mapping[str, str],
        lists: Mapping[str, str] | None = None,
        separator: str | None = None,
        header: Sequence[str] | None = None,
        encoding: str = "utf-8",
    ) -> None:
        self.name = name
        self.columns = dict(columns)
        self.lists = dict(lists or {})
        self.separator = separator
        self.header = None if header is None else list(header)
        self.encoding = encoding

    def read(self, path: Path) -> pl.DataFrame:
        """Return ``item_id`` and the attributes.

        Raises:
            UserError: the file is not in this format.
        """
        table = open_published(path, self.separator, self.header, self.encoding)
        frame = table.read(list(self.columns.values())).select(**renamed(self.columns))
        return frame.with_columns(
            split_values(frame[name].str.strip_chars("[]"), separator) for name, separator in self.lists.items()
        )


def open_published(path: Path, separator: str | None, header: Sequence[str] | None, encoding: str) -> DelimitedText:
    """Open a delimited file whose publisher may leave out the header or use a separator of several characters.

    Raises:
        UserError: the text is not in the encoding.
    """
    if header is None and separator is None and encoding == "utf-8":
        return open_table(path)
    text = read_text(path) if encoding == "utf-8" else read_bytes(path).decode(encoding).encode()
    if separator is not None and len(separator) > 1:
        text, separator = text.replace(separator.encode(), b"\t"), "\t"
    first = re.split(rb"[\r\n]", text, maxsplit=1)[0].decode()
    names = list(header or first.split(separator or ","))
    return DelimitedText(path, text, separator or ",", names, has_header=header is None, quoted=separator == ",")


def _within(frame: pl.DataFrame, period: Sequence[int], path: Path) -> pl.DataFrame:
    inside = pl.col("timestamp").cast(pl.Int64, strict=False).is_between(period[0], period[1]).fill_null(True)
    kept = frame.with_row_index("row").filter(inside)
    if len(kept) < len(frame):
        _log.warning("%s: %d events outside the period of the log are dropped", path, len(frame) - len(kept))
    return kept


def renamed(columns: Mapping[str, str]) -> dict[str, pl.Expr]:
    """Return the selection that gives columns the names of a schema."""
    return {name: pl.col(column) for name, column in columns.items()}


def _to_iso(times: pl.Series, time_format: str) -> pl.Series:
    """Rewrite times in ISO 8601; one that does not fit stays as it is, so that it is named as wrong later."""
    moments = times.str.to_datetime(time_format, strict=False)
    return moments.dt.strftime("%Y-%m-%dT%H:%M:%S").fill_null(times)
