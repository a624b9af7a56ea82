"""Months and weeks of a log: which stretch of a history lies in which."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from seqmine.structs import InteractionLog, UserError
from seqmine.structs.log import stretch_starts

_UNITS = {"month": "M", "week": "W"}


def split_periods(log: InteractionLog, period: str) -> tuple[InteractionLog, NDArray[np.int64], list[str]]:
    """Cut the histories of a log at the borders of months or weeks (UTC; weeks begin on Monday).

    Args:
        log: histories with timestamps.
        period: ``month`` or ``week``.

    Returns:
        A log with one history per user and period in which the user has an event, which knows whose they are, the
        number of the period of each history, and the names of the periods: the month, or the first day of the week.

    Raises:
        UserError: another period, or a log without timestamps.

    >>> log = InteractionLog(np.array([1, 2, 3], np.int32), np.array([0, 3]), np.array([0, 86400, 40 * 86400]))
    >>> cut, number, names = split_periods(log, "month")
    >>> [cut.history(row).tolist() for row in range(2)], number.tolist(), names
    ([[1, 2], [3]], [0, 1], ['1970-01', '1970-02'])
    """
    if period not in _UNITS:
        raise UserError(f"`period` is {period!r}, allowed are month or week")
    if log.timestamps is None:
        raise UserError(f"`period` is {period}, which needs timestamps, and the log has none; set `source.timestamp`")
    moments = log.timestamps.astype("datetime64[s]")
    if period == "month":
        # 1 January 1970 was a Thursday: weeks of NumPy begin then, weeks of people three days before.
        number = moments.astype("datetime64[M]").astype(np.int64)
    else:
        number = (log.timestamps // 86400 + 3) // 7
    starts = stretch_starts(log.event_users, number)
    cut = log.take(np.arange(log.num_events), np.append(starts, log.num_events).astype(np.int64))
    cut = replace(cut, people=log.owners[log.event_users[starts]])
    present, place = np.unique(number[starts], return_inverse=True)
    return cut, place, [_name(int(one), period) for one in present]


def _name(number: int, period: str) -> str:
    """Return the month, or the Monday of the week."""
    if period == "month":
        return str(np.datetime64(number, "M"))
    return str(np.datetime64(number * 7 - 3, "D"))
