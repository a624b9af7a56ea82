"""Patterns on held-out users and later days, which they were not mined from."""

import math
from typing import no_type_check

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom, hypergeom

from seqmine.mining.judging.rules import measure_rules, with_rule_columns
from seqmine.mining.statistics.intervals import wilson_interval
from seqmine.probing.matching import count_supports, find_supporters, people_among
from seqmine.structs import InteractionLog, PatternTable, UserError
from seqmine.structs.constraints import Constraints
from seqmine.structs.kernels import kernel


def split_users(log: InteractionLog, holdout: float, seed: int) -> tuple[InteractionLog, InteractionLog]:
    """Return the histories of most users, and those of a random share of them, disjoint; of people with all sessions.

    Args:
        log: all histories.
        holdout: share of the users in the second part.
        seed: of the draw.

    Raises:
        UserError: a share that is not between 0 and 1.

    >>> [part.num_users for part in split_users(InteractionLog.from_lists([[1]] * 10), 0.3, 0)]
    [7, 3]
    """
    if not 0 < holdout < 1:
        raise UserError(f"holdout is {holdout}, allowed are numbers between 0 and 1")
    order = np.random.default_rng(seed).permutation(log.num_people)
    is_held_out = np.zeros(log.num_people, np.bool_)
    is_held_out[order[log.num_people - int(np.ceil(log.num_people * holdout)) :]] = True
    is_held_out = is_held_out[log.owners]
    return log.take_users(np.flatnonzero(~is_held_out)), log.take_users(np.flatnonzero(is_held_out))


def split_time(log: InteractionLog, time: int) -> tuple[InteractionLog, InteractionLog]:
    """Return the events before a time and those from it on; every user stays in both.

    Args:
        log: histories with timestamps.
        time: seconds since 1970.

    Raises:
        UserError: the log has no timestamps.
    """
    if log.timestamps is None:
        raise UserError("A split by time needs timestamps and the log has none: set `source.timestamp`.")
    return log.keep(log.timestamps < time), log.keep(log.timestamps >= time)


def later_days(log: InteractionLog, share: float) -> int:
    """Return the moment from which on a share of all events, the last ones, lies.

    Args:
        log: histories with timestamps.
        share: of the events, as near as equal timestamps allow.

    Raises:
        UserError: a share that is not between 0 and 1, or a log without timestamps.

    >>> later_days(InteractionLog(np.ones(4, np.int32), np.array([0, 4]), np.array([5, 6, 8, 9])), 0.5)
    8
    """
    if not 0 < share < 1:
        raise UserError(f"later is {share}, allowed are numbers between 0 and 1")
    if log.timestamps is None:
        raise UserError("Later days need timestamps and the log has none: set `source.timestamp`.")
    ordered = np.sort(log.timestamps)
    return int(ordered[int(len(ordered) * (1 - share))]) if len(ordered) else 0


def with_holdout_columns(
    table: PatternTable, holdout: InteractionLog, constraints: Constraints, prefix: str = "holdout_"
) -> PatternTable:
    """Add ``holdout_*`` columns: support, confidence and lift with 95 % limits, leverage, and how much lift shrank.

    Args:
        table: patterns, with a ``lift`` column where shrinkage is wanted.
        holdout: histories that the patterns were not mined from.
        constraints: where a pattern may occur.
        prefix: of the columns; ``later_`` for measures on later days.
    """
    measures = measure_rules(holdout, table, constraints)
    lower, upper = wilson_interval(measures.support_count, np.full(len(table), holdout.num_people))
    columns = {
        "support_count": measures.support_count,
        "support": measures.support_count / max(holdout.num_people, 1),
        "support_lower": lower,
        "support_upper": upper,
    }
    table = with_rule_columns(table, measures, prefix=prefix)
    table = table.with_columns(**{prefix + name: column for name, column in columns.items()})
    if "lift" not in table.columns:
        return table
    lift = table.columns["lift"]
    shrinkage = np.divide(table.columns[f"{prefix}lift"], lift, out=np.full(len(table), np.nan), where=lift > 0)
    return table.with_columns(**{f"{prefix}shrinkage": shrinkage})


def with_redundancy_columns(table: PatternTable, holdout: InteractionLog, constraints: Constraints) -> PatternTable:
    """Add the gain of each rule over its best sub-rule (Webb, Machine Learning 2007: productive rules).

    A sub-rule leaves one symbol of the antecedent out. Fisher's exact test compares, among the users that have the
    shorter antecedent, those that have the longer one too with those that have not. A rule of two symbols is compared
    with its base rate, by a binomial test.

    Args:
        table: patterns, each read as a rule to its last symbol, with what ``with_holdout_columns`` adds.
        holdout: histories that the patterns were not mined from.
        constraints: where a pattern may occur.

    Returns:
        The table with ``gain`` (confidence above the best sub-rule) and ``gain_p_value`` (the worst over the
        sub-rules); NaN and 1 for patterns of one symbol.
    """
    columns, pairs = table.columns, np.flatnonzero(table.lengths == 2)
    gain, p_value = np.full(len(table), np.nan), np.ones(len(table))
    hits, trials = columns["holdout_support_count"][pairs], columns["holdout_antecedent_count"][pairs]
    base_rate = columns["holdout_base_rate"][pairs]
    gain[pairs] = np.divide(hits, trials, out=np.full(len(pairs), np.nan), where=trials > 0) - base_rate
    p_value[pairs] = binom.sf(hits - 1, trials, base_rate)
    patterns = table.patterns()
    needed = sorted({part for pattern in patterns for part in _rule_parts(pattern)})
    lookup = PatternTable.from_lists(needed, [0] * len(needed), holdout.num_users)
    found = find_supporters(holdout, lookup, constraints)
    users = {part: people_among(holdout, members) for part, members in zip(needed, found, strict=True)}
    longer = [(row, patterns[row]) for row in np.flatnonzero(table.lengths > 2).tolist()]
    steps = [(row, _step(rule, part, users)) for row, rule in longer for part in _shorter(rule[:-1])]
    if steps:
        rows, counts = np.array([row for row, _ in steps]), np.array([counts for _, counts in steps]).T
        firsts = np.flatnonzero(np.diff(rows, prepend=-1))
        gains, p_values = _gains(*counts)
        gain[rows[firsts]] = np.minimum.reduceat(gains, firsts)
        p_value[rows[firsts]] = np.maximum.reduceat(p_values, firsts)
    return table.with_columns(gain=gain, gain_p_value=p_value)


