"""Why patterns are not released: at which condition they fall, which ones miss it narrowly, and what only co-occurs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqmine.mining.judging.release import ReleaseRule, people_of
from seqmine.structs import PatternTable


@dataclass(frozen=True)
class Misses:
    """What became of the patterns that were judged as rules.

    Args:
        reasons: for each pattern of the table why it is not released, in words; empty for a released one.
        fell_at: patterns whose first missed condition is this, by condition in the order of the test.
        near: rows that miss one condition alone, the most useful first.
        together: rows that meet every condition up to their direction, one of the orders of each set of symbols.
    """

    reasons: list[str]
    fell_at: dict[str, int]
    near: NDArray[np.int64]
    together: NDArray[np.int64]


def find_misses(rule: ReleaseRule, table: PatternTable) -> Misses:
    """Return why the patterns of a table are not released.

    Args:
        rule: that was applied.
        table: what its ``mark`` returned.
    """
    conditions = rule.conditions(table)
    is_rule = np.isfinite(table.columns["q_value"]) & (table.lengths > 1)
    met = np.array(list(conditions.values()))
    names = list(conditions)
    first = np.where(met.all(axis=0), len(names), np.argmin(met, axis=0))
    counts = np.bincount(first[is_rule], minlength=len(names) + 1)
    # The last three conditions are tested only where all others are met, so they are no further failure.
    num_missed = np.maximum((~met[:-3]).sum(axis=0), 1)
    is_near = is_rule & (first < len(names)) & (num_missed == 1)
    value = table.columns["holdout_leverage"] * table.columns["holdout_support"]
    limits, is_one = _limits(rule), (table.lengths < 2).tolist()
    near = np.flatnonzero(is_near)
    near = near[np.argsort(-np.nan_to_num(value[near], nan=-np.inf), kind="stable")]
    return Misses(
        [
            ONE_SYMBOL if is_one[row] else _reason(limits, table, row, [*names, ""][place]) if judged else _UNJUDGED
            for row, (place, judged) in enumerate(zip(first.tolist(), is_rule.tolist(), strict=True))
        ],
        {name: int(counts[place]) for place, name in enumerate(names)},
        near,
        _one_order_each(table, np.flatnonzero(table.columns["comes_together"])),
    )


def _one_order_each(table: PatternTable, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rows whose set of symbols no row before has."""
    kept: dict[tuple[int, ...], int] = {}
    for row in rows.tolist():
        kept.setdefault(tuple(sorted(table.pattern(row))), row)
    return np.array(list(kept.values()), dtype=np.int64)


def _reason(limits: "_Limits", table: PatternTable, row: int, name: str) -> str:
    """Return why one pattern that was judged is not released: it misses the named condition, or none (no name)."""
    if not name:
        return ""
    if name == "independent":
        return f"no more than a part of longer released rules: {_number(table, 'part_support', row)} users beside them"
    if name == "anonymous":
        told_of = _number(table, "told_of", row)
        return f"beside what is shown it would tell of {told_of} users, too few (release.min_difference)"
    words, column, how, limit, setting = limits[name]
    value = people_of(table)[row] if name == "shared" else table.columns[column][row]
    if np.isnan(value):
        return f"{words} not measured: its support without the held-out users is too low to have been mined"
    return f"{words} {value:.3g}, needed {how} {limit:.3g} (release.{setting})"


ONE_SYMBOL = "one symbol is no rule"
_UNJUDGED = "not judged: it lies beyond evidence.most_patterns"
_Limits = dict[str, tuple[str, str, str, float, str]]


def _limits(rule: ReleaseRule) -> _Limits:
    """Return for each condition what it is about, its column, its comparison, its limit, and the setting of that."""
    return {
        "significant": ("q-value of the order", "q_value", "below", rule.max_q_value, "max_q_value"),
        "tried": (
            "held-out users with the antecedent", "holdout_antecedent_count", "at least", rule.min_holdout_users,
            "min_holdout_users",
        ),
        "useful": (
            "lower limit of the lift on others", "holdout_lift_lower", "above", rule.min_holdout_lift,
            "min_holdout_lift",
        ),
        "lasting": (
            "lower limit of the lift on later days", "later_lift_lower", "above", rule.min_later_lift,
            "min_later_lift",
        ),
        "stable": ("share of resampled logs with it", "stability", "at least", rule.min_stability, "min_stability"),
        "shared": ("people", "support_count", "at least", rule.min_users, "min_users"),
        "productive": (
            "p-value of the gain over shorter rules", "gain_p_value", "below", rule.max_gain_p_value,
            "max_gain_p_value",
        ),
        "directed": (
            "direction p-value", "direction_p_value", "below", rule.max_direction_p_value, "max_direction_p_value",
        ),
    }  # fmt: skip


def _number(table: PatternTable, column: str, row: int) -> str:
    value = table.columns[column][row]
    return "no" if np.isnan(value) else f"{value:,.0f}"
