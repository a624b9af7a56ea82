"""Where given patterns occur in a log: supports, weighted supports, and what rules are held against.

Patterns are taken in lexicographic order, so that what two neighbors share is matched once.
"""

from typing import no_type_check

import numpy as np
from numpy.typing import NDArray

from seqmine.probing.database import Database, grown, index_symbols
from seqmine.probing.extending import Walk, empty_arena, match_next, owners_of
from seqmine.structs import InteractionLog, PatternTable, UserError
from seqmine.structs.constraints import Constraints
from seqmine.structs.kernels import kernel
from seqmine.structs.log import segment_positions


@no_type_check
@kernel
def _weighted_supports(
    db: Database,
    walk: Walk,
    owners: NDArray[np.int32],
    weights: NDArray[np.int32],
) -> NDArray[np.int32]:
    """Return (P, B) the weight of the owners of each pattern."""
    totals = np.zeros((len(walk.order), weights.shape[1]), np.int32)
    arena, marks = empty_arena(walk)
    for index, row in enumerate(walk.order):
        arena, _ = match_next(db, walk, index, arena, marks)
        size = walk.offsets[row + 1] - walk.offsets[row]
        for owner in owners_of(db, arena[marks[size - 1] : marks[size]], owners):
            for column in range(weights.shape[1]):
                totals[row, column] += weights[owner, column]
    return totals


def lexicographic_order(table: PatternTable) -> NDArray[np.int64]:
    """Return the rows of a table in the order of their symbols, a pattern before its extensions.

    >>> lexicographic_order(PatternTable.from_lists([(2,), (1, 3), (1,)], [1, 1, 1], 1)).tolist()
    [2, 1, 0]
    """
    longest = int(table.lengths.max(initial=0))
    # A missing symbol is -1, so a pattern sorts before its extensions and they find its levels in the arena.
    places = np.full((len(table), longest), -1, np.int32)
    row = np.repeat(np.arange(len(table)), table.lengths)
    places[row, segment_positions(np.zeros_like(table.lengths), table.lengths)] = table.symbols
    return np.lexsort(places.T[::-1]) if longest else np.arange(len(table))


def local_patterns(log: InteractionLog, table: PatternTable, strict_time: bool) -> tuple[Database, NDArray[np.int32]]:
    """Index the symbols of a table in a log, and number the symbols of the table as the index does."""
    names, flat = np.unique(table.symbols, return_inverse=True)
    return index_symbols(log, names.astype(np.int32), strict_time), flat.astype(np.int32)


def walk_of(log: InteractionLog, table: PatternTable, constraints: Constraints) -> tuple[Database, Walk]:
    """Index the symbols of a table in a log, and order its patterns for a walk through their matches."""
    db, flat = local_patterns(log, table, constraints.strict_time)
    return db, Walk(flat, table.offsets, lexicographic_order(table), constraints.limits)


def weighted_supports(
    log: InteractionLog,
    table: PatternTable,
    constraints: Constraints,
    weights: NDArray[np.int64],
    owners: NDArray[np.int32] | None = None,
) -> NDArray[np.int64]:
    """Return (P, B) the sum of the weights of the users that have each pattern.

    Args:
        log: histories of symbols.
        table: the patterns to look for.
        constraints: where a pattern may occur; its limits on length do not matter here.
        weights: (U, B) weight of each user, for B ways to weigh them; with ``owners`` of each owner.
        owners: (U,) whom each history is of, rising from 0, where an owner weighs once; None for each history itself.

    Raises:
        UserError: the weights are not one row per user.
    """
    num_rows = log.num_users if owners is None else int(owners.max(initial=-1)) + 1
    if len(weights) != num_rows:
        raise UserError(f"weights have {len(weights)} rows for {num_rows} users: give one row per user.")
    constraints.check(log)
    if not len(table):
        return np.zeros((0, weights.shape[1]), np.int64)
    owners = np.arange(log.num_users, dtype=np.int32) if owners is None else owners
    totals = _weighted_supports(*walk_of(log, table, constraints), owners, weights.astype(np.int32))
    return totals.astype(np.int64)


