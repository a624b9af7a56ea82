"""Ids of users and items that a user names: as a list, or as a file."""

import csv
import io
import logging
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import polars as pl

from seqmine.data.sources.files import plain_name, read_text
from seqmine.data.sources.item_table import with_text_keys
from seqmine.data.sources.parquet import PARQUET_ERRORS, damaged
from seqmine.structs import UserError

_log = logging.getLogger(__name__)
_NUM_NAMED = 3
_PARQUET = (".parquet", ".pq")
_TABLES = (".csv", ".tsv", *_PARQUET)
_FILES = (".txt", *_TABLES)


def read_ids(value: object, setting: str, columns: Sequence[str]) -> list[str]:
    """Return the ids that a setting names, each once, in the order in which they are named.

    Args:
        value: a list of ids; a text of ids with commas between; or a file: text with an id a line, CSV, TSV or Parquet,
            packed or not. The first line of a text or a table may be its header.
        setting: its name.
        columns: what the column of ids may be called; a table with one column may call it anything in Parquet.

    Raises:
        UserError: the file is not there, or has no such column.

    >>> read_ids("u7, u3,u7", "users", ["user_id"]), read_ids([7], "users", ["user_id"])
    (['u7', 'u3'], ['7'])
    """
    if isinstance(value, str) and _is_file(value):
        ids: Iterable[str] = _of_file(Path(value), setting, columns)
    else:
        ids = value.split(",") if isinstance(value, str) else map(str, value if isinstance(value, list) else [value])
    return list(dict.fromkeys(name.strip() for name in ids if name.strip()))


def keep_known(ids: Sequence[str], known: Collection[str], setting: str, what: str) -> list[str]:
    """Return the ids that are known; say how many others there are, and name the first.

    Args:
        ids: that a user named.
        known: those of the run.
        setting: that named them.
        what: ``users`` or ``items``.

    Raises:
        UserError: not one is known, or none is named.
    """
    if not ids:
        raise UserError(f"{setting} names no {what}; set {setting} to ids, to a file of ids, or to null")
    unknown = [name for name in ids if name not in known]
    if not unknown:
        return list(ids)
    named = ", ".join(map(repr, unknown[:_NUM_NAMED])) + (", ..." if len(unknown) > _NUM_NAMED else "")
    if len(unknown) == len(ids):
        names = f"{named}, which is not" if len(ids) == 1 else f"{len(ids):,} {what} ({named}), of which none is"
        raise UserError(f"{setting} names {names} among the {len(known):,} {what} that are known; change {setting}")
    _log.warning("%s names %d %s, %d of them unknown (%s)", setting, len(ids), what, len(unknown), named)
    left_out = set(unknown)
    return [name for name in ids if name not in left_out]


def _is_file(value: str) -> bool:
    return Path(value).is_file() or plain_name(Path(value)).endswith(_FILES)


def _of_file(path: Path, setting: str, columns: Sequence[str]) -> list[str]:
    if not path.is_file():
        raise UserError(f"{setting} is {str(path)!r}, which is no file; change {setting}")
    name = plain_name(path)
    if name.endswith(_PARQUET):
        return _of_parquet(path, setting, columns)
    text = read_text(path).decode()
    if not name.endswith(_TABLES):
        lines = [line.strip() for line in text.splitlines()]
        return lines[1:] if lines and lines[0] in columns else lines
    first = text.partition("\n")[0]
    separator = "\t" if name.endswith(".tsv") else max(",;\t", key=first.count)
    rows = [row for row in csv.reader(io.StringIO(text), delimiter=separator) if row]
    if not rows:
        return []
    header = [cell.strip() for cell in rows[0]]
    column = next((header.index(column) for column in columns if column in header), None)
    if column is not None:
        rows = rows[1:]
    elif len(header) > 1:
        raise _without_column(path, setting, columns, header)
    return [row[column or 0] for row in rows if len(row) > (column or 0)]


def _of_parquet(path: Path, setting: str, columns: Sequence[str]) -> list[str]:
    try:
        table = pl.read_parquet(path, glob=False)
    except PARQUET_ERRORS as error:
        raise damaged([path], error) from error
    alone = table.columns if table.width == 1 else []
    column = next((name for name in [*columns, *alone] if name in table.columns), None)
    if column is None:
        raise _without_column(path, setting, columns, table.columns)
    return with_text_keys(table, column, str(path))[column].to_list()


def _without_column(path: Path, setting: str, columns: Sequence[str], header: Sequence[str]) -> UserError:
    names = " or ".join(dict.fromkeys(columns))
    return UserError(
        f"{setting} is {str(path)!r} with the columns {', '.join(header)}, allowed is a column {names}, or a file of "
        f"one column; rename it, or change {setting}"
    )
