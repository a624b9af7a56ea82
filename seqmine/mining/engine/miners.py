"""The miners: all frequent patterns, the closed ones, the maximal ones, the k best."""

from collections.abc import Sequence
from copy import copy
from typing import Self

from seqmine.mining.engine.condense import closed_patterns, maximal_patterns
from seqmine.mining.engine.condensed import is_searchable, mine_condensed
from seqmine.mining.engine.frequent import Progress, mine_frequent, no_progress, num_workers
from seqmine.structs import InteractionLog, PatternTable
from seqmine.structs.constraints import Constraints, check_whole, threshold


class FrequentMiner:
    """Find every pattern that enough users have.

    Args:
        min_count: users that a pattern needs (inclusive).
        min_support: the same as a fraction of the users, rounded up; read only where ``min_count`` is unset.
        min_length: fewest symbols of a pattern.
        max_length: most symbols of a pattern.
        max_gap: neighbors of the pattern are at most this many positions apart in the history; 1 means adjacent.
        max_span: last position - first position + 1 is at most this.
        max_duration: seconds between the first and the last event.
        strict_time: time must strictly increase between neighbors.
        must_contain: symbols that every pattern contains.
        num_threads: threads to use, 0 for all cores.

    Raises:
        UserError: a setting out of range.
    """

    def __init__(
        self,
        *,
        min_count: int | None = None,
        min_support: float | None = None,
        min_length: int = 1,
        max_length: int | None = None,
        max_gap: int | None = None,
        max_span: int | None = None,
        max_duration: int | None = None,
        strict_time: bool = False,
        must_contain: Sequence[int] = (),
        num_threads: int = 0,
    ) -> None:
        self.constraints = Constraints(
            min_length=min_length,
            max_length=max_length,
            max_gap=max_gap,
            max_span=max_span,
            max_duration=max_duration,
            strict_time=strict_time,
            must_contain=tuple(must_contain),
        )
        threshold(1, min_count, min_support)
        num_workers(num_threads)
        self.min_count, self.min_support, self.num_threads = min_count, min_support, num_threads

    def containing(self, symbols: Sequence[int]) -> Self:
        """Return the same miner for patterns that contain all of some symbols."""
        other = copy(self)
        other.constraints = self.constraints.containing(symbols)
        return other

    def needed_count(self, table: PatternTable) -> int:
        """Return the support that the patterns of a table were mined with."""
        return threshold(table.num_users, self.min_count, self.min_support)

    def mine(self, log: InteractionLog, progress: Progress = no_progress) -> PatternTable:
        """Return the patterns by falling support, then in lexicographic order of their symbols.

        Args:
            log: histories of symbols.
            progress: told of the share of the work that is done, 0 to 1.
        """
        min_count = threshold(log.num_users, self.min_count, self.min_support)
        return mine_frequent(log, min_count, self.constraints, num_threads=self.num_threads, progress=progress)

    def _search(self, log: InteractionLog, progress: Progress, *, is_maximal: bool) -> PatternTable:
        """Return closed or maximal patterns without the others."""
        return mine_condensed(
            log,
            threshold(log.num_users, self.min_count, self.min_support),
            self.constraints,
            is_maximal=is_maximal,
            num_threads=self.num_threads,
            progress=progress,
        )


class ClosedMiner(FrequentMiner):
    """Find the frequent patterns that no longer frequent pattern contains with equal support.

    Longer patterns are those that the same constraints allow. They are searched directly where only ``strict_time``,
    ``min_length`` and ``must_contain`` are set, and else picked out of all frequent patterns. Arguments as
    ``FrequentMiner``.
    """

    def mine(self, log: InteractionLog, progress: Progress = no_progress) -> PatternTable:
        """Return the closed patterns by falling support, then in lexicographic order of their symbols."""
        if is_searchable(self.constraints):
            return self._search(log, progress, is_maximal=False)
        table = super().mine(log, progress)
        return closed_patterns(table, support_may_grow=self.constraints.max_gap is not None)


