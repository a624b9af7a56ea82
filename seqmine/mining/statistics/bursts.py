"""Burst test: close repeats of one symbol against random order.

Without a limit on gaps the order of equal symbols says nothing: whoever has three has three in a row of matches. So
runs are judged by how close together they come.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from seqmine.mining.statistics.significance import OrderTest
from seqmine.probing.matching import count_people
from seqmine.structs import InteractionLog, PatternTable
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import PositiveInt
from seqmine.structs.constraints import Constraints

Part = tuple[NDArray[np.int64], Constraints]
"""Rows of a table, and the limits that they are judged under."""


def is_repeat(table: PatternTable) -> NDArray[np.bool_]:
    """Return which patterns are one symbol two times or more.

    >>> is_repeat(PatternTable.from_lists([(1,), (1, 1), (1, 2)], [0, 0, 0], 1)).tolist()
    [False, True, False]
    """
    if not len(table):
        return np.zeros(0, np.bool_)
    firsts = np.repeat(table.symbols[table.offsets[:-1]], table.lengths)
    return np.logical_and.reduceat(table.symbols == firsts, table.offsets[:-1]) & (table.lengths > 1)


def judged_parts(table: PatternTable, constraints: Constraints) -> list[Part]:
    """Return all rows of a table, each with the limits that it is judged under.

    Args:
        table: patterns, with the column ``close_gap`` where repeats have been tested.
        constraints: limits of all that are no repeats without limits.
    """
    gaps = table.columns.get("close_gap", np.full(len(table), np.nan))
    parts = [(np.flatnonzero(np.isnan(gaps)), constraints)]
    return parts + [(np.flatnonzero(gaps == gap), _close(int(gap), constraints)) for gap in np.unique(gaps[gaps > 0])]


def _close(max_gap: int, constraints: Constraints) -> Constraints:
    return Constraints(max_gap=max_gap, strict_time=constraints.strict_time)


@bounded
class BurstTest:
    """Test the close repeats of each pattern of one repeated symbol against random order.

    Args:
        max_gap: repeats are at most this many positions apart; 1 means one right after the other.

    Raises:
        UserError: a gap below 1.
    """

    def __init__(self, *, max_gap: PositiveInt = 1) -> None:
        self.max_gap = max_gap

    def test(
        self, log: InteractionLog, table: PatternTable, constraints: Constraints, order_test: OrderTest
    ) -> PatternTable:
        """Add ``burst_support``, ``burst_expected``, ``burst_p_value``, ``burst_is_exact`` and ``close_gap``.

        Args:
            log: histories of symbols.
            table: patterns of any kind.
            constraints: under which order is judged.
            order_test: p-values of order.

        Returns:
            The table; what is no repeat has 0, NaN, NaN and True. ``close_gap`` is the gap within which a repeat
            without limits is judged, NaN for all other patterns.
        """
        rows = is_repeat(table)
        support = np.zeros(len(table), np.int64)
        expected, p_value = np.full(len(table), np.nan), np.full(len(table), np.nan)
        is_exact = np.ones(len(table), np.bool_)
        if rows.any():
            limits = _close(self.max_gap, constraints)
            runs = table.take(np.flatnonzero(rows))
            runs = replace(runs, support_count=count_people(log, runs, limits))
            tested = order_test.test(log, runs, limits).columns
            support[rows] = runs.support_count
            expected[rows], p_value[rows] = tested["expected_support"], tested["p_value"]
            is_exact[rows] = tested["p_is_exact"]
        return table.with_columns(
            burst_support=support,
            burst_expected=expected,
            burst_p_value=p_value,
            burst_is_exact=is_exact,
            close_gap=np.where(rows & constraints.is_greedy, float(self.max_gap), np.nan),
        )
