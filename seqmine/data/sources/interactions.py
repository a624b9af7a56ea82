"""Event logs that a user brings as tables: CSV, TSV or Parquet, one file, a folder or a glob of them."""

from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from seqmine.data.sources.columns import REQUIRED, choose_columns, first_true
from seqmine.data.sources.delimited import DelimitedText, open_table
from seqmine.data.sources.events import to_events
from seqmine.data.sources.files import expand_paths, fingerprint_files, require_file
from seqmine.data.sources.item_table import read_item_table
from seqmine.data.sources.parquet import PARQUET_ERRORS, damaged, scan_parquet
from seqmine.structs import UserError


class InteractionFiles:
    """Reads tables with one event a row; keys stay text, rows stay in file order (files by name).

    Args:
        path: a file, a folder or a glob pattern; text may be gzip. All files have one format and one set of columns.
        user_id: name of the column of user keys.
        item_id: name of the column of item keys.
        timestamp: name of the column of times (see ``to_epoch``); None takes ``timestamp`` where the table has it.
        behavior: name of the column with the kind of event; None takes ``behavior`` where the table has it.
        rating: name of the column of ratings; None takes ``rating`` where the table has it.
        reject_path: a JSON-lines file for the rows without user, item or behavior, with their file and line; None drops
            them. Either way they are counted in the log.
        items_path: a table of item attributes with a column ``item_id`` (see ``read_item_table``), or None.

    Times finer than a second bring a column ``microsecond`` with the order inside a second.
    """

    def __init__(
        self,
        *,
        path: str,
        user_id: str = "user_id",
        item_id: str = "item_id",
        timestamp: str | None = None,
        behavior: str | None = None,
        rating: str | None = None,
        reject_path: str | None = None,
        items_path: str | None = None,
    ) -> None:
        self.path = path
        self.columns = {
            "user_id": user_id,
            "item_id": item_id,
            "timestamp": timestamp,
            "behavior": behavior,
            "rating": rating,
        }
        self.reject_path = reject_path
        self.items_path = items_path

    def scan(self) -> pl.LazyFrame:
        """Return the events in file order without holding them in memory where the format allows it (Parquet).

        Raises:
            UserError: a file, a column or a value cannot be read; the message says which.
        """
        paths = expand_paths(self.path)
        if is_parquet(paths):
            return scan_parquet(paths, self.columns, self.reject_path)
        tables = [open_table(path) for path in paths]
        chosen = choose_columns(self.columns, tables[0].header, str(paths[0]))
        _require_same_header(tables)
        times = [chosen["timestamp"]] if "timestamp" in chosen else []
        parts = [table.read(list(chosen.values()), integers=times) for table in tables]
        may_break = any(table.quoted and b'"' in table.text for table in tables)
        tables = [table.without_text() for table in tables]
        locate = _locator(tables, [len(part) for part in parts])
        if not any(len(part) for part in parts):
            raise UserError(f"{paths[0]} has a header but no rows; set data.path to a file with events")
        raw = pl.concat(parts, how="vertical_relaxed").select(
            pl.col(column).alias(name) for name, column in chosen.items()
        )
        if may_break:
            _require_one_line(raw, locate)
        return to_events(raw, locate, self.reject_path).lazy()

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
        return None if self.items_path is None else read_item_table(self.items_path)

    def fingerprint(self) -> str:
        """Return a hash of the content of the files and the names of the columns."""
        paths = expand_paths(self.path)
        if self.items_path is not None:
            paths = [*paths, require_file(self.items_path, "data.items_path")]
        return fingerprint_files(paths, {"source": "interactions", **self.columns})


def is_parquet(paths: Sequence[Path]) -> bool:
    """Return whether all files are Parquet, by their names.

    Raises:
        UserError: some are and some are not.
    """
    kinds = {path: path.suffix in (".parquet", ".pq") for path in paths}
    if len(set(kinds.values())) > 1:
        one, other = (next(path.name for path in paths if kinds[path] is kind) for kind in (True, False))
        raise UserError(f"data.path mixes Parquet and text files ({one}, {other}); give files of one format")
    return all(kinds.values())


def _require_same_header(tables: Sequence[DelimitedText]) -> None:
    for table in tables:
        if list(table.header) != list(tables[0].header):
            raise UserError(
                f"{table.path} has the columns {', '.join(table.header)} where {tables[0].path.name} has "
                f"{', '.join(tables[0].header)}; give all files of data.path the same header"
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
