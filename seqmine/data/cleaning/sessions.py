"""Steps that cut histories where a user was away."""

import polars as pl

from seqmine.data.cleaning.step import in_log_order, in_user_order, require_columns
from seqmine.data.engines.parts import SESSIONS
from seqmine.structs import UserError
from seqmine.structs.bounds import PositiveInt


class MarkSessions:
    """Number the sessions of each user from 0 in the column ``session``.

    Args:
        gap_seconds: a longer pause begins a new session.
    """

    counts = False

    def __init__(self, *, gap_seconds: int) -> None:
        self.gap_seconds = _checked_gap(gap_seconds)

    def __call__(self, events: pl.LazyFrame) -> pl.LazyFrame:
        """Return the events with the column ``session``."""
        require_columns(events, self, "timestamp")
        return number_sessions(events, self.gap_seconds)


class SplitSessions:
    """Make each session a history of its own, whose user is called ``<user>:<number of the session>``.

    Args:
        gap_seconds: a longer pause begins a new session.
    """

    counts = False

    def __init__(self, *, gap_seconds: PositiveInt) -> None:
        self.gap_seconds = _checked_gap(gap_seconds)

    def __call__(self, events: pl.LazyFrame) -> pl.LazyFrame:
        """Return the events under the names of their sessions."""
        require_columns(events, self, "timestamp")
        numbered = number_sessions(events, self.gap_seconds)
        key = pl.col("user_id").cast(pl.UInt64) * SESSIONS + pl.col("session").cast(pl.UInt64)
        return numbered.with_columns(user_id=key).drop("session")


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
    return in_log_order(running.with_columns(session=session))


def _checked_gap(gap_seconds: int) -> int:
    if gap_seconds < 1:
        raise UserError(f"gap_seconds is {gap_seconds}, allowed are whole numbers from 1; 1800 is usual")
    return gap_seconds
