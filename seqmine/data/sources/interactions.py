"""Event logs that a user brings as tables: CSV, TSV or Parquet, one file, a folder or a glob of them."""

import bisect
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from pathlib import Path

import polars as pl

from seqmine.data.sources.columns import ALL_MISSING_WORDS, REQUIRED, choose_columns, first_true, whole_keys
from seqmine.data.sources.delimited import DelimitedText, open_table
from seqmine.data.sources.event_columns import USUAL, EventColumns
from seqmine.data.sources.events import to_events
from seqmine.data.sources.files import (
    PARQUET_MAGIC,
    begins_with,
    expand_paths,
    fingerprint_files,
    plain_name,
    read_beginning,
    require_file,
)
from seqmine.data.sources.item_table import read_item_table
from seqmine.data.sources.json_lines import json_names, json_type, read_json_events
from seqmine.data.sources.judging import judge_times
from seqmine.data.sources.parquet import PARQUET_ERRORS, damaged, parquet_names, scan_parquet
from seqmine.data.sources.timestamps import NUMBERS
from seqmine.structs import UserError

_JUDGED_BYTES = 1 << 23
"""Size of the beginning that is judged, of larger files: some 100,000 rows."""


class InteractionFiles:
    """Reads tables with one event per row; keys stay text, rows stay in file order (files by name).

    Text is CSV, TSV or their kin, or JSON lines; Parquet may have a list of items a row. Blanks around keys are no part
    of them, and keys that a program wrote as fractions (``7.0``) are whole numbers.

    Args:
        path: a file, a folder or a glob pattern; text may be packed (gzip, zip, zstd, bzip2, xz). All files have one
            format and one set of columns.
        columns: which of its columns hold what, and how times are written.
        reject_path: a JSON-lines file for the rows without user, item or behavior, with their file and line; None drops
            them. Either way they are counted in the log.
        items_path: a table of item attributes (see ``read_item_table``), or None.
        items_key: the column of item keys in that table.
        header: whether the first line of text names the columns; None decides by what stands there.

    Times finer than a second bring a column ``microsecond`` with the order inside a second.

    Raises:
        UserError: ``header`` is no truth value.
    """

    def __init__(
        self,
        *,
        path: str,
        columns: EventColumns = USUAL,
        reject_path: str | None = None,
        items_path: str | None = None,
        items_key: str = "item_id",
        header: bool | None = None,
    ) -> None:
        if header not in (None, True, False):
            raise UserError(f"`header`={header} is unknown; set `header` to true, false or null")
        self.path = path
        self.columns, self.time_format = columns.names, columns.time_format
        self.reject_path = reject_path
        self.items_path, self.items_key = items_path, items_key
        self.header = header
        self.dropped: dict[str, int] = {}

    def scan(self) -> pl.LazyFrame:
        """Return the events in file order without holding them in memory where the format allows it (Parquet).

        The rows that cannot be used are counted by reason in ``dropped``.

        Raises:
            UserError: a file, a column or a value cannot be read; the message says which.
        """
        paths = expand_paths(self.path)
        self.dropped = {}
        if is_parquet(paths):
            return scan_parquet(paths, self.columns, self.reject_path, self.time_format, self.dropped)
        raw, locate = self._read_json(paths) if is_json(paths) else self._read_text(paths)
        keys = [name for name in (*REQUIRED, "session", "behavior") if name in raw.columns]
        raw = raw.with_columns(pl.col(keys).str.strip_chars())
        raw = raw.with_columns(whole_keys(raw[name]) for name in REQUIRED)
        return to_events(raw, locate, self.reject_path, self.time_format, self.dropped, ALL_MISSING_WORDS).lazy()

    def column_names(self) -> list[str]:
        """Return the columns of the first file.

        Raises:
            UserError: it cannot be read.
        """
        paths = expand_paths(self.path)
        if is_parquet(paths):
            return parquet_names(paths[0])
        return list(json_names(paths[0])) if is_json(paths) else list(self._open(paths[0]).header)

    def _open(self, path: Path) -> DelimitedText:
        return open_table(path, self.header, [column for column in self.columns.values() if column is not None])

    def _judge_beginning(self, path: Path) -> None:
        """Refuse a large file by its first rows: a column is not there, a line broken, a time cannot be read."""
        text = read_beginning(path, _JUDGED_BYTES) if path.stat().st_size > _JUDGED_BYTES else b""
        if not text:
            return
        wanted = [column for column in self.columns.values() if column is not None]
        table = open_table(path, self.header, wanted, text)
        chosen = _columns_of(table, self.columns)
        if table.quoted and b'"' in text:
            return  # a value may go on beyond the beginning
        raw = table.read(list(chosen.values())).select(pl.col(column).alias(name) for name, column in chosen.items())
        judge_times(raw, lambda row: f"{path} line {table.line_of(row)}", self.time_format)

    def _read_text(self, paths: Sequence[Path]) -> tuple[pl.DataFrame, Callable[[int], str]]:
        self._judge_beginning(paths[0])
        tables = [self._open(path) for path in paths]
        chosen = _columns_of(tables[0], self.columns)
        _require_same_header(tables)
        # digits of a format may begin with zeros
        numbers = self.time_format is None or self.time_format in NUMBERS
        times = [chosen["timestamp"]] if "timestamp" in chosen and numbers else []
        parts = [table.read(list(chosen.values()), integers=times) for table in tables]
        may_break = any(table.quoted and b'"' in table.text for table in tables)
        tables = [table.without_text() for table in tables]
        locate = _locator(tables, [len(part) for part in parts])
        if not any(len(part) for part in parts):
            raise UserError(f"{paths[0]} has a header but no rows; set `path` to a file with events")
        raw = pl.concat(parts, how="vertical_relaxed").select(
            pl.col(column).alias(name) for name, column in chosen.items()
        )
        if may_break:
            _require_one_line(raw, locate)
        return raw, locate

    def _read_json(self, paths: Sequence[Path]) -> tuple[pl.DataFrame, Callable[[int], str]]:
        values = json_names(paths[0])
        chosen = choose_columns(self.columns, list(values), str(paths[0]))
        types = {column: json_type(values[column], name, column, paths[0]) for name, column in chosen.items()}
        parts = [read_json_events(path, types) for path in paths]
        raw = pl.concat(parts).select(pl.col(column).alias(name) for name, column in chosen.items())
        stops = list(accumulate(len(part) for part in parts))

        def locate(row: int) -> str:
            part = min(bisect.bisect_right(stops, row), len(parts) - 1)
            return f"{paths[part]} object {row - (stops[part - 1] if part else 0) + 1}"

        return raw, locate

    def read(self) -> pl.DataFrame:
        """Return the events in file order.

        Raises:
            UserError: a file, a column or a value cannot be read; the message says which.
        """
        events = self.scan()
        try:
            return events.collect(engine="streaming")
        except PARQUET_ERRORS as error:
            raise self.explain(error) from error

    def explain(self, error: BaseException) -> UserError:
        """Return the sentence for an error that came up while events of ``scan`` were read."""
        return damaged(expand_paths(self.path), error)

    def item_features(self) -> pl.DataFrame | None:
        """Return the item attributes, or None without ``items_path``."""
        return None if self.items_path is None else read_item_table(self.items_path, self.items_key)

    def fingerprint(self) -> str:
        """Return a hash of the content of the files, the names of the columns and how they are read."""
        paths = expand_paths(self.path)
        if self.items_path is not None:
            paths = [*paths, require_file(self.items_path, "items_path")]
        ways = {"items_key": self.items_key, "time_format": self.time_format, "header": self.header}
        return fingerprint_files(paths, {"source": "interactions", **self.columns, **ways})


