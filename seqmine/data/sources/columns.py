"""Which column of a table holds what, and keys of users and items as exact text."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from seqmine.structs import UserError

REQUIRED = ("user_id", "item_id")
MISSING_WORDS = ("nan", "NaN", "null", "NULL", "None", "<NA>")
"""What programs write where a key is missing."""


def choose_columns(wanted: Mapping[str, str | None], available: Sequence[str], place: str) -> dict[str, str]:
    """Return the column of the table behind each name of the event schema.

    Args:
        wanted: schema name to column name; None takes the column of the schema name where there is one.
        available: columns of the table.
        place: the file, for the message.

    Raises:
        UserError: a column that was asked for is not there.

    >>> choose_columns({"user_id": "who", "timestamp": None}, ["who", "what"], "log.csv")
    {'user_id': 'who'}
    """
    chosen = {}
    for name, column in wanted.items():
        if column is not None and column not in available:
            raise UserError(
                f"data.columns.{name}={column} is not a column of {place}, which has {', '.join(available)}; "
                f"set data.columns.{name} to one of them"
            )
        if (column or name) in available:
            chosen[name] = column or name
    return chosen


def first_true(mask: pl.Series) -> int:
    """Return the number of the first row, from 0, where a mask is True (null counts as False).

    >>> first_true(pl.Series([None, False, True]))
    2
    """
    return int(mask.fill_null(False).cast(pl.UInt8).to_numpy().argmax())


def key_text(column: str, dtype: Any, place: str) -> pl.Expr:
    """Return the expression that reads a column of keys as text, exactly.

    Raises:
        UserError: the type merges keys, as floating-point numbers do beyond 2^53, or has no text.
    """
    if dtype.is_integer() or dtype in (pl.String, pl.Categorical, pl.Enum, pl.Null):
        return pl.col(column).cast(pl.String)
    raise UserError(
        f"{place} has keys of type {dtype} in column {column!r}, which may merge keys; store them as text or integers"
    )


def fault(columns: Sequence[str]) -> pl.Expr:
    """Return the expression that says why a row cannot be used, or null where it can.

    A value is missing when it is null, blank, or one of ``MISSING_WORDS``; ``user_id``, ``item_id`` and, where the log
    has it, ``behavior`` must be there.

    >>> frame = pl.DataFrame({"user_id": ["1", " ", "2"], "item_id": ["a", "b", "NaN"]})
    >>> frame.select(reason=fault(frame.columns))["reason"].to_list()
    [None, 'user_id is missing', 'item_id is missing']
    """
    reasons = [
        pl.when(_is_missing(name)).then(pl.lit(f"{name} is missing"))
        for name in (*REQUIRED, "behavior")
        if name in columns
    ]
    return pl.coalesce(reasons)


def _is_missing(name: str) -> pl.Expr:
    text = pl.col(name)
    return text.is_null() | (text.str.strip_chars() == "") | text.is_in(MISSING_WORDS)
