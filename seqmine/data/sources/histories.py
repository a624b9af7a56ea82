"""Files of histories that are scored by a model: read as the log was that the model learned from."""

import copy
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from seqmine.data.sources.columns import REQUIRED, names_columns
from seqmine.data.sources.event_columns import EventColumns
from seqmine.data.sources.events import SCHEMA
from seqmine.data.sources.files import PARQUET_MAGIC, begins_with, expand_paths, plain_name, read_beginning
from seqmine.data.sources.interactions import InteractionFiles
from seqmine.data.sources.query import DatabaseQuery
from seqmine.data.sources.sequences import SequenceFile
from seqmine.structs import Source, UserError
from seqmine.structs.places import Place

_log = logging.getLogger(__name__)
_HEADER_BYTES = 1 << 16
_Read = TypeVar("_Read", InteractionFiles, SequenceFile)
TABLES = (".csv", ".tsv", ".parquet", ".pq", ".jsonl", ".ndjson", ".json", ".inter")
"""Ends of the names of tables, before those of packed files."""


def source_of_histories(
    path: str, of_run: Source, said: Mapping[str, Any] = MappingProxyType({})
) -> InteractionFiles | SequenceFile:
    """Return what reads histories as the log of a run was read: columns, header, format of times, layout.

    A file of the other kind, or of a run whose log no file of a user's is, is read with the usual names. A table that
    lacks columns of the run may have the usual ones in their place; what it lacks beside its keys is left out.

    Args:
        path: a file, a folder or a glob pattern.
        of_run: the source of the run.
        said: how the file differs: names of columns, ``time_format`` and ``header`` of a table, or ``layout`` of lines.

    Raises:
        UserError: settings of tables and of lines together, or ones that cannot be.
    """
    if isinstance(of_run, DatabaseQuery):
        of_run = of_run.as_files()
    if "layout" in said and len(said) > 1:
        raise UserError("reading.layout is of lines of items, and what else is set below reading of tables; set one")
    if "layout" in said or not (said or _is_table(path, of_run)):
        layout = of_run.layout if isinstance(of_run, SequenceFile) else "auto"
        return _placed(SequenceFile(path=path, layout=said.get("layout", layout)))
    if not isinstance(of_run, InteractionFiles):
        return _placed(_files(path, said))
    return _placed(_as_the_log(path, of_run, said))


def _as_the_log(path: str, of_run: InteractionFiles, said: Mapping[str, Any]) -> InteractionFiles:
    usual = _files(path, said).columns
    source = copy.copy(of_run)
    source.path, source.items_path, source.reject_path = path, None, None
    if _begins_with_names(expand_paths(path, "input")[0], REQUIRED):
        source.header = None
    source.time_format = said.get("time_format", source.time_format)
    source.header = said.get("header", source.header)
    there = source.column_names()
    source.columns = {
        name: column if column in there and name not in said else usual[name] for name, column in of_run.columns.items()
    }
    absent = [
        name
        for name, column in of_run.columns.items()
        if column is not None and source.columns[name] != column and name not in said
    ]
    if absent:
        _log.info("%s has no column of the run for %s; the usual names are taken", path, ", ".join(absent))
    return source


def _files(path: str, said: Mapping[str, Any]) -> InteractionFiles:
    """Return what reads tables with the usual names where nothing else is said."""
    columns = {name: value for name, value in said.items() if name != "header"}
    return InteractionFiles(path=path, columns=EventColumns(**columns), header=said.get("header"))


def _placed(source: _Read) -> _Read:
    """Return a source whose sentences name the settings of the program that reads histories."""
    below = {name: f"reading.columns.{name}" for name in SCHEMA}
    below |= {name: f"reading.{name}" for name in ("time_format", "header", "layout")}
    vars(source)["_place"] = Place("input", {"input": {**below, "path": "input"}})
    return source


def _is_table(path: str, of_run: Source) -> bool:
    first = expand_paths(path, "input")[0]
    if plain_name(first).endswith(TABLES) or begins_with(first, PARQUET_MAGIC) or _begins_with_names(first, REQUIRED):
        return True
    if isinstance(of_run, InteractionFiles) and _begins_with_names(first, _keys_of(of_run)):
        return True
    mine = Path(plain_name(Path(of_run.path))).suffix if isinstance(of_run, InteractionFiles) else None
    return mine == Path(plain_name(first)).suffix


def _keys_of(source: InteractionFiles) -> list[str]:
    return [str(source.columns[name]) for name in REQUIRED]


def _begins_with_names(path: Path, names: Sequence[str]) -> bool:
    """Return whether the first line of a text names columns; not where they are called by number."""
    is_named = not all(name.isdigit() for name in names)
    return is_named and names_columns(read_beginning(path, _HEADER_BYTES).partition(b"\n")[0].decode(), names)