def _shorter(antecedent: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Return the antecedent without one symbol, for each symbol."""
    return sorted({antecedent[:place] + antecedent[place + 1 :] for place in range(len(antecedent))})


def _rule_parts(pattern: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Return the patterns whose users decide whether a rule gains over its sub-rules."""
    if len(pattern) < 3:
        return []
    shorter = _shorter(pattern[:-1])
    return [pattern, pattern[:-1], *shorter, *(part + pattern[-1:] for part in shorter)]


def _step(
    pattern: tuple[int, ...], shorter: tuple[int, ...], users: dict[tuple[int, ...], NDArray[np.int32]]
) -> tuple[int, int, int, int, int, int]:
    """Return the users of a rule and its antecedent, of a sub-rule and its own, and those without the longer one."""
    of_longer, of_shorter, of_rule = users[pattern[:-1]], users[shorter], users[shorter + pattern[-1:]]
    others, other_hits = _count_others(of_shorter, of_longer, of_rule)
    return len(users[pattern]), len(of_longer), len(of_rule), len(of_shorter), others, other_hits


@no_type_check
@kernel
def _count_others(users: NDArray[np.int32], less: NDArray[np.int32], those: NDArray[np.int32]) -> tuple[int, int]:
    """Return how many users are not among others, and how many of them are among those; all ascending."""
    others, hits, at_less, at_those = 0, 0, 0, 0
    for user in users:
        while at_less < len(less) and less[at_less] < user:
            at_less += 1
        if at_less < len(less) and less[at_less] == user:
            continue
        others += 1
        while at_those < len(those) and those[at_those] < user:
            at_those += 1
        hits += at_those < len(those) and those[at_those] == user
    return others, hits


def _gains(
    hits: NDArray[np.int64],
    users: NDArray[np.int64],
    shorter_hits: NDArray[np.int64],
    shorter_users: NDArray[np.int64],
    others: NDArray[np.int64],
    other_hits: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return gains in confidence over sub-rules, and the p-values of Fisher's tests that there are none."""
    is_known = (users > 0) & (shorter_users > 0)
    gains, p_values = np.full(len(hits), np.nan), np.ones(len(hits))
    gains[is_known] = hits[is_known] / users[is_known] - shorter_hits[is_known] / shorter_users[is_known]
    p_values[is_known] = hypergeom.sf(hits - 1, users + others, hits + other_hits, users)[is_known]
    return gains, p_values


def greedy_cover(table: PatternTable, log: InteractionLog, constraints: Constraints, most: int) -> NDArray[np.int64]:
    """Return rows of the table so that each next one covers the most users that none before it covered.

    Args:
        table: patterns.
        log: histories to cover.
        constraints: where a pattern may occur.
        most: rows to return; fewer where everybody is covered.

    >>> table = PatternTable.from_lists([(1,), (2,), (3,)], [2, 2, 1], 3)
    >>> greedy_cover(table, InteractionLog.from_lists([[1, 2], [1, 2], [3]]), Constraints(), 3).tolist()
    [0, 2]
    """
    users = [people_among(log, members) for members in find_supporters(log, table, constraints)]
    is_open = np.ones(log.num_people, np.bool_)
    rows: list[int] = []
    while len(rows) < most and users:
        news = [int(is_open[members].sum()) for members in users]
        best = int(np.argmax(news))
        if news[best] == 0:
            break
        rows.append(best)
        is_open[users[best]] = False
    return np.array(rows, dtype=np.int64)


def coverage(table: PatternTable, log: InteractionLog, constraints: Constraints) -> float:
    """Return the share of the users that have at least one of the patterns."""
    found = np.concatenate([np.empty(0, np.int32), *find_supporters(log, table, constraints)])
    return len(people_among(log, np.unique(found))) / max(log.num_people, 1)


def mined_from(
    table: PatternTable, part: InteractionLog, constraints: Constraints, min_count: int, share: float
) -> NDArray[np.bool_]:
    """Return which patterns would also have been mined from a part of the log, at the same relative support.

    What is then measured on the rest was not chosen by it.

    Args:
        table: patterns mined from the whole log.
        part: some of its users, or its first days.
        constraints: where a pattern may occur.
        min_count: support that was needed in the whole log.
        share: of the log that the part makes up; the part needs this share of ``min_count``.
    """
    return count_supports(part, table, constraints) >= max(1, math.ceil(min_count * share - 1e-9))
