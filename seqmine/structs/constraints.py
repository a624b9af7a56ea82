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


SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
"""Units of time in settings."""


@dataclass(frozen=True, kw_only=True)
class Constraints:
    """Limits on a pattern and on where it may occur; unset means unlimited.

    Args:
        min_length: fewest symbols of a pattern that is returned.
        max_length: most symbols of a pattern.
        max_gap: neighbors of the pattern are at most this many positions apart in the history; 1 means adjacent.
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
    max_span: int | None = None
    max_duration: int | None = None
    strict_time: bool = False
    must_contain: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for name in ("min_length", "max_length", "max_gap", "max_span", "max_duration"):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, check_whole(name, value, 0 if name == "max_duration" else 1))
        if self.max_length is not None and self.max_length < self.min_length:
            raise UserError(f"max_length is {self.max_length}, below min_length={self.min_length}")
        object.__setattr__(self, "must_contain", tuple(int(symbol) for symbol in self.must_contain))

    @property
    def is_greedy(self) -> bool:
        """True when the leftmost match of a pattern is all there is to know about it (no gap, span or duration)."""
        return self.max_gap is None and self.max_span is None and self.max_duration is None

    @property
    def limits(self) -> NDArray[np.int64]:
        """(4,) max_length, max_gap, max_span and max_duration as numbers for the compiled kernels."""
        values = (self.max_length, self.max_gap, self.max_span)
        numbers = [UNLIMITED if value is None else min(value, UNLIMITED) for value in values]
        return np.array([*numbers, 2**62 if self.max_duration is None else self.max_duration], dtype=np.int64)

    def containing(self, symbols: Sequence[int]) -> "Constraints":
        """Return the constraints with more symbols that must be there."""
        return replace(self, must_contain=(*self.must_contain, *symbols))

    def check(self, log: InteractionLog) -> None:
        """Raise where the log lacks what the constraints speak of.

        Raises:
            UserError: a constraint on time, and a log without timestamps.
        """
        if log.timestamps is None and (self.strict_time or self.max_duration is not None):
            name = "strict_time" if self.strict_time else "max_duration"
            value = getattr(self, name)
            raise UserError(
                f"`{name}` is {value}, which needs timestamps, and the log has none; unset it or set `source.timestamp`"
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
