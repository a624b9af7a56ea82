"""Which column of a table holds what, and keys of users and items as exact text."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import polars as pl

from seqmine.structs import UserError

REQUIRED = ("user_id", "item_id")
MISSING_WORDS = ("nan", "NaN", "null", "NULL", "None", "<NA>")
"""What programs write where a key is missing."""
DATABASE_NULLS = ("\\N", "NA", "N/A", "n/a", "#N/A", "(null)", "<null>", "NaT")
"""What databases and spreadsheets write there; in the logs of publishers they may be names."""
ALL_MISSING_WORDS = (*MISSING_WORDS, *DATABASE_NULLS)
"""Both, for the logs that a user brings."""
_ASKED_FOR = ("session",)  # read where a column is named, not where one has this name
_LOOKED_AT = 1000  # keys that tell whether all must be looked at
_WHOLE = r"^-?\d+\.0+$"
_EXACT = 2.0**53


def choose_columns(wanted: Mapping[str, str | None], available: Sequence[str], place: str) -> dict[str, str]:
    """Return the column of the table behind each name of the event schema.

    Args:
        wanted: schema name to column name; None takes the column of the schema name where there is one, but sessions
            are read only where their column is named.
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
                f"`{name}`={column} is not a column of {place}, which has {', '.join(available)}; "
                f"set `{name}` to one of them"
            )
        if column is None and name in _ASKED_FOR:
            continue
        if (column or name) in available:
            chosen[name] = column or name
    return chosen


def names_columns(line: str, names: Collection[str] = REQUIRED) -> bool:
    """Return whether a line of text is the header of a table, whatever stands between the names of its columns.

    >>> names_columns("user_id:token;item_id:token"), names_columns("user_1 item_2"), names_columns("who,what", ["who"])
    (True, False, True)
    """
    return set(names) <= {word.strip('"') for word in re.split(r"[\s,;|]+|::|:token|:float", line)}


def first_true(mask: pl.Series) -> int:
    """Return the number of the first row, from 0, where a mask is True (null counts as False).

    >>> first_true(pl.Series([None, False, True]))
    2
    """
    return int(mask.fill_null(False).cast(pl.UInt8).to_numpy().argmax())


def key_text(name: str, dtype: Any, place: str, column: str | None = None) -> pl.Expr:
    """Return the expression that reads a column of keys as text, exactly.

    Whole numbers that are stored as fractions are read as what they were (``7.0`` as ``7``).

    Args:
        name: of the column.
        dtype: its type.
        place: the file, for the message.
        column: what the file calls it, for the message.

    Raises:
        UserError: the type has no text.
    """
    if dtype in (pl.String, pl.Categorical, pl.Enum, pl.Null) or dtype.is_integer():
        return pl.col(name).cast(pl.String)
    if dtype.is_float():
        return pl.col(name).fill_nan(None).cast(pl.Int64).cast(pl.String)
    if dtype.is_decimal():
        return pl.col(name).cast(pl.Decimal(38, 0)).cast(pl.String)
    raise UserError(
        f"{place} has keys of type {dtype} in column {column or name!r}, which may merge keys; "
        "store them as text or integers"
    )


def may_merge(column: str, dtype: Any) -> pl.Expr | None:
    """Return the expression that finds fractions that are no exact key; None where the type has none.

    >>> frame = pl.DataFrame({"user_id": [7.0, 2.0**60, 0.5, float("nan")]})
    >>> frame.select(may_merge("user_id", pl.Float64))["user_id"].to_list()
    [False, True, True, False]
    """
    value = pl.col(column)
    if dtype.is_float():
        return ((value != value.floor()) | (value.abs() >= _EXACT)) & value.is_not_nan()
    return value != value.floor() if dtype.is_decimal() and dtype.scale else None


def whole_keys(keys: pl.Series) -> pl.Series:
    """Return text keys as whole numbers where a program wrote all of them as fractions, as where one is missing.

    >>> whole_keys(pl.Series(["7.0", "", "12.0"])).to_list(), whole_keys(pl.Series(["7.0", "7.5"])).to_list()
    (['7', '', '12'], ['7.0', '7.5'])
    """
    if not keys.head(_LOOKED_AT).str.contains(_WHOLE).any():
        return keys
    known = keys.filter((keys != "") & ~keys.is_in(ALL_MISSING_WORDS))
    return keys.str.replace(r"\.0+$", "") if known.str.contains(_WHOLE).all() else keys


def fault(columns: Sequence[str], words: Sequence[str] = MISSING_WORDS) -> pl.Expr:
    """Return the expression that says why a row cannot be used, or null where it can.

    A value is missing when it is null, blank, or one of ``words``; ``user_id``, ``item_id`` and, where the log
    has them, ``session`` and ``behavior`` must be there.

    >>> frame = pl.DataFrame({"user_id": ["1", " ", "2"], "item_id": ["a", "b", "NaN"]})
    >>> frame.select(reason=fault(frame.columns))["reason"].to_list()
    [None, 'user_id is missing', 'item_id is missing']
    """
    reasons = [
        pl.when(_is_missing(name, words)).then(pl.lit(f"{name} is missing"))
        for name in (*REQUIRED, "session", "behavior")
        if name in columns
    ]
    return pl.coalesce(reasons)


def of_sessions(columns: Sequence[str], words: Sequence[str] = MISSING_WORDS) -> list[pl.Expr]:
    """Return the expression that lets a session stand for its missing user; nothing where the log names no sessions.

    >>> frame = pl.DataFrame({"user_id": ["1", None], "session": ["a", "b"]})
    >>> frame.with_columns(of_sessions(frame.columns))["user_id"].to_list()
    ['1', 'session b']
    """
    if "session" not in columns:
        return []
    named = pl.concat_str(pl.lit("session "), "session")
    return [pl.when(_is_missing("user_id", words)).then(named).otherwise(pl.col("user_id")).alias("user_id")]


def _is_missing(name: str, words: Sequence[str]) -> pl.Expr:
    text = pl.col(name)
    return text.is_null() | (text.str.strip_chars() == "") | text.is_in(words)
