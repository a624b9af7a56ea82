"""Exact frequent patterns of a log, searched by several threads, in an order that does not depend on them."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TypeVar, no_type_check

import numpy as np
from numpy.typing import NDArray

from seqmine.mining.engine.pairs import Pairs, index_pairs, pairs_after
from seqmine.mining.engine.ranking import MOST_PATTERNS, Ranking, fixed_ranking, rising_ranking
from seqmine.mining.engine.search import search_all, search_leftmost
from seqmine.mining.engine.work import new_work
from seqmine.probing.database import Database, build_database
from seqmine.structs import InteractionLog, PatternTable, UserError
from seqmine.structs.constraints import Constraints, check_whole
from seqmine.structs.kernels import kernel
from seqmine.structs.log import segment_positions

Progress = Callable[[float], None]
"""Called with the share of the work that is done, 0 to 1."""

CHUNKS_A_THREAD = 32
Found = TypeVar("Found")


class TooManyPatternsError(UserError):
    """More patterns are frequent than a search may find."""


def no_progress(share: float) -> None:
    """Show nothing."""


def mine_frequent(
    log: InteractionLog,
    min_count: int,
    constraints: Constraints,
    *,
    num_threads: int = 0,
    top_k: int = 0,
    most_patterns: int = MOST_PATTERNS,
    progress: Progress = no_progress,
) -> PatternTable:
    """Return all patterns that at least ``min_count`` users have, by falling support, then in lexicographic order.

    Args:
        log: histories of symbols.
        min_count: users that a pattern needs (inclusive); a user counts once.
        constraints: limits on patterns and on where they may occur.
        num_threads: threads to use, 0 for all cores.
        top_k: where above 0, patterns that cannot be among the ``top_k`` best of ``min_length`` may be missing.
        most_patterns: give up where more are frequent; not for ``top_k``.
        progress: told of the share that is done.

    Raises:
        UserError: the log lacks timestamps that the constraints need, or there are too many patterns.

    >>> log = InteractionLog.from_lists([[1, 2, 1], [1, 1], [2]])
    >>> mine_frequent(log, 2, Constraints()).patterns()
    [(1,), (1, 1), (2,)]
    """
    constraints.check(log)
    num_users, threads = log.num_users, num_workers(num_threads)
    database = build_database(users_who_can(log, constraints), min_count, constraints.strict_time)
    shared = np.array([min_count])
    rankings = [
        rising_ranking(shared, top_k, constraints.min_length, num_users)
        if top_k
        else fixed_ranking(min_count, most_patterns)
        for _ in range(threads)
    ]
    with too_many_patterns(min_count, most_patterns):
        rows = _search(database, constraints, rankings, progress)
        if len(rows) > most_patterns:
            raise OverflowError("too many patterns")
    return _table(rows, database.names, num_users, constraints)


def num_workers(num_threads: int) -> int:
    """Return the number of threads to use, where 0 means all cores.

    Raises:
        UserError: a number below 0.
    """
    return check_whole("num_threads", num_threads, 0) or len(os.sched_getaffinity(0))


@contextmanager
def too_many_patterns(min_count: int, most_patterns: int = MOST_PATTERNS) -> Iterator[None]:
    """Turn the end of memory for patterns into an error of the user's."""
    try:
        yield
    except OverflowError:
        raise TooManyPatternsError(
            f"`min_count`={min_count} gives more than {most_patterns:,} patterns: raise it (or "
            "`min_support`), or set `max_length`."
        ) from None


def users_who_can(log: InteractionLog, constraints: Constraints) -> InteractionLog:
    """Return the users that have every symbol of ``must_contain``: no other user can support a pattern with them."""
    if not constraints.must_contain:
        return log
    users = log.event_users
    having = [
        np.bincount(users[log.items == symbol], minlength=log.num_users) > 0 for symbol in constraints.must_contain
    ]
    return log.take_users(np.flatnonzero(np.all(having, axis=0)))