class MaximalMiner(FrequentMiner):
    """Find the frequent patterns that no longer frequent pattern contains.

    Longer patterns are those that the same constraints allow. They are searched directly where only ``strict_time``,
    ``min_length`` and ``must_contain`` are set, and else picked out of all frequent patterns. Arguments as
    ``FrequentMiner``.
    """

    def mine(self, log: InteractionLog, progress: Progress = no_progress) -> PatternTable:
        """Return the maximal patterns by falling support, then in lexicographic order of their symbols."""
        if is_searchable(self.constraints):
            return self._search(log, progress, is_maximal=True)
        table = super().mine(log, progress)
        return maximal_patterns(table, support_may_grow=self.constraints.max_gap is not None)


class TopKMiner:
    """Find the k patterns with the highest support, and every other one that ties with the k-th.

    The floor of the search falls until k patterns lie above it, and rises again while the last search finds them.

    Args:
        top_k: number of patterns; more are returned where the k-th ties.
        min_count: never go below this many users; unset together with ``min_support``, down to 1.
        min_support: the same as a fraction of the users, rounded up; read only where ``min_count`` is unset.
        min_length: fewest symbols of a pattern that counts among the k.
        max_length: most symbols of a pattern.
        max_gap: neighbors of the pattern are at most this many positions apart in the history; 1 means adjacent.
        max_span: last position - first position + 1 is at most this.
        max_duration: seconds between the first and the last event.
        strict_time: time must strictly increase between neighbors.
        must_contain: symbols that every pattern contains.
        num_threads: threads to use, 0 for all cores.

    Raises:
        UserError: a setting out of range.
    """

    def __init__(
        self,
        *,
        top_k: int,
        min_count: int | None = None,
        min_support: float | None = None,
        min_length: int = 1,
        max_length: int | None = None,
        max_gap: int | None = None,
        max_span: int | None = None,
        max_duration: int | None = None,
        strict_time: bool = False,
        must_contain: Sequence[int] = (),
        num_threads: int = 0,
    ) -> None:
        self.constraints = Constraints(
            min_length=min_length,
            max_length=max_length,
            max_gap=max_gap,
            max_span=max_span,
            max_duration=max_duration,
            strict_time=strict_time,
            must_contain=tuple(must_contain),
        )
        if min_count is None and min_support is None:
            min_count = 1
        threshold(1, min_count, min_support)
        num_workers(num_threads)
        self.top_k, self.num_threads = check_whole("top_k", top_k, 1), num_threads
        self.min_count, self.min_support = min_count, min_support

    def containing(self, symbols: Sequence[int]) -> Self:
        """Return the same miner for patterns that contain all of some symbols."""
        other = copy(self)
        other.constraints = self.constraints.containing(symbols)
        return other

    def needed_count(self, table: PatternTable) -> int:
        """Return the support of the last pattern of a table; as the data chose it, tests are a little bold."""
        return int(table.support_count.min(initial=table.num_users))

    def mine(self, log: InteractionLog, progress: Progress = no_progress) -> PatternTable:
        """Return the patterns by falling support, then in lexicographic order of their symbols.

        Args:
            log: histories of symbols.
            progress: told of the share of the current search that is done, 0 to 1.
        """
        lowest = threshold(log.num_users, self.min_count, self.min_support)
        floor = max(log.num_users // 2, lowest)
        # A floor that rises counts patterns as they are found, so it cannot know what must_contain will drop.
        rising = 0 if self.constraints.must_contain else self.top_k
        while True:
            table = mine_frequent(
                log, floor, self.constraints, num_threads=self.num_threads, top_k=rising, progress=progress
            )
            if len(table) >= self.top_k or floor == lowest:
                break
            floor = max(int(floor * 0.6), lowest)
        if len(table) <= self.top_k:
            return table
        return table.take((table.support_count >= table.support_count[self.top_k - 1]).nonzero()[0])
