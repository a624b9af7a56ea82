"""Tables of attributes of items and users that a user brings beside a log."""

import json
from pathlib import Path

import polars as pl

from seqmine.data.sources.delimited import open_table
from seqmine.data.sources.files import read_text, require_file
from seqmine.data.sources.parquet import PARQUET_ERRORS, damaged
from seqmine.structs import UserError

# Separates the values of a multi-valued attribute in a text table, as in "Action|Adventure".
VALUE_SEPARATOR = "|"
# Names that the MovieLens files of RecBole give to attributes which every other source calls title and genres.
_RENAMED = {"movie_title": "title", "class": "genres", "genre": "genres"}


def read_item_table(path: str) -> pl.DataFrame:
    """Return item attributes by ``item_id``; see ``read_table``."""
    return read_table(path, "item_id", "data.items_path").unique("item_id", keep="first", maintain_order=True)


def read_table(path: str, key: str, setting: str) -> pl.DataFrame:
    """Return attributes in the order of the file: the key (String) first, then one column an attribute.

    CSV and TSV values are strings; a column other than ``title`` in which some value holds ``|`` becomes a list, as
    does one whose typed header says so (``genres:token_seq``, words separated by spaces). JSON is an object from key
    to a list of attributes, which become the column ``attributes``. Parquet keeps its types.

    Args:
        path: the file.
        key: ``item_id`` or ``user_id``.
        setting: what the user changes to name another file.

    Raises:
        UserError: the file cannot be read, or has no column of keys.
    """
    found = require_file(path, setting)
    name = found.name.removesuffix(".gz")
    if name.endswith(".json"):
        return _read_json(found, key, setting)
    frame = _read_parquet(found) if name.endswith(".parquet") else _read_delimited(found, key)
    if key not in frame.columns:
        raise UserError(f"{setting}={path} has no column {key} ({', '.join(frame.columns)}); rename the column of keys")
    return frame.select(pl.col(key).cast(pl.String), pl.exclude(key))


def split_values(values: pl.Series, separator: str = VALUE_SEPARATOR) -> pl.Series:
    """Split each text into a list; an empty text has no values.

    >>> split_values(pl.Series(["a|b", ""])).to_list()
    [['a', 'b'], []]
    """
    return values.str.split(separator).list.filter(pl.element() != "")


def _read_parquet(path: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(path, glob=False)
    except PARQUET_ERRORS as error:
        raise damaged([path], error) from error


def _read_delimited(path: Path, key: str) -> pl.DataFrame:
    table = open_table(path)
    names = {name: _RENAMED.get(name, name) for name in table.header}
    frame = table.read(table.header)
    if len(set(names.values())) == len(names):
        frame = frame.rename(names)
    words = [names.get(name, name) for name in table.list_columns]
    others = [name for name in frame.columns if name not in (key, "title", *words)]
    lists = [name for name in others if frame[name].str.contains(VALUE_SEPARATOR, literal=True).any()]
    return frame.with_columns(
        *(split_values(frame[name]) for name in lists),
        *(split_values(frame[name], " ") for name in words if name != "title"),
    )


def _read_json(path: Path, key: str, setting: str) -> pl.DataFrame:
    try:
        content = json.loads(read_text(path))
        rows = {key: list(content), "attributes": [[str(value) for value in content[name]] for name in content]}
    except (json.JSONDecodeError, TypeError) as error:
        raise UserError(
            f"{setting}={path} is not a JSON object from {key} to a list of attributes ({error}); mend the file"
        ) from error
    return pl.DataFrame(rows, schema={key: pl.String, "attributes": pl.List(pl.String)})