def _search(
    database: Database, constraints: Constraints, rankings: list[Ranking], progress: Progress
) -> NDArray[np.int32]:
    """Return (P, 3) rows of the walk of the tree of patterns, first symbols ascending."""
    limits, min_count = constraints.limits, int(rankings[0].state[0])
    if not constraints.is_greedy:
        works = [new_work(database) for _ in rankings]
        rows = in_chunks(
            lambda firsts, worker: search_all(database, firsts, limits, rankings[worker], works[worker]),
            database.support.astype(np.float64), len(rankings), progress,
        )  # fmt: skip
        return _in_order(np.concatenate([*rows, np.empty((0, 3), np.int32)]))
    pairs = _frequent_pairs(database, min_count, len(rankings), lambda share: progress(share / 3))
    works = [new_work(database) for _ in rankings]
    first_of_pair = np.repeat(np.arange(len(database.names)), np.diff(pairs.offsets))
    weights = np.bincount(first_of_pair, weights=pairs.supports, minlength=len(database.names)).astype(np.float64)
    rows = in_chunks(
        lambda firsts, worker: search_leftmost(
            database, firsts, int(limits[0]), pairs, rankings[worker], works[worker]
        ),
        weights + database.support, len(rankings),
        lambda share: progress(1 / 3 + share * 2 / 3),
    )  # fmt: skip
    return _in_order(np.concatenate([*rows, np.empty((0, 3), np.int32)]))


def _frequent_pairs(database: Database, min_count: int, threads: int, progress: Progress) -> Pairs:
    """Return the second level of the search."""
    num_symbols = len(database.names)

    def mine_chunk(firsts: NDArray[np.int64], worker: int) -> NDArray[np.int32]:  # noqa: ARG001
        return pairs_after(database, firsts, min_count, np.zeros((num_symbols, 2), np.int32))

    rows = list(in_chunks(mine_chunk, database.support.astype(np.float64), threads, progress))
    return index_pairs(np.concatenate([*rows, np.empty((0, 3), np.int32)]), num_symbols)


def in_chunks(
    mine_chunk: Callable[[NDArray[np.int64], int], Found],
    weights: NDArray[np.float64],
    threads: int,
    progress: Progress,
) -> Iterator[Found]:
    """Yield what ``mine_chunk(firsts, worker)`` finds for chunks of like weight, the heaviest first."""
    order = np.argsort(-weights, kind="stable")
    done = np.cumsum(weights[order])
    total = float(done[-1]) if len(done) else 1.0
    cuts = np.flatnonzero(np.diff((done / total * CHUNKS_A_THREAD * threads).astype(np.int64))) + 1
    chunks = [np.sort(chunk) for chunk in np.split(order, cuts) if len(chunk)]
    workers: SimpleQueue[int] = SimpleQueue()
    for worker in range(threads):
        workers.put(worker)

    def run(chunk: NDArray[np.int64]) -> Found:
        worker = workers.get()
        try:
            return mine_chunk(chunk, worker)
        finally:
            workers.put(worker)

    with ThreadPoolExecutor(threads) as pool:
        share = 0.0
        for chunk, rows in zip(chunks, pool.map(run, chunks), strict=True):
            share += float(weights[chunk].sum()) / total
            progress(min(share, 1.0))
            yield rows


def _in_order(rows: NDArray[np.int32]) -> NDArray[np.int32]:
    """Sort the walks of single first symbols by that symbol."""
    starts = np.flatnonzero(rows[:, 0] == 1)
    lengths = np.diff(np.append(starts, len(rows)))
    order = np.argsort(rows[starts, 1], kind="stable")
    return rows[segment_positions(starts[order], lengths[order])]


@no_type_check
@kernel
def _unroll(rows: NDArray[np.int32], names: NDArray[np.int32], offsets: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return the symbols of all patterns of a walk, one pattern after the other."""
    flat = np.empty(offsets[-1], np.int32)
    path = np.empty(rows[:, 0].max() if len(rows) else 0, np.int32)
    for row in range(len(rows)):
        depth = rows[row, 0]
        path[depth - 1] = names[rows[row, 1]]
        flat[offsets[row] : offsets[row + 1]] = path[:depth]
    return flat


def _table(rows: NDArray[np.int32], names: NDArray[np.int32], num_users: int, constraints: Constraints) -> PatternTable:
    """Return the patterns of a walk that are long enough and contain what they must, best first."""
    offsets = np.concatenate([[0], np.cumsum(rows[:, 0])]).astype(np.int64)
    table = PatternTable(_unroll(rows, names, offsets), offsets, rows[:, 2].astype(np.int64), num_users)
    return selected(table, constraints)


def selected(table: PatternTable, constraints: Constraints) -> PatternTable:
    """Return the patterns of a table in lexicographic order that may be returned, by falling support."""
    keep = table.lengths >= constraints.min_length
    for symbol in constraints.must_contain:
        keep &= np.add.reduceat(table.symbols == symbol, table.offsets[:-1]) > 0 if len(table) else keep
    kept = np.flatnonzero(keep)
    return table.take(kept[np.argsort(-table.support_count[kept], kind="stable")])
