"""The miners: all frequent patterns, the closed ones, the maximal ones, the k best."""

from dataclasses import dataclass

from seqmine.mining.engine.condense import closed_patterns, maximal_patterns
from seqmine.mining.engine.condensed import is_searchable, mine_condensed
from seqmine.mining.engine.frequent import Progress, mine_frequent, no_progress
from seqmine.mining.engine.limits import PatternLimits
from seqmine.structs import InteractionLog, PatternTable
from seqmine.structs.bounds import PositiveInt
from seqmine.structs.constraints import check_whole


@dataclass(kw_only=True)
class FrequentMiner(PatternLimits):
    """Find every pattern that enough users have; arguments as ``PatternLimits``."""

    def mine(self, log: InteractionLog, progress: Progress = no_progress) -> PatternTable:
        """Return the patterns by falling support, then in lexicographic order of their symbols.

        Args:
            log: histories of symbols.
            progress: told of the share of the work that is done, 0 to 1.
        """
        return mine_within(self, log, progress)


@dataclass(kw_only=True)
class ClosedMiner(PatternLimits):
    """Find the frequent patterns that no longer frequent pattern contains with equal support.

    Longer patterns are those that the same constraints allow. They are searched directly where only ``strict_time``,
    ``min_length`` and ``must_contain`` are set, and else picked out of all frequent patterns. Arguments as
    ``PatternLimits``.
    """

    def mine(self, log: InteractionLog, progress: Progress = no_progress) -> PatternTable:
        """Return the closed patterns by falling support, then in lexicographic order of their symbols."""
        if is_searchable(self.constraints):
            return _search(self, log, progress, is_maximal=False)
        return closed_patterns(mine_within(self, log, progress), support_may_grow=self.constraints.has_upper_gap)


@dataclass(kw_only=True)
class MaximalMiner(PatternLimits):
    """Find the frequent patterns that no longer frequent pattern contains.

    Longer patterns are those that the same constraints allow. They are searched directly where only ``strict_time``,
    ``min_length`` and ``must_contain`` are set, and else picked out of all frequent patterns. Arguments as
    ``PatternLimits``.
    """

    def mine(self, log: InteractionLog, progress: Progress = no_progress) -> PatternTable:
        """Return the maximal patterns by falling support, then in lexicographic order of their symbols."""
        if is_searchable(self.constraints):
            return _search(self, log, progress, is_maximal=True)
        return maximal_patterns(mine_within(self, log, progress), support_may_grow=self.constraints.has_upper_gap)


@dataclass(kw_only=True)
class TopKMiner(PatternLimits):
    """Find the k patterns with the highest support, and every other one that ties with the k-th.

    The floor of the search falls until k patterns lie above it, and rises again while the last search finds them. It
    never goes below ``min_count`` or ``min_support``; both unset, it goes down to one user.

    Args:
        top_k: number of patterns; more are returned where the k-th ties. The other arguments as ``PatternLimits``.

    Raises:
        UserError: a setting out of range.
    """

    top_k: PositiveInt

    def __post_init__(self) -> None:
        if self.min_count is None and self.min_support is None:
            self.min_count = 1
        super().__post_init__()
        check_whole("top_k", self.top_k, 1)

    def needed_count(self, table: PatternTable) -> int:
        """Return the support of the last pattern of a table; as the data chose it, tests are a little bold."""
        return int(table.support_count.min(initial=table.num_users))

    def mine(self, log: InteractionLog, progress: Progress = no_progress) -> PatternTable:
        """Return the patterns by falling support, then in lexicographic order of their symbols.

        Args:
            log: histories of symbols.
            progress: told of the share of the current search that is done, 0 to 1.
        """
        lowest = self.lowest_count(log.num_users)
        floor = max(log.num_users // 2, lowest)
        # A floor that rises counts patterns as they are found, so it cannot know what must_contain will drop.
        rising = 0 if self.must_contain else self.top_k
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


def mine_within(limits: PatternLimits, log: InteractionLog, progress: Progress = no_progress) -> PatternTable:
    """Return every pattern of a log within some limits, in the order of ``mine_frequent``."""
    lowest = limits.lowest_count(log.num_users)
    return mine_frequent(log, lowest, limits.constraints, num_threads=limits.num_threads, progress=progress)


def _search(limits: PatternLimits, log: InteractionLog, progress: Progress, *, is_maximal: bool) -> PatternTable:
    """Return closed or maximal patterns without the others."""
    return mine_condensed(
        log,
        limits.lowest_count(log.num_users),
        limits.constraints,
        is_maximal=is_maximal,
        num_threads=limits.num_threads,
        progress=progress,
    )
