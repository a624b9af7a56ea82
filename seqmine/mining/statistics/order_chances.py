"""Chances that users have patterns when the order of their events is random; exact, from what each user has."""

from collections.abc import Iterator
from functools import lru_cache
from typing import no_type_check

import numpy as np
from numpy.typing import NDArray

from seqmine.mining.statistics.arrangements import (
    arrangement_chance,
    distinct_chance,
    gap_chance,
    ordering_chance,
    pair_chances,
    run_chance,
)
from seqmine.mining.statistics.contents import Contents, block_counts, plain_counts
from seqmine.structs import PatternTable
from seqmine.structs.constraints import UNLIMITED, Constraints
from seqmine.structs.kernels import kernel

Found = tuple[NDArray[np.int32], NDArray[np.float64]]
"""Users that have the symbols of a pattern, and for each the chance to have it when order is random."""
MOST_BITS = 6
"""Patterns of more different symbols are judged by permutations where events of one moment are moved together."""
_MOST_TABLED, _TABLE_SIZE = 5, 2**15
"""Patterns of so many different symbols have their chances in a table of at most this size."""


def order_chances(
    contents: Contents,
    flat: NDArray[np.int32],
    table: PatternTable,
    constraints: Constraints,
    lengths: NDArray[np.int64],
) -> Iterator[tuple[int, Found | None]]:
    """Yield each row of a table with its users and their chances; None where there is no exact chance.

    Rows of one set of symbols come in a row, as what users have of the set is looked up once. A chance is 0 where a
    symbol comes too seldom.

    Args:
        contents: of the log, as from ``contents.local_contents``.
        flat: local numbers of the symbols of all patterns.
        table: the patterns.
        constraints: where a pattern may occur.
        lengths: events of each user.
    """
    patterns = [tuple(flat[begin:end].tolist()) for begin, end in zip(table.offsets, table.offsets[1:], strict=False)]
    rows_of: dict[tuple[int, ...], list[int]] = {}
    for row, pattern in enumerate(patterns):
        rows_of.setdefault(tuple(sorted(set(pattern))), []).append(row)
    for members, rows in rows_of.items():
        if constraints.is_greedy and not constraints.strict_time and len(members) <= _MOST_TABLED:
            users, counts = plain_counts(contents, np.array(members, np.int64))
            for row in rows:
                yield row, _free_chances(users, counts, members, patterns[row])
        else:
            for row in rows:
                yield row, _limited_chances(contents, patterns[row], constraints, lengths)


def _form(pattern: tuple[int, ...]) -> tuple[list[int], tuple[int, ...]]:
    """Return the symbols of a pattern as they appear, and the pattern by their numbers.

    Patterns of one form share what is remembered.
    """
    symbols = list(dict.fromkeys(pattern))
    return symbols, tuple(map(symbols.index, pattern))


def _free_chances(
    users: NDArray[np.int32], counts: NDArray[np.int32], members: tuple[int, ...], pattern: tuple[int, ...]
) -> Found | None:
    """Return the chances of a pattern without limits on place, from what users have of its symbols."""
    symbols, form = _form(pattern)
    columns = np.array([members.index(symbol) for symbol in symbols], np.int64)
    if form == (0, 1):
        return users, pair_chances(counts[:, columns[0]], counts[:, columns[1]])
    chances = _tabled_chances(counts, columns, form)
    return None if chances.min(initial=0.0) < 0 else (users, chances)


@lru_cache(maxsize=256)
def _chance_table(form: tuple[int, ...]) -> tuple[int, NDArray[np.float64]]:
    """Return how often symbols come that are not in the table of one form of pattern, and that table.

    It has a chance for each count of each symbol, NaN where none is known yet.
    """
    num_symbols = max(form) + 1
    too_often = int(_TABLE_SIZE ** (1 / num_symbols) + 1e-9)
    return too_often, np.full(too_often**num_symbols, np.nan)


