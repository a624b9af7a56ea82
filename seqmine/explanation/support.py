"""How many users of the training part did the same: counts of people, never a person."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from seqmine.probing.matching import count_supports
from seqmine.structs import InteractionLog, PatternTable, UserError
from seqmine.structs.constraints import Constraints


@dataclass(frozen=True)
class Precedent:
    """Other users who had the same events, in this order with anything between.

    Args:
        items: the events, oldest first.
        num_users: training users who had them; None where they are too few to be told.
        num_followed: those of them who had the explained item afterwards; None where they are too few.
    """

    items: tuple[int, ...]
    num_users: int | None
    num_followed: int | None


def count_precedents(
    training: InteractionLog, histories: Sequence[tuple[int, ...]], item: int, *, user: int | None, min_users: int
) -> list[Precedent]:
    """Count the training users who had the same events, and those who went on to an item.

    A count is told when at least ``min_users`` people stand behind it, and behind each difference to a count of
    more people that is told, from which a reader could work out the rest. The user who asks is not counted.

    Args:
        training: the training part of the log.
        histories: events, oldest first, of each precedent; each contains the one before.
        item: what they went on to.
        user: number of the user who asks, None for one who is not in the log.
        min_users: fewest people behind a number.

    Raises:
        UserError: fewer than one person.

    >>> log = InteractionLog.from_lists([[1, 2, 3], [1, 5, 3], [1, 2], [1, 4]])
    >>> count_precedents(log, [(1,), (1, 2)], 3, user=None, min_users=2)
    [Precedent(items=(1,), num_users=4, num_followed=2), Precedent(items=(1, 2), num_users=2, num_followed=None)]
    """
    if min_users < 1:
        raise UserError(f"min_users is {min_users}, allowed are whole numbers from 1; change release.min_users")
    others = np.arange(training.num_users)
    training = training.take_users(others if user is None else others[others != user])
    asked = [pattern for items in histories for pattern in (items, (*items, item))]
    table = PatternTable.from_lists(asked, [0] * len(asked), training.num_users)
    counts = count_supports(training, table, Constraints()).tolist()
    told: dict[tuple[int, ...], int] = {}
    for pattern, count in zip(asked, counts, strict=True):
        parts = [number for part, number in told.items() if _contains(pattern, part)]
        if count >= min_users and not any(0 < number - count < min_users for number in parts):
            told[pattern] = count
    return [Precedent(items, told.get(items), told.get((*items, item))) for items in histories]


def _contains(whole: tuple[int, ...], part: tuple[int, ...]) -> bool:
    """Tell whether a pattern has another one inside, in order.

    >>> _contains((1, 2, 3), (1, 3)), _contains((1, 2, 3), (3, 1))
    (True, False)
    """
    rest = iter(whole)
    return all(symbol in rest for symbol in part)


def supporting_patterns(
    patterns: Sequence[tuple[int, ...]], history: Sequence[int], item: int, constraints: Constraints | None = None
) -> list[int]:
    """Return the numbers of the mined patterns that speak for an item: they end in it, and the history has the rest.

    Limits on gaps and on the span hold up to the next event, which the item would be; those on time do not, as nobody
    knows when that is.

    Args:
        patterns: each by its items, oldest first.
        history: items that the model sees, oldest first.
        item: item_index that is explained.
        constraints: where the patterns may occur; None for anywhere.

    >>> supporting_patterns([(1, 9), (2, 1, 9), (1, 8), (9,)], [1, 2], 9)
    [0]
    >>> supporting_patterns([(1, 9), (2, 9)], [1, 2], 9, Constraints(max_gap=1))
    [1]
    """
    rows = [row for row, pattern in enumerate(patterns) if len(pattern) > 1 and pattern[-1] == item and all(pattern)]
    if not rows or not history:
        return []
    # the next event is told apart from earlier ones of the same item
    coming = max(*history, *(symbol for row in rows for symbol in patterns[row])) + 1
    asked = [(*patterns[row][:-1], coming) for row in rows]
    limits = Constraints() if constraints is None else replace(constraints, max_duration=None, strict_time=False)
    table = PatternTable.from_lists(asked, [0] * len(asked), 1)
    counts = count_supports(InteractionLog.from_lists([[*history, coming]]), table, limits)
    return [row for row, count in zip(rows, counts.tolist(), strict=True) if count]
