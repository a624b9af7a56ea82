"""The limits that every miner takes, in one value."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import Self

from seqmine.mining.engine.frequent import num_workers
from seqmine.structs import PatternTable
from seqmine.structs.bounds import NonNegativeInt, PositiveInt, PositiveShare
from seqmine.structs.constraints import Constraints, duration_seconds, gap_limits, threshold


@dataclass(kw_only=True)
class PatternLimits:
    """How many users a pattern needs, what it may look like, and how many threads search for it.

    Args:
        min_count: users that a pattern needs (inclusive).
        min_support: the same as a fraction of the users, rounded up; read only where ``min_count`` is unset.
        min_length: fewest symbols of a pattern that is returned.
        max_length: most symbols of a pattern.
        max_gap: neighbors of the pattern are at most this many positions apart in the history, where 1 means adjacent;
            or a time with a unit, such as ``90s``, ``4h``, ``7d``.
        min_gap: they are at least this many positions, or this time, apart.
        max_span: last position - first position + 1 is at most this.
        max_duration: seconds between the first and the last event, or a number with a unit: ``90s``, ``4h``, ``7d``.
        strict_time: time must strictly increase between neighbors.
        must_contain: symbols that every pattern contains.
        num_threads: threads to use, 0 for all cores.

    Raises:
        UserError: a setting out of range.
    """

    min_count: PositiveInt | None = None
    min_support: PositiveShare | None = None
    min_length: PositiveInt = 1
    max_length: PositiveInt | None = None
    max_gap: int | str | None = None
    min_gap: int | str | None = None
    max_span: PositiveInt | None = None
    max_duration: int | str | None = None
    strict_time: bool = False
    must_contain: Sequence[int] = ()
    num_threads: NonNegativeInt = 0

    def __post_init__(self) -> None:
        self.constraints  # noqa: B018 - refuses limits out of range
        self.lowest_count(1)
        num_workers(self.num_threads)

    @property
    def constraints(self) -> Constraints:
        """Limits on the pattern and on where it may occur."""
        (max_gap, max_gap_time), (min_gap, min_gap_time) = (
            gap_limits(name, getattr(self, name)) for name in ("max_gap", "min_gap")
        )
        return Constraints(
            min_length=self.min_length,
            max_length=self.max_length,
            max_gap=max_gap,
            min_gap=min_gap,
            max_gap_time=max_gap_time,
            min_gap_time=min_gap_time,
            max_span=self.max_span,
            max_duration=duration_seconds("max_duration", self.max_duration),
            strict_time=self.strict_time,
            must_contain=tuple(self.must_contain),
        )

    def containing(self, symbols: Sequence[int]) -> Self:
        """Return the same limits for patterns that contain all of some symbols."""
        other = copy(self)
        other.must_contain = (*self.must_contain, *symbols)
        return other

    def up_to(self, max_length: int) -> Self:
        """Return the same limits with a longest pattern, where they have none."""
        if self.max_length is not None:
            return self
        other = copy(self)
        other.max_length = max(max_length, self.min_length)
        return other

    def lowest_count(self, num_users: int) -> int:
        """Return how many of some users a pattern needs."""
        return threshold(num_users, self.min_count, self.min_support)

    def needed_count(self, table: PatternTable) -> int:
        """Return the support that the patterns of a table were mined with."""
        return self.lowest_count(table.num_users)