@no_type_check
@kernel
def _look_up(
    table: NDArray[np.float64], counts: NDArray[np.int32], columns: NDArray[np.int64], too_often: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the chance of each row of counts, NaN where it is not known, and its place in the table, -1 for none."""
    chances, places = np.empty(len(counts)), np.empty(len(counts), np.int64)
    for row in range(len(counts)):
        place = 0
        for column in columns:
            if counts[row, column] >= too_often:
                place = -1
                break
            place = place * too_often + counts[row, column]
        places[row] = place
        chances[row] = table[place] if place >= 0 else np.nan
    return chances, places


def _tabled_chances(
    counts: NDArray[np.int32], columns: NDArray[np.int64], form: tuple[int, ...]
) -> NDArray[np.float64]:
    """Return the chance of a pattern without limits on place for each row of counts of its symbols."""
    too_often, table = _chance_table(form)
    # symbols that come more often than fits in the table have their chances remembered one by one
    chances, places = _look_up(table, counts, columns, too_often)
    unknown = np.flatnonzero(np.isnan(chances))
    if len(unknown):
        for row, counted in zip(unknown.tolist(), map(tuple, counts[unknown][:, columns].tolist()), strict=True):
            chances[row] = _free_chance(counted, form, False)
        known = unknown[places[unknown] >= 0]
        table[places[known]] = chances[known]
    return chances


def _limited_chances(
    contents: Contents, pattern: tuple[int, ...], constraints: Constraints, lengths: NDArray[np.int64]
) -> Found | None:
    """Return the chances of a pattern under limits on place, across moments, or of many different symbols."""
    symbols, form = _form(pattern)
    strict = constraints.strict_time
    if (
        constraints.speaks_of_time
        or (constraints.min_gap or 1) > 1
        or (strict and (len(symbols) > MOST_BITS or not constraints.is_greedy))
    ):
        return None
    users, kinds = (block_counts if strict else plain_counts)(contents, np.array(symbols, np.int64))
    if not len(users):
        return users, np.zeros(0)
    rows, kind = _different_rows(kinds if constraints.is_greedy else np.column_stack([lengths[users], kinds]))
    counts = map(tuple, rows.tolist())
    if constraints.is_greedy:
        chances = [_free_chance(row, form, strict) for row in counts]
    else:
        max_gap, max_span = constraints.max_gap or UNLIMITED, constraints.max_span or UNLIMITED
        chances = [_limited_chance(row, form, max_gap, max_span) for row in counts]
    return None if min(chances) < 0 else (users, np.array(chances)[kind])


def _different_rows(rows: NDArray) -> tuple[NDArray, NDArray[np.int64]]:
    """Return the different rows and which of them each row is; by one number a row where that fits, which is fast.

    >>> _different_rows(np.array([[1, 2], [0, 1], [1, 2]]))[1].tolist()
    [1, 0, 1]
    """
    widths = rows.max(axis=0).astype(np.float64) + 1
    if np.all(widths == 2) and rows.all():
        return rows[:1], np.zeros(len(rows), np.int64)
    if np.prod(widths) >= 2.0**62:
        different, kind = np.unique(rows, axis=0, return_inverse=True)
        return different, kind
    radix = np.concatenate([np.cumprod(widths[:0:-1])[::-1], [1.0]]).astype(np.int64)
    _, index, kind = np.unique(rows @ radix, return_index=True, return_inverse=True)
    return rows[index], kind


@lru_cache(maxsize=1_000_000)
def _free_chance(row: tuple[int, ...], form: tuple[int, ...], strict: bool) -> float:
    """Return the chance of a pattern without limits on place, for the blocks of one kind of user."""
    if not strict and max(row) == 1:
        return ordering_chance(len(form)) if len(row) == len(form) else 0.0
    masks = [mask for mask, count in enumerate(row) if count] if strict else [1 << index for index in range(len(row))]
    counts = [count for count in row if count]
    return float(arrangement_chance(np.array(masks, np.int64), np.array(counts, np.int64), np.array(form, np.int64)))


@lru_cache(maxsize=2_000_000)
def _limited_chance(row: tuple[int, ...], form: tuple[int, ...], max_gap: int, max_span: int) -> float:
    """Return the chance of a pattern under limits on gap and span, for a history length and counts; -1 if unknown."""
    length, *counts = row
    k = len(form)
    max_gap = min(max_gap, length)
    if k == 2:  # the gap and the span of a pair are one thing
        max_gap, max_span = min(max_gap, max_span - 1), UNLIMITED
    if k == 1 or max_gap < 1:
        return float(k == 1)
    if len(counts) == k and max(counts) == 1:
        return distinct_chance(length, k, max_gap, max_span)
    if max_span < (k - 1) * max_gap + 1:
        return -1.0
    if len(counts) == 1:
        return run_chance(length, counts[0], k, max_gap)
    return gap_chance(length, tuple(counts), form, max_gap)
