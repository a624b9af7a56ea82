"""Where given patterns occur in a log: supports, weighted supports, and what rules are held against.

Patterns are taken in lexicographic order, so that what two neighbors share is matched once.
"""

from typing import no_type_check

import numpy as np
from numpy.typing import NDArray

from seqmine.probing.database import Database, grown, index_symbols
from seqmine.probing.extending import match_pattern, shared_symbols
from seqmine.structs import InteractionLog, PatternTable, UserError
from seqmine.structs.constraints import Constraints
from seqmine.structs.kernels import kernel
from seqmine.structs.log import segment_positions


@no_type_check
@kernel
def _add_weights(
    db: Database,
    matches: NDArray[np.int32],
    owners: NDArray[np.int32],
    weights: NDArray[np.int32],
    total: NDArray[np.int32],
) -> None:
    """Add the weights of every owner of a history with a match, once."""
    # Matches are sorted by user, and users by owner, so an owner with several matches is seen in a row and weighs once.
    owner = -1
    for row in range(len(matches)):
        if owners[db.user[matches[row, 0]]] != owner:
            owner = owners[db.user[matches[row, 0]]]
            for column in range(len(total)):
                total[column] += weights[owner, column]


@no_type_check
@kernel
def _weighted_supports(
    db: Database,
    flat: NDArray[np.int32],
    offsets: NDArray[np.int64],
    order: NDArray[np.int64],
    limits: NDArray[np.int64],
    owners: NDArray[np.int32],
    weights: NDArray[np.int32],
) -> NDArray[np.int32]:
    """Return (P, B) the weight of the owners of each pattern; patterns in the given (lexicographic) order."""
    totals = np.zeros((len(order), weights.shape[1]), np.int32)
    arena, marks = np.empty((4096, 2), np.int32), np.zeros(np.max(np.diff(offsets)) + 1, np.int64)
    for index in range(len(order)):
        row = order[index]
        # Invariant: before this line the arena holds every level of the pattern before in the order.
        shared = shared_symbols(flat, offsets, row, order[index - 1]) if index else 0
        pattern = flat[offsets[row] : offsets[row + 1]]
        arena = match_pattern(db, pattern, shared, limits, arena, marks)
        _add_weights(db, arena[marks[len(pattern) - 1] : marks[len(pattern)]], owners, weights, totals[row])
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
    db, flat = local_patterns(log, table, constraints.strict_time)
    owners = np.arange(log.num_users, dtype=np.int32) if owners is None else owners
    order, limits = lexicographic_order(table), constraints.limits
    totals = _weighted_supports(db, flat, table.offsets, order, limits, owners, weights.astype(np.int32))
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
    flat: NDArray[np.int32],
    offsets: NDArray[np.int64],
    order: NDArray[np.int64],
    limits: NDArray[np.int64],
    owners: NDArray[np.int32],
    hits: NDArray[np.int32],
) -> NDArray[np.int64]:
    """Add one to (P, U) where an owner has a pattern, and return the supports."""
    supports = np.zeros(len(order), np.int64)
    arena, marks = np.empty((4096, 2), np.int32), np.zeros(np.max(np.diff(offsets)) + 1, np.int64)
    for index in range(len(order)):
        row = order[index]
        shared = shared_symbols(flat, offsets, row, order[index - 1]) if index else 0
        pattern = flat[offsets[row] : offsets[row + 1]]
        arena = match_pattern(db, pattern, shared, limits, arena, marks)
        owner = -1
        for match in range(marks[len(pattern) - 1], marks[len(pattern)]):
            if owners[db.user[arena[match, 0]]] != owner:
                owner = owners[db.user[arena[match, 0]]]
                hits[row, owner] += 1
                supports[row] += 1
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
    db, flat = local_patterns(log, table, constraints.strict_time)
    return _add_owners(db, flat, table.offsets, lexicographic_order(table), constraints.limits, log.owners, hits)


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
    flat: NDArray[np.int32],
    offsets: NDArray[np.int64],
    order: NDArray[np.int64],
    limits: NDArray[np.int64],
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int64]]:
    """Return the users of all patterns, in the given order, and where those of each row begin and end."""
    begins, ends = np.zeros(len(order), np.int64), np.zeros(len(order), np.int64)
    users, num_users = np.empty((4096, 1), np.int32), 0
    arena, marks = np.empty((4096, 2), np.int32), np.zeros(np.max(np.diff(offsets)) + 1, np.int64)
    for index in range(len(order)):
        row = order[index]
        shared = shared_symbols(flat, offsets, row, order[index - 1]) if index else 0
        pattern = flat[offsets[row] : offsets[row + 1]]
        arena = match_pattern(db, pattern, shared, limits, arena, marks)
        # users is filled in lexicographic order, rows of the table are in another: hence a begin and an end per row.
        begins[row] = num_users
        users = grown(users, num_users + marks[len(pattern)] - marks[len(pattern) - 1])
        for match in range(marks[len(pattern) - 1], marks[len(pattern)]):
            user = db.user[arena[match, 0]]
            if num_users == begins[row] or users[num_users - 1, 0] != user:
                users[num_users, 0] = user
                num_users += 1
        ends[row] = num_users
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
    db, flat = local_patterns(log, table, constraints.strict_time)
    users, begins, ends = _supporters(db, flat, table.offsets, lexicographic_order(table), constraints.limits)
    return [users[begin:end] for begin, end in zip(begins, ends, strict=True)]
