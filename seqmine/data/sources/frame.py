"""Event logs that are in memory already: a table of polars, pandas or Arrow, or plain lists of items."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from seqmine.data.sources.columns import choose_columns
from seqmine.data.sources.item_table import by_item, with_text_keys
from seqmine.data.sources.parquet import checked_events, select_events
from seqmine.structs import UserError
from seqmine.structs.files import write_atomically

_PLACE = "the table"
_ARGUMENTS = {"user_id": "user", "item_id": "item", "timestamp": "time"}


class EventFrame:
    """Reads a table with one event per row by the rules of Parquet files; keys become text, rows stay in order.

    Args:
        table: of polars, pandas or Arrow, or a mapping from column to values; a row may have a list of items.
        user: name of the column of user keys.
        item: name of the column of item keys.
        time: name of the column of times (see ``to_epoch``); None takes ``timestamp`` where the table has it.
        session: name of the column of keys of sessions; None reads none.
        behavior: name of the column with the kind of event; None takes ``behavior`` where the table has it.
        rating: name of the column of ratings; None takes ``rating`` where the table has it.
        items: a table of item attributes with a column ``item_id`` or one named as ``item``, or None.

    Raises:
        UserError: not a table, or a column that it does not have or that cannot hold keys.
    """

    def __init__(
        self,
        table: Any,
        *,
        user: str = "user_id",
        item: str = "item_id",
        time: str | None = None,
        session: str | None = None,
        behavior: str | None = None,
        rating: str | None = None,
        items: Any = None,
    ) -> None:
        columns = {"user_id": user, "item_id": item, "timestamp": time, "session": session}
        columns |= {"behavior": behavior, "rating": rating}
        self.raw = _chosen(to_frame(table, "the log"), columns)
        self.items = None if items is None else _item_attributes(to_frame(items, "items"), item)

    def read(self) -> pl.DataFrame:
        """Return the events in the order of the rows.

        Raises:
            UserError: a time or a rating cannot be read, or no row has a user and an item; the row is named.
        """
        events = select_events(self.raw.lazy(), {name: name for name in self.raw.columns}, _PLACE)
        return checked_events(events, lambda row: f"{_PLACE} row {row + 1}").collect()

    def item_features(self) -> pl.DataFrame | None:
        """Return the item attributes, or None."""
        return self.items

    def fingerprint(self) -> str:
        """Return a hash of the content of the columns that are read."""
        return content_hash(self.raw) + ("" if self.items is None else content_hash(self.items))

    def keep(self, folder: Path) -> dict[str, Path | None]:
        """Write the table as Parquet under the name of its content, unless it is there.

        Args:
            folder: where tables are kept.

        Returns:
            The files by the setting of ``data=interactions`` that names them: ``path`` and ``items_path``.
        """
        items = None if self.items is None else _keep(self.items, folder)
        return {"path": _keep(self.raw, folder), "items_path": items}


def keep_items(items: Any, item: str, folder: Path) -> Path:
    """Write a table of item attributes as Parquet under the name of its content, unless it is there.

    Args:
        items: the table.
        item: name of its column of keys where that is not ``item_id``.
        folder: where tables are kept.
    """
    return _keep(_item_attributes(to_frame(items, "items"), item), folder)


def content_hash(frame: pl.DataFrame) -> str:
    """Return a hash of the columns of a table, their types and their values in order.

    >>> content_hash(pl.DataFrame({"a": [1, 2]})) == content_hash(pl.DataFrame({"a": [2, 1]}))
    False
    """
    digest = hashlib.blake2b(repr(frame.schema).encode(), digest_size=12)
    digest.update(frame.write_ipc(None, compat_level=pl.CompatLevel.oldest()).getbuffer())
    return digest.hexdigest()


def _keep(frame: pl.DataFrame, folder: Path) -> Path:
    path = folder / f"{content_hash(frame)}.parquet"
    if not path.exists():
        write_atomically(path, frame.write_parquet)
    return path


def to_frame(table: Any, name: str) -> pl.DataFrame:
    """Return a table as one of polars.

    Args:
        table: of polars, pandas or Arrow, or a mapping from column to values.
        name: for the message.

    Raises:
        UserError: it is none of these.
    """
    if isinstance(table, pl.DataFrame):
        return table
    if isinstance(table, pl.LazyFrame):
        return table.collect()
    if isinstance(table, Mapping) or hasattr(table, "__arrow_c_stream__"):
        try:
            return pl.DataFrame(table)
        except (pl.exceptions.PolarsError, TypeError, ValueError, OSError) as error:
            raise UserError(f"{name} cannot be read as a table ({' '.join(str(error).split())}); mend it") from error
    raise UserError(
        f"{name} is of type {type(table).__name__}, allowed are tables of polars, pandas or Arrow; give one of them"
    )


def of_histories(histories: Iterable[Sequence[Any]] | Mapping[Any, Sequence[Any]]) -> pl.DataFrame:
    """Return the events of plain lists of items, oldest first, with the columns ``user_id`` and ``item_id``.

    Args:
        histories: the items of each user: a mapping from user to list, or lists, whose users are then named by their
            place, from 0.

    Raises:
        UserError: a history that is no list.

    >>> of_histories([["a", "b"], [], ["c"]]).rows()
    [('0', 'a'), ('0', 'b'), ('2', 'c')]
    """
    pairs = list(histories.items() if isinstance(histories, Mapping) else enumerate(histories))
    for user, items in pairs:
        if isinstance(items, str) or not isinstance(items, Iterable):
            raise UserError(f"the history of user {user} is {items!r}, allowed is a list of items; give a list")
    users = [str(user) for user, items in pairs for _ in items]
    keys = [str(item) for _, items in pairs for item in items]
    return pl.DataFrame({"user_id": users, "item_id": keys}, schema={"user_id": pl.String, "item_id": pl.String})


def _chosen(table: pl.DataFrame, columns: Mapping[str, str | None]) -> pl.DataFrame:
    for name, column in columns.items():
        if column is not None and column not in table.columns:
            argument = _ARGUMENTS.get(name, name)
            raise UserError(
                f"{argument} is {column!r}, which is not a column of {_PLACE} ({', '.join(table.columns)}); "
                f"set {argument} to one of them"
            )
    chosen = choose_columns(columns, table.columns, _PLACE)
    return table.select(pl.col(column).alias(name) for name, column in chosen.items())


def _item_attributes(table: pl.DataFrame, item: str) -> pl.DataFrame:
    key = item if item in table.columns else "item_id"
    if key not in table.columns:
        raise UserError(f"items has no column {item!r} ({', '.join(table.columns)}); rename its column of item keys")
    return by_item(with_text_keys(table, key, "items"), key)
