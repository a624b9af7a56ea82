"""Channels: numbers that each count many people and whose difference counts a few.

If 100 people did a, and 97 of them did a and then b, each number may be shown, but both together tell of three people
(Atzori et al., VLDB Journal 2008, doi:10.1007/s00778-006-0034-x).
"""

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from seqmine.structs import PatternTable

Pattern = tuple[int, ...]


def told_of_few(table: PatternTable, candidates: NDArray[np.bool_], min_difference: int) -> NDArray[np.float64]:
    """Return of how few users each candidate would tell beside what is shown; NaN where these are not few.

    Whoever sees a rule sees its support, by its confidence that of its antecedent, by its classical lift that of its
    consequent, and how many users there are. Each of these is held against every part of it, and every longer pattern
    that it is a part of, whose support is shown. The patterns that most users have are shown first; one that would open
    a channel is not shown, so that it opens none for others.

    Args:
        table: judged patterns.
        candidates: (P,) which of them meet all other conditions.
        min_difference: differences of 1 to one less are channels.

    Returns:
        (P,) the smallest such difference, NaN for what may be shown and what is no candidate.
    """
    patterns, support = table.patterns(), table.support_count
    of_one = {pattern: int(count) for pattern, count in zip(patterns, support, strict=True) if len(pattern) == 1}
    antecedents = table.columns.get("antecedent_count", np.full(len(table), np.nan))
    shown = _Shown(table.num_users, min_difference)
    few = np.full(len(table), np.nan)
    rows = np.flatnonzero(candidates)
    for row in rows[np.argsort(-support[rows], kind="stable")].tolist():
        pattern = patterns[row]
        seen = {pattern: int(support[row])}
        if np.isfinite(antecedents[row]):
            seen[pattern[:-1]] = int(antecedents[row])
        if pattern[-1:] in of_one:
            seen[pattern[-1:]] = of_one[pattern[-1:]]
        differences = shown.differences(seen)
        if differences:
            few[row] = min(differences)
        else:
            shown.add(seen)
    return few


class _Shown:
    """Supports that are shown.

    Args:
        num_users: how many have the empty pattern.
        min_difference: differences of 1 to one less are channels.
    """

    def __init__(self, num_users: int, min_difference: int) -> None:
        self.min_difference = min_difference
        self.support: dict[Pattern, int] = {}
        self._longer: dict[Pattern, list[Pattern]] = {}
        self.add({(): num_users})

    def add(self, supports: dict[Pattern, int]) -> None:
        """Show more."""
        for pattern, support in supports.items():
            if pattern not in self.support:
                self.support[pattern] = support
                for part in parts_of(pattern):
                    self._longer.setdefault(part, []).append(pattern)

    def differences(self, supports: dict[Pattern, int]) -> list[int]:
        """Return the differences that count few users, of some supports to what is shown and to each other."""
        found = []
        for pattern, support in supports.items():
            for part in parts_of(pattern):
                others = (known[part] - support for known in (self.support, supports) if part in known)
                found += [count for count in others if 0 < count < self.min_difference]
            longer = (support - self.support[other] for other in self._longer.get(pattern, ()))
            found += [count for count in longer if 0 < count < self.min_difference]
        return found


def parts_of(pattern: Pattern) -> set[Pattern]:
    """Return what is left of a pattern when symbols are left out.

    >>> sorted(parts_of((1, 2)))
    [(), (1,), (2,)]
    """
    return {part for size in range(len(pattern)) for part in combinations(pattern, size)}
