"""Does someone who did it do it again at once? Runs of one symbol against random order.

Without a limit on gaps the order of equal symbols says nothing: whoever has three has three in a row of matches. So
runs are judged by how close together they come.
"""

import numpy as np

from seqmine.mining.constraints import Constraints
from seqmine.mining.matching import count_supports
from seqmine.mining.significance import OrderTest
from seqmine.structs import InteractionLog, PatternTable, UserError


class BurstTest:
    """Tell for each pattern of one repeated symbol how likely so many close repeats are in random order.

    Args:
        max_gap: repeats are at most this many positions apart; 1 means one right after the other.

    Raises:
        UserError: a gap below 1.
    """

    def __init__(self, *, max_gap: int = 1) -> None:
        if max_gap < 1:
            raise UserError(f"max_gap={max_gap} is not allowed: set evidence.burst_max_gap to 1 or more.")
        self.max_gap = max_gap

    def test(self, log: InteractionLog, table: PatternTable) -> PatternTable:
        """Add ``burst_support``, ``burst_expected`` and ``burst_p_value``; 0, NaN and NaN but for repeats.

        Args:
            log: histories of symbols.
            table: patterns of any kind.
        """
        rows = np.array([len(pattern) > 1 and len(set(pattern)) == 1 for pattern in table.patterns()], dtype=np.bool_)
        support = np.zeros(len(table), np.int64)
        expected, p_value = np.full(len(table), np.nan), np.full(len(table), np.nan)
        if rows.any():
            constraints = Constraints(max_gap=self.max_gap)
            runs = table.take(np.flatnonzero(rows))
            counts = count_supports(log, runs, constraints)
            tested = OrderTest().test(log, PatternTable(runs.symbols, runs.offsets, counts, log.num_users), constraints)
            support[rows] = counts
            expected[rows], p_value[rows] = tested.columns["expected_support"], tested.columns["p_value"]
        return table.with_columns(burst_support=support, burst_expected=expected, burst_p_value=p_value)
