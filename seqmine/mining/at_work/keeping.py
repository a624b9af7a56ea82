"""Augmentation that leaves patterns whole: events of significant occurrences are marked as not to be changed."""

from dataclasses import replace
from typing import no_type_check

import numpy as np
from numpy.typing import NDArray

from seqmine.data.rows import TrainingRows
from seqmine.mining.engine.frequent import mine_frequent
from seqmine.mining.statistics.hypotheses import order_family
from seqmine.mining.statistics.multiplicity import adjust_tested, benjamini_hochberg
from seqmine.mining.statistics.significance import OrderTest
from seqmine.mining.statistics.ties import for_order
from seqmine.probing.matching import count_people, lexicographic_order
from seqmine.structs import InteractionLog, PatternTable
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import AtLeastTwo, PositiveInt, PositiveShare
from seqmine.structs.constraints import Constraints
from seqmine.structs.kernels import kernel


@bounded
class KeepPatterns:
    """Preserve significant patterns under augmentation: only events outside of them may be changed.

    The patterns are those of the training part that pass the exact order test, corrected for every order of every set
    of items that enough users have. The next item to predict counts as the end of a history here, so that the events
    that announce it are kept.

    Args:
        min_count: users that a pattern needs (inclusive).
        max_length: most items of a pattern, at least 2.
        max_gap: neighbors of the pattern are at most this many positions apart.
        max_q_value: largest share of false ones among the patterns that are kept (Benjamini and Hochberg).
        most_patterns: most patterns that are tested, those with most users.

    Raises:
        UserError: a setting out of range.
    """

    def __init__(
        self,
        *,
        min_count: PositiveInt,
        max_length: AtLeastTwo,
        max_gap: PositiveInt,
        max_q_value: PositiveShare,
        most_patterns: PositiveInt,
    ) -> None:
        self.min_count, self.max_q_value, self.most_patterns = min_count, max_q_value, most_patterns
        self.constraints = Constraints(min_length=2, max_length=max_length, max_gap=max_gap)

    def prepare(self, training: InteractionLog) -> None:
        """Find the patterns of the training part."""
        table = mine_frequent(training, self.min_count, self.constraints)
        table = table.take(np.arange(min(len(table), self.most_patterns)))
        family = order_family(training, self.min_count, int(table.lengths.max(initial=0)))
        limits = for_order(self.constraints, training)
        tested = replace(table, support_count=count_people(training, table, limits))
        p_value = OrderTest().test(training, tested, limits).columns["p_value"]
        q_value = adjust_tested(p_value, family.weights(table.lengths), family.total, benjamini_hochberg)
        table = table.take(np.flatnonzero(q_value <= self.max_q_value))
        self.patterns = table.take(lexicographic_order(table))

    def find_kept(self, rows: TrainingRows, log: InteractionLog) -> NDArray[np.bool_]:
        """Return (B, L) the steps of rows that belong to an occurrence of a pattern."""
        steps, width = np.arange(len(rows)), rows.items.shape[1]
        symbols = np.pad(rows.items, ((0, 0), (0, 1)))
        last = rows.lengths - 1
        target = rows.targets[steps, last]
        is_ahead = target > rows.events[steps, last]
        symbols[steps[is_ahead], rows.lengths[is_ahead]] = log.items[target[is_ahead]]
        return mark_occurrences(symbols, self.patterns, self.constraints.limits[1])[:, :width] & rows.valid


def mark_occurrences(symbols: NDArray[np.int64], patterns: PatternTable, max_gap: int) -> NDArray[np.bool_]:
    """Return (B, L) which symbols belong to an occurrence of any pattern.

    Args:
        symbols: (B, L) histories, padded with 0 at the end; other zeros match nothing.
        patterns: in lexicographic order.
        max_gap: neighbors of a pattern are at most this many positions apart.

    >>> table = PatternTable.from_lists([(1, 2)], [0], 1)
    >>> mark_occurrences(np.array([[1, 9, 2, 9, 9, 1]]), table, 2).tolist()
    [[True, False, True, False, False, False]]
    """
    firsts = patterns.symbols[patterns.offsets[:-1]]
    size = 1 + max(int(symbols.max(initial=0)), int(patterns.symbols.max(initial=0)))
    begins = np.searchsorted(firsts, np.arange(size + 1))
    longest = int(patterns.lengths.max(initial=1))
    return _mark(symbols, patterns.symbols, patterns.offsets, begins, longest, max_gap)


@no_type_check
@kernel
def _mark(
    symbols: NDArray[np.int64],
    flat: NDArray[np.int32],
    offsets: NDArray[np.int64],
    begins: NDArray[np.int64],
    longest: int,
    max_gap: int,
) -> NDArray[np.bool_]:
    """Walk from each step along every pattern that begins there, and mark the steps on ways that reach its end."""
    num_rows, width = symbols.shape
    marked = np.zeros((num_rows, width), np.bool_)
    reached = np.zeros((longest, width), np.bool_)  # steps where a way through the first symbols can stand
    for row in range(num_rows):
        for start in range(width):
            symbol = symbols[row, start]
            if symbol == 0:
                continue
            for pattern in range(begins[symbol], begins[symbol + 1]):
                size = offsets[pattern + 1] - offsets[pattern]
                stop = min(width, start + (size - 1) * max_gap + 1)
                reached[:size, start:stop] = False
                reached[0, start] = True
                for place in range(1, size):
                    since = -1
                    for step in range(start + 1, stop):
                        if reached[place - 1, step - 1]:
                            since = step - 1
                        near = since >= 0 and step - since <= max_gap
                        reached[place, step] = near and symbols[row, step] == flat[offsets[pattern] + place]
                _mark_ways(marked[row], reached, size, start, stop, max_gap)
    return marked


@no_type_check
@kernel
def _mark_ways(
    marked: NDArray[np.bool_], reached: NDArray[np.bool_], size: int, start: int, stop: int, max_gap: int
) -> None:
    """Mark the steps from which the last symbol can be reached, from the last symbol back."""
    for place in range(size - 1, -1, -1):
        following = -1
        for step in range(stop - 1, start - 1, -1):
            if place < size - 1:
                if step + 1 < stop and reached[place + 1, step + 1]:
                    following = step + 1
                if following < 0 or following - step > max_gap:
                    reached[place, step] = False
            if reached[place, step]:
                marked[step] = True