def _columns_of(table: DelimitedText, columns: Mapping[str, str | None]) -> dict[str, str]:
    """Return the column behind each name of the event schema, and say what to do where the file names none."""
    try:
        return choose_columns(columns, table.header, str(table.path))
    except UserError as error:
        if table.has_header:
            raise UserError(f"{error}, or `header`=false where its first line is an event") from error
        raise UserError(
            f"{table.path} has no line that names its {len(table.header)} columns; name them by number: "
            "`header`=false `user_id`=1 `item_id`=2 `timestamp`=3"
        ) from error


def is_json(paths: Sequence[Path]) -> bool:
    """Return whether the first file is JSON, by its name."""
    return plain_name(paths[0]).endswith((".jsonl", ".ndjson", ".json"))


def is_parquet(paths: Sequence[Path]) -> bool:
    """Return whether all files are Parquet, by their names or first bytes.

    Raises:
        UserError: some are and some are not.
    """
    kinds = {path: path.suffix in (".parquet", ".pq") or begins_with(path, PARQUET_MAGIC) for path in paths}
    if len(set(kinds.values())) > 1:
        one, other = (next(path.name for path in paths if kinds[path] is kind) for kind in (True, False))
        raise UserError(f"`path` mixes Parquet and text files ({one}, {other}); give files of one format")
    return all(kinds.values())


def _require_same_header(tables: Sequence[DelimitedText]) -> None:
    for table in tables:
        if list(table.header) != list(tables[0].header):
            raise UserError(
                f"{table.path} has the columns {', '.join(table.header)} where {tables[0].path.name} has "
                f"{', '.join(tables[0].header)}; give all files of `path` the same header"
            )


def _locator(tables: Sequence[DelimitedText], heights: Sequence[int]) -> Callable[[int], str]:
    def locate(row: int) -> str:
        for table, height in zip(tables, heights, strict=True):
            if row < height:
                return f"{table.path} line {table.line_of(row)}"
            row -= height
        return str(tables[-1].path)

    return locate


def _require_one_line(raw: pl.DataFrame, locate: Callable[[int], str]) -> None:
    """Refuse keys with a line break: the mark of a quote that opened in one row and closed in another."""
    broken = raw.select(pl.any_horizontal(pl.col(*REQUIRED).str.contains("\n", literal=True))).to_series()
    if broken.any():
        raise UserError(
            f"{locate(first_true(broken))} has a key with a line break, so a quote is not closed; mend the line"
        )
