"""Files with one object per line: JSON, or the Python dictionaries that some publishers write in its place."""

import ast
import gzip
import io
import itertools
import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from seqmine.data.sources.files import is_gzip, read_text
from seqmine.data.sources.tables import RawEvents, renamed
from seqmine.structs import UserError


class JsonLines:
    """A file with one JSON object per line.

    Args:
        name: name of the file.
        columns: schema name to key of the object.
    """

    def __init__(self, *, name: str, columns: Mapping[str, str]) -> None:
        self.name = name
        self.columns = dict(columns)

    def read(self, path: Path) -> RawEvents:
        """Return the events of the file.

        Raises:
            UserError: a line is not JSON.
        """
        frame = read_json_lines(path, dict.fromkeys(self.columns.values(), pl.String))
        return RawEvents(frame.select(**renamed(self.columns)), lambda row: f"{path} object {row + 1}")


class PythonLines:
    """A file with one Python dictionary per line, as some publishers write where JSON was meant.

    Lines are read as literals, so nothing in them runs.

    Args:
        name: name of the file.
        columns: schema name to key of the dictionary.
    """

    def __init__(self, *, name: str, columns: Mapping[str, str]) -> None:
        self.name = name
        self.columns = dict(columns)

    def read(self, path: Path) -> RawEvents:
        """Return the events of the file.

        Raises:
            UserError: a line is not a dictionary.
        """
        rows = read_python_lines(path, list(self.columns.values()))
        texts = {key: [None if value is None else str(value) for value in values] for key, values in rows.items()}
        frame = pl.DataFrame(texts, schema=dict.fromkeys(texts, pl.String)).select(**renamed(self.columns))
        return RawEvents(frame, lambda row: f"{path} line {row + 1}")


def json_names(path: Path, num_objects: int = 1000) -> dict[str, Any]:
    """Return the keys that the first objects of a file have, in order of appearance, each with a value.

    Raises:
        UserError: it holds no objects.
    """
    values: dict[str, Any] = {}
    text = read_text(path)
    try:
        if text.lstrip().startswith(b"["):
            objects = json.loads(text)
        else:
            objects = [json.loads(line) for line in itertools.islice(io.BytesIO(text), num_objects) if line.strip()]
        for entry in objects[:num_objects]:
            for name, value in entry.items():
                values[name] = value if values.get(name) is None else values[name]
    except (json.JSONDecodeError, AttributeError) as error:
        raise _not_json(path, str(error)) from error
    return values


def json_type(value: Any, name: str, key: str, path: Path) -> Any:
    """Return as what the values of a key are read: text, or lists of it, of which each value is an event.

    Raises:
        UserError: they are objects, or several users.

    >>> json_type(["a", "b"], "item_id", "items", Path("log.jsonl"))
    List(String)
    """
    if isinstance(value, dict) or (isinstance(value, list) and name == "user_id"):
        raise UserError(
            f"{path} has {'an object' if isinstance(value, dict) else 'a list'} as {key!r}; "
            f"give text or numbers, or set `{name}` to another key"
        )
    return pl.List(pl.String) if isinstance(value, list) else pl.String()


def read_json_events(path: Path, types: Mapping[str, Any]) -> pl.DataFrame:
    """Return some keys of a file of JSON objects, one row a value of those that are lists.

    Raises:
        UserError: a line is not JSON, or lists of one object differ in length.
    """
    frame = read_json_lines(path, types)
    lists = [key for key, dtype in types.items() if dtype != pl.String]
    try:
        return frame.explode(lists) if lists else frame
    except pl.exceptions.ShapeError as error:
        raise UserError(
            f"{path} has an object whose lists differ in length; give each item its time and kind"
        ) from error


def read_json_lines(path: Path, schema: Mapping[str, Any]) -> pl.DataFrame:
    """Return some keys of a file of JSON objects, null where an object lacks one.

    Raises:
        UserError: a line is not JSON.
    """
    try:
        with path.open("rb") as file:
            plain = file.read(8).lstrip().startswith(b"{")
        if plain:
            return pl.scan_ndjson(path, schema=dict(schema)).collect(engine="streaming")
        text = read_text(path)
        if text.lstrip().startswith(b"["):
            text = b"\n".join(json.dumps(entry).encode() for entry in json.loads(text))
        return pl.read_ndjson(io.BytesIO(text), schema=dict(schema))
    except (pl.exceptions.PolarsError, json.JSONDecodeError) as error:
        raise _not_json(path, str(error).splitlines()[0]) from error


def _not_json(path: Path, reason: str) -> UserError:
    return UserError(f"{path} is not a file of one JSON object a line ({reason}); copy or download it again")


def read_python_lines(path: Path, keys: Sequence[str]) -> dict[str, list[Any]]:
    """Return some keys of a file of Python dictionaries, None where one lacks a key.

    Raises:
        UserError: a line is not a dictionary.
    """
    rows: dict[str, list[Any]] = {key: [] for key in keys}
    number = 0
    try:
        # Line by line, because such files unpack to more than memory holds twice.
        with gzip.open(path, "rt", encoding="utf-8") if is_gzip(path) else path.open(encoding="utf-8") as lines:
            for line in lines:
                number += 1
                entry = ast.literal_eval(line)
                for key, values in rows.items():
                    values.append(entry.get(key))
    except (EOFError, zlib.error, OSError) as error:
        raise UserError(f"{path} is cut off or damaged after line {number} ({error}); download it again") from error
    except (ValueError, SyntaxError, AttributeError) as error:
        raise UserError(f"{path} line {number} is not a Python dictionary; copy or download the file again") from error
    return rows
