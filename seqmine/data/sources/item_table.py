"""Tables of attributes of items and users that a user brings with a log."""

import json
import logging
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from seqmine.data.sources.columns import ALL_MISSING_WORDS, key_text, may_merge, whole_keys
from seqmine.data.sources.delimited import open_table
from seqmine.data.sources.files import plain_name, read_text, require_file
from seqmine.data.sources.parquet import PARQUET_ERRORS, damaged
from seqmine.structs import UserError

_log = logging.getLogger(__name__)
# Separates the values of a multi-valued attribute in a text table, as in "Action|Adventure".
VALUE_SEPARATOR = "|"
# Names that the MovieLens files of RecBole give to attributes which every other source calls title and genres.
_RENAMED = {"movie_title": "title", "class": "genres", "genre": "genres"}


def read_item_table(path: str, key: str = "item_id") -> pl.DataFrame:
    """Return item attributes by ``item_id``, whatever the table calls the column of keys; see ``read_table``."""
    return by_item(read_table(path, key, "items_path", "items_key"), key)


def by_item(table: pl.DataFrame, key: str) -> pl.DataFrame:
    """Return attributes by ``item_id``, the first row of each item."""
    if key != "item_id":
        table = table.drop("item_id", strict=False).rename({key: "item_id"})
    return table.filter(pl.col("item_id") != "").unique("item_id", keep="first", maintain_order=True)


def read_table(path: str, key: str, setting: str, key_setting: str | None = None) -> pl.DataFrame:
    """Return attributes in the order of the file: the key (String) first, then one column an attribute.

    CSV and TSV values are strings; a column other than ``title`` in which some value holds ``|`` becomes a list, as
    does one whose typed header says so (``genres:token_seq``, words separated by spaces). JSON is an object from key
    to a list of attributes, which become the column ``attributes``. Parquet keeps its types. Keys are read as those of
    a log are, whatever their type.

    Args:
        path: the file.
        key: the column of keys.
        setting: the parameter that names the file.
        key_setting: the parameter that names the column of keys, or None.

    Raises:
        UserError: the file cannot be read, or has no column of keys.
    """
    found = require_file(path, setting)
    name = plain_name(found)
    if name.endswith(".json"):
        return _read_json(found, key, setting)
    frame = _read_parquet(found) if name.endswith((".parquet", ".pq")) else _read_delimited(found, key)
    if key not in frame.columns:
        remedy = "rename the column of keys" if key_setting is None else f"set `{key_setting}` to the column of keys"
        raise UserError(f"`{setting}`={path} has no column {key} ({', '.join(frame.columns)}); {remedy}")
    return with_text_keys(frame, key, path)


def with_text_keys(table: pl.DataFrame, key: str, place: str) -> pl.DataFrame:
    """Return a table whose keys are text as a log would have them, in front; empty where they are missing.

    Args:
        table: of attributes.
        key: its column of keys.
        place: the table, for messages.

    Raises:
        UserError: the column cannot hold keys.
    """
    return table.select(_keys(table[key], place), pl.exclude(key))


def _keys(keys: pl.Series, path: str) -> pl.Series:
    unsafe = may_merge(keys.name, keys.dtype)
    if unsafe is not None and keys.to_frame().select(unsafe.any()).item():
        raise UserError(
            f"{path} has keys of type {keys.dtype} in column {keys.name!r} that are no whole numbers below 2^53; "
            "store them as text or integers"
        )
    text = keys.to_frame().select(key_text(keys.name, keys.dtype, path)).to_series().str.strip_chars()
    return whole_keys(text.replace(dict.fromkeys(ALL_MISSING_WORDS, "")).fill_null(""))


def require_joined(keys: Sequence[str], table: pl.Series, what: str, settings: str) -> None:
    """Say how many keys of a log a table knows, if not all.

    Args:
        keys: of the log.
        table: keys of the table.
        what: ``items`` or ``users``.
        settings: the parameters that name the table and its column, each between backticks.

    Raises:
        UserError: it knows none of them.
    """
    known = pl.Series(keys, dtype=pl.String).is_in(table.implode())
    num_known = int(known.sum())
    if num_known == 0 and len(keys) and len(table):
        raise UserError(
            f"the table of {what} knows none of the {len(keys):,} {what} of the log (it has {table[0]!r}, the log "
            f"{keys[0]!r}); change {settings}"
        )
    if num_known < len(keys):
        _log.info("the table of %s knows %s of the %s %s of the log", what, f"{num_known:,}", f"{len(keys):,}", what)


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
            f"`{setting}`={path} is not a JSON object from {key} to a list of attributes ({error}); mend the file"
        ) from error
    return pl.DataFrame(rows, schema={key: pl.String, "attributes": pl.List(pl.String)})
