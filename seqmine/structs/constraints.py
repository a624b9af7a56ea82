"""What a sequential pattern may look like, and how many users it needs."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqmine.structs import InteractionLog, UserError

UNLIMITED = 2**31 - 1
"""What an unset limit is for the compiled kernels: no history is longer."""


FOREVER = 2**62
"""What an unset limit on time is for them, in seconds."""


def check_whole(name: str, value: Any, lowest: int) -> int:
    """Return the value of a setting of a miner that has to be a whole number.

    Args:
        name: of the setting.
        value: what it is.
        lowest: what it may be at least.

    Raises:
        UserError: anything else.
    """
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise UserError(f"{name} is {value!r}, allowed are whole numbers from {lowest}")
    if value < lowest:
        raise UserError(f"{name} is {value}, allowed are whole numbers from {lowest}")
    return int(value)


def duration_seconds(name: str, value: int | str | None) -> int | None:
    """Return a span of time in seconds.

    Args:
        name: of the setting.
        value: seconds, or a number with a unit: ``90s``, ``30m`` (minutes), ``4h``, ``7d``, ``2w``; None stays None.

    Raises:
        UserError: anything else.

    >>> duration_seconds("max_duration", "4h"), duration_seconds("max_duration", 90)
    (14400, 90)
    """
    if not isinstance(value, str):
        return None if value is None else check_whole(name, value, 0)
    found = re.fullmatch(r"(\d+)([smhdw])", value)
    if found is None:
        raise UserError(
            f"{name} is {value!r}, allowed are seconds, or a number with a unit such as 90s, 30m, 4h, 7d or 2w"
        )
    return int(found[1]) * SECONDS[found[2]]


def gap_limits(name: str, value: int | str | None) -> tuple[int | None, int | None]:
    """Return a limit on gaps as positions and as seconds; one of them, or both, is None.

    Args:
        name: of the setting.
        value: positions, or a number with a unit of time as for ``duration_seconds``; None stays None.

    Raises:
        UserError: anything else.

    >>> gap_limits("max_gap", 3), gap_limits("max_gap", "90s")
    ((3, None), (None, 90))
    """
    if not isinstance(value, str):
        return None if value is None else check_whole(name, value, 1), None
    if re.fullmatch(r"\d+[smhdw]", value) is None:
        raise UserError(
            f"{name} is {value!r}, allowed are positions in the history, or a time with a unit such as 90s, 30m, 4h, 7d"
        )
    return None, duration_seconds(name, value)


SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
"""Units of time in settings."""


_TIMES = ("max_duration", "max_gap_time", "min_gap_time")


@dataclass(frozen=True, kw_only=True)
class Constraints:
    """Limits on a pattern and on where it may occur; unset means unlimited.

    Args:
        min_length: fewest symbols of a pattern that is returned.
        max_length: most symbols of a pattern.
        max_gap: neighbors of the pattern are at most this many positions apart in the history; 1 means adjacent.
        min_gap: they are at least this many positions apart.
        max_gap_time: they are at most this many seconds apart; needs timestamps.
        min_gap_time: they are at least this many seconds apart; needs timestamps.
        max_span: last position - first position + 1 is at most this.
        max_duration: seconds between the first and the last event; needs timestamps.
        strict_time: time must strictly increase between neighbors, so events of one moment have no order; needs
            timestamps.
        must_contain: symbols that a pattern that is returned contains, in any place.

    Raises:
        UserError: a limit that is no whole number, or below what it can be.
    """

    min_length: int = 1
    max_length: int | None = None
    max_gap: int | None = None
    min_gap: int | None = None
    max_gap_time: int | None = None
    min_gap_time: int | None = None
    max_span: int | None = None
    max_duration: int | None = None
    strict_time: bool = False
    must_contain: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for name in ("min_length", "max_length", "max_gap", "min_gap", "max_span", *_TIMES):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, check_whole(name, value, 0 if name in _TIMES else 1))
        if self.max_length is not None and self.max_length < self.min_length:
            raise UserError(f"max_length is {self.max_length}, below min_length={self.min_length}")
        for fewest, most in ((self.min_gap, self.max_gap), (self.min_gap_time, self.max_gap_time)):
            if fewest is not None and most is not None and fewest > most:
                raise UserError(f"min_gap is {fewest}, above max_gap={most}")
        object.__setattr__(self, "must_contain", tuple(int(symbol) for symbol in self.must_contain))

    @property
    def is_greedy(self) -> bool:
        """True when the leftmost match of a pattern is all there is to know about it (no gap, span or duration)."""
        return self.max_span is None and self.has_free_gaps and self.max_duration is None

    @property
    def has_free_gaps(self) -> bool:
        """True when neighbors may be as close and as far from each other as they like."""
        return not (self.min_gap or 1) > 1 and not self.min_gap_time and not self.has_upper_gap

    @property
    def has_upper_gap(self) -> bool:
        """True when neighbors may not be far apart: a longer pattern can then have more support than one in it."""
        return self.max_gap is not None or self.max_gap_time is not None

    @property
    def speaks_of_time(self) -> bool:
        """True when it matters how much time lies between events."""
        return any(getattr(self, name) is not None for name in _TIMES)

    @property
    def limits(self) -> NDArray[np.int64]:
        """(7,) max_length, max_gap, max_span, max_duration, min_gap, max_gap_time and min_gap_time for the kernels."""
        places = [UNLIMITED if value is None else min(value, UNLIMITED) for value in (self.max_length, self.max_gap)]
        span = UNLIMITED if self.max_span is None else min(self.max_span, UNLIMITED)
        times = [FOREVER if value is None else value for value in (self.max_duration, self.max_gap_time)]
        nearest = min(self.min_gap or 1, UNLIMITED), self.min_gap_time or 0
        return np.array([*places, span, times[0], nearest[0], times[1], nearest[1]], dtype=np.int64)

    def containing(self, symbols: Sequence[int]) -> "Constraints":
        """Return the constraints with more symbols that must be there."""
        return replace(self, must_contain=(*self.must_contain, *symbols))

    def check(self, log: InteractionLog) -> None:
        """Raise where the log lacks what the constraints speak of.

        Raises:
            UserError: a constraint on time, and a log without timestamps.
        """
        if log.timestamps is None and (self.strict_time or self.speaks_of_time):
            name = "strict_time" if self.strict_time else next(one for one in _TIMES if getattr(self, one) is not None)
            setting = name if name in ("strict_time", "max_duration") else name.removesuffix("_time")
            raise UserError(
                f"`{setting}` is {getattr(self, name)}, which needs timestamps, and the log has none; unset it or set "
                "`source.timestamp`"
            )


def threshold(num_users: int, min_count: int | None, min_support: float | None) -> int:
    """Return the smallest number of users that a frequent pattern has (inclusive).

    Args:
        num_users: users that are searched.
        min_count: the number itself.
        min_support: a fraction of the users, rounded up, so 0.1 of 6,040 users is 604 and of 6,041 is 605; read only
            where ``min_count`` is unset.

    Raises:
        UserError: none is set, or the one that is read is out of range.

    >>> threshold(6041, None, 0.1), threshold(10, 3, None)
    (605, 3)
    """
    if min_count is not None:
        return check_whole("min_count", min_count, 1)
    if min_support is None:
        raise UserError("min_count and min_support are both unset; set one of them")
    if not isinstance(min_support, Real) or isinstance(min_support, bool) or not 0 < min_support <= 1:
        raise UserError(f"min_support is {min_support}, allowed are numbers above 0 and up to 1")
    # The decimal that was typed, not its binary neighbor: 0.07 of 100 users is 7, though 0.07 * 100 > 7 in floats.
    return max(1, math.ceil(Fraction(str(min_support)) * num_users))
