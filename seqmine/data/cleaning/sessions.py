"""Sessions: where histories are cut so that each stretch of activity is a history of its own.

Sessions are numbered before any step cleans, and histories are cut after the last: steps look at people, whose sessions
they are.
"""

from collections.abc import Sequence
from typing import Protocol

import polars as pl

from seqmine.data.cleaning.step import in_log_order, in_user_order
from seqmine.data.clock import MINUTE
from seqmine.data.engines.parts import SESSIONS, sort_events
from seqmine.structs import UserError
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import PositiveInt

SESSION = "session"
"""Column of the number of the session of its user, from 0; there only while a log is cleaned."""


class Sessions(Protocol):
    """Numbers the sessions of each user."""

    cut_by: str | None
    """The column that says where histories are cut; None where they are left whole."""

    def mark(self, events: pl.DataFrame) -> pl.DataFrame:
        """Return events, sorted by user and time, with the column ``session`` where histories are to be cut."""
        ...


class WholeHistories:
    """Leaves the history of a user whole."""

    cut_by: str | None = None

    def mark(self, events: pl.DataFrame) -> pl.DataFrame:
        """Return the events as they are."""
        return events


@bounded
class GapSessions:
    """Begins a new session where a user was away.

    Args:
        minutes: a longer pause begins a new session; a whole number from 1.

    Raises:
        UserError: no such number.
    """

    cut_by: str | None = "timestamp"

    def __init__(self, *, minutes: PositiveInt) -> None:
        self.minutes = minutes

    def mark(self, events: pl.DataFrame) -> pl.DataFrame:
        """Return the events with the column ``session``.

        Raises:
            UserError: the log has no times, or names sessions itself.
        """
        require_unnamed(events.columns)
        if "timestamp" not in events.columns:
            raise UserError(
                "`sessions` are cut at pauses, which needs times, and the log has none; set `source.timestamp` or "
                "`sessions`=none"
            )
        return number_sessions(events.lazy(), self.minutes * MINUTE).collect()


class ColumnSessions:
    """Takes the sessions that a column of the log names, in the order of their first events.

    An event without a user belongs to a person of whom only that session is known.
    """

    cut_by: str | None = SESSION

    def mark(self, events: pl.DataFrame) -> pl.DataFrame:
        """Return the events with the number of their session.

        Raises:
            UserError: the log names none.
        """
        if SESSION not in events.columns:
            raise UserError(
                "`sessions` are named by a column, and the log has none; set `source.session` to its name, or "
                "`sessions`=gap"
            )
        named = events.with_row_index("row")
        first = pl.col("row").min().over("user_id", SESSION)
        number = first.rank("dense").over("user_id") - 1
        return named.with_columns(number.cast(pl.UInt32).alias(SESSION)).drop("row")


def cut(events: pl.DataFrame) -> pl.DataFrame:
    """Make each session a history of its own, whose user is called ``<user>:<number of the session>``."""
    key = pl.col("user_id").cast(pl.UInt64) * SESSIONS + pl.col(SESSION).cast(pl.UInt64)
    return sort_events(events.with_columns(user_id=key).drop(SESSION))


def number_sessions(events: pl.LazyFrame, gap_seconds: int) -> pl.LazyFrame:
    """Return events with the number of their session of their user, from 0, in the column ``session``.

    >>> log = pl.LazyFrame({"user_id": [0, 0, 1], "item_id": [0, 1, 2], "timestamp": [0, 99, 99]})
    >>> number_sessions(log, 60).collect()["session"].to_list()
    [0, 1, 0]
    """
    time, user = pl.col("timestamp"), pl.col("user_id")
    begins = ((user == user.shift()) & (time - time.shift() > gap_seconds)).fill_null(False)
    running = in_user_order(events).with_columns(session=begins.cast(pl.Int32).cum_sum())
    session = pl.col("session") - pl.col("session").min().over("user_id")
    return in_log_order(running.with_columns(session=session.cast(pl.UInt32)))


def require_unnamed(columns: Sequence[str]) -> None:
    """Refuse a column that names sessions and that nothing looks at.

    Raises:
        UserError: there is one.
    """
    if SESSION in columns:
        raise UserError(
            "`source.session` names a column of sessions, which nothing looks at; set `sessions`=column, or "
            "`source.session`=null"
        )