def count_people(log: InteractionLog, table: PatternTable, constraints: Constraints) -> NDArray[np.int64]:
    """Return the number of people that have each pattern in one of their histories.

    >>> from dataclasses import replace
    >>> log = replace(InteractionLog.from_lists([[1, 2], [1, 2], [1]]), people=np.array([0, 0, 1], np.int32))
    >>> count_people(log, PatternTable.from_lists([(1, 2), (1,)], [0, 0], 3), Constraints()).tolist()
    [1, 2]
    """
    return weighted_supports(log, table, constraints, np.ones((log.num_people, 1), np.int64), log.owners)[:, 0]


@no_type_check
@kernel
def _add_owners(
    db: Database,
    walk: Walk,
    owners: NDArray[np.int32],
    hits: NDArray[np.int32],
) -> NDArray[np.int64]:
    """Add one to (P, U) where an owner has a pattern, and return the supports."""
    supports = np.zeros(len(walk.order), np.int64)
    arena, marks = empty_arena(walk)
    for index, row in enumerate(walk.order):
        arena, _ = match_next(db, walk, index, arena, marks)
        size = walk.offsets[row + 1] - walk.offsets[row]
        found = owners_of(db, arena[marks[size - 1] : marks[size]], owners)
        supports[row] = len(found)
        for owner in found:
            hits[row, owner] += 1
    return supports


def add_people(
    log: InteractionLog, table: PatternTable, constraints: Constraints, hits: NDArray[np.int32]
) -> NDArray[np.int64]:
    """Return ``count_people``, and add one to (P, U) ``hits`` where a person has a pattern, in place.

    >>> hits = np.zeros((1, 2), np.int32)
    >>> (
    ...     add_people(
    ...         InteractionLog.from_lists([[1, 2], [2, 1]]),
    ...         PatternTable.from_lists([(1, 2)], [0], 2),
    ...         Constraints(),
    ...         hits,
    ...     ).tolist(),
    ...     hits.tolist(),
    ... )
    ([1], [[1, 0]])
    """
    return _add_owners(*walk_of(log, table, constraints), log.owners, hits)


def people_among(log: InteractionLog, users: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the people of some histories, given in rising order, each once."""
    return users if log.people is None else np.unique(log.people[users])


def count_supports(log: InteractionLog, table: PatternTable, constraints: Constraints) -> NDArray[np.int64]:
    """Return the number of users of a log that have each pattern of a table.

    >>> table = PatternTable.from_lists([(1, 2), (2, 1)], [0, 0], 2)
    >>> count_supports(InteractionLog.from_lists([[1, 2], [1, 3, 2]]), table, Constraints(max_gap=1)).tolist()
    [1, 0]
    """
    return weighted_supports(log, table, constraints, np.ones((log.num_users, 1), np.int64))[:, 0]


@no_type_check
@kernel
def _supporters(
    db: Database,
    walk: Walk,
    histories: NDArray[np.int32],
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """Return the histories of all patterns, in the given order, and where those of each row begin and end."""
    begins, ends = np.zeros(len(walk.order), np.int64), np.zeros(len(walk.order), np.int64)
    users, num_users = np.empty((4096, 1), np.int32), 0
    arena, marks = empty_arena(walk)
    for index, row in enumerate(walk.order):
        arena, _ = match_next(db, walk, index, arena, marks)
        size = walk.offsets[row + 1] - walk.offsets[row]
        found = owners_of(db, arena[marks[size - 1] : marks[size]], histories)
        # users is filled in lexicographic order, rows of the table are in another: hence a begin and an end per row.
        begins[row], ends[row] = num_users, num_users + len(found)
        users = grown(users, ends[row])
        users[num_users : ends[row], 0] = found
        num_users = ends[row]
    return users[:num_users, 0].copy(), begins, ends


def find_supporters(log: InteractionLog, table: PatternTable, constraints: Constraints) -> list[NDArray[np.int32]]:
    """Return for each pattern the users that have it, ascending.

    >>> table = PatternTable.from_lists([(2,), (1, 2)], [0, 0], 2)
    >>> [users.tolist() for users in find_supporters(InteractionLog.from_lists([[2, 1], [1, 2]]), table, Constraints())]
    [[0, 1], [1]]
    """
    constraints.check(log)
    if not len(table):
        return []
    histories = np.arange(log.num_users, dtype=np.int32)
    users, begins, ends = _supporters(*walk_of(log, table, constraints), histories)
    return [users[begin:end] for begin, end in zip(begins, ends, strict=True)]
