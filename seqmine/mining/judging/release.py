"""The release rule: which patterns are shown to people."""

import numpy as np
from numpy.typing import NDArray

from seqmine.mining.judging.channels import told_of_few
from seqmine.mining.judging.evaluation import greedy_cover
from seqmine.mining.judging.rivals import PartTest, direction_p_values
from seqmine.mining.statistics.ties import for_order
from seqmine.structs import InteractionLog, PatternTable
from seqmine.structs.bounded import bounded
from seqmine.structs.bounds import NonNegativeFloat, PositiveInt, Share
from seqmine.structs.constraints import Constraints
from seqmine.structs.progress import stage


@bounded
class ReleaseRule:
    """Release a pattern that is significant, useful on held-out users and later days, stable, shared, not redundant.

    Args:
        max_q_value: the q-value of its order is below this.
        min_holdout_lift: the lower limit of its lift among held-out users is above this.
        min_later_lift: the lower limit of its lift on later days is above this; where that cannot be measured, nothing
            is asked.
        min_stability: it is selected in at least this share of the bootstraps.
        min_users: people that have it, at least; sessions of one person count once.
        min_difference: users by which what is shown differs, at least, or else by nobody: see ``channels``; 1 lets all
            pass.
        min_holdout_users: held-out users that have its antecedent, at least: fewer tell too little of the lift, and
            too much of the users.
        max_gain_p_value: the p-value of its gain in confidence over every rule that leaves a symbol out is below this,
            among held-out users; above 1 lets redundant rules pass. A pair has no such rule: its lift says it all.
        max_direction_p_value: the p-value of beating every other order of its symbols is below this; above 1 lets
            patterns pass that only come close together.
        part_test: tells what is left of a pattern beside the longer released ones.

    Raises:
        UserError: a share that is not between 0 and 1, or fewer than one user.
    """

    def __init__(
        self,
        *,
        max_q_value: Share = 0.05,
        min_holdout_lift: NonNegativeFloat = 1.0,
        min_later_lift: NonNegativeFloat = 1.0,
        min_stability: Share = 0.8,
        min_users: PositiveInt = 20,
        min_difference: PositiveInt = 20,
        min_holdout_users: PositiveInt = 20,
        max_gain_p_value: NonNegativeFloat = 0.01,
        max_direction_p_value: NonNegativeFloat = 0.01,
        part_test: PartTest,
    ) -> None:
        self.max_q_value, self.min_holdout_lift = max_q_value, min_holdout_lift
        self.min_later_lift, self.min_stability, self.min_users = min_later_lift, min_stability, min_users
        self.max_gain_p_value, self.max_direction_p_value = max_gain_p_value, max_direction_p_value
        self.min_holdout_users, self.min_difference, self.part_test = min_holdout_users, min_difference, part_test

    def conditions(self, table: PatternTable) -> dict[str, NDArray[np.bool_]]:
        """Return for each condition which patterns meet it; a measure that is missing (NaN) meets none.

        Later days are the exception: a pattern of which they tell nothing meets the condition on them.

        Args:
            table: judged patterns; those of ``mark`` have the conditions on rivals and on what else is shown too.
        """
        columns = table.columns
        later = columns.get("later_lift_lower", np.full(len(table), np.nan))  # no time, no later days
        tried = columns.get("holdout_antecedent_count", np.full(len(table), self.min_holdout_users))
        conditions = {
            "significant": columns["q_value"] < self.max_q_value,
            "tried": tried >= self.min_holdout_users,
            "useful": columns["holdout_lift_lower"] > self.min_holdout_lift,
            "lasting": (later > self.min_later_lift) | unmeasured_later(table),
            "stable": columns["stability"] >= self.min_stability,
            "shared": people_of(table) >= self.min_users,
            "productive": (table.lengths == 2) | (columns["gain_p_value"] < self.max_gain_p_value),
        }
        if "is_independent" in columns:
            conditions["directed"] = columns["direction_p_value"] < self.max_direction_p_value
            conditions["independent"] = columns["is_independent"]
            conditions["anonymous"] = np.isnan(columns["told_of"])
        return conditions

    def mark(self, log: InteractionLog, table: PatternTable, constraints: Constraints, min_count: int) -> PatternTable:
        """Add ``released``: which patterns meet every condition.

        Rivals cost most, so a pattern is held against other orders only when it meets the other conditions, and against
        longer patterns only when it beats those.

        Args:
            log: the histories that the table was mined from.
            table: judged patterns.
            constraints: limits that they were mined under.
            min_count: support that they were mined with.

        Returns:
            The table with ``direction_p_value``, the columns of the part test, ``told_of`` (users that it would tell of
            beside what is shown, NaN where they are not few), ``released``, and ``cover_rank``: 1 for the released
            pattern that most users have, 2 for the one that most of the other users have, and so on; NaN for what
            adds no user. ``comes_together`` marks what meets all conditions up to its direction: its symbols
            come close together, in either order.
        """
        stage("release, against other orders and longer patterns")
        order_limits = for_order(constraints, log)
        is_candidate = np.all(list(self.conditions(table).values()), axis=0)
        rows, direction = np.flatnonzero(is_candidate), np.full(len(table), np.nan)
        direction[rows] = direction_p_values(log, table.take(rows), order_limits)
        together = is_candidate & ~(direction < self.max_direction_p_value)
        is_candidate &= direction < self.max_direction_p_value
        table = table.with_columns(direction_p_value=direction, comes_together=together)
        table = self.part_test.test(log, table, order_limits, min_count, is_candidate)
        told_of = told_of_few(table, table.columns["is_independent"], self.min_difference)
        is_released = table.columns["is_independent"] & np.isnan(told_of)
        released, rank = np.flatnonzero(is_released), np.full(len(table), np.nan)
        cover = greedy_cover(table.take(released), log, constraints, len(released))
        rank[released[cover]] = np.arange(1, len(cover) + 1)
        return table.with_columns(told_of=told_of, released=is_released, cover_rank=rank)


def people_of(table: PatternTable) -> NDArray[np.int64]:
    """Return how many people have each pattern: its support, unless histories are sessions."""
    return table.columns.get("people_count", table.support_count)


def unmeasured_later(table: PatternTable) -> NDArray[np.bool_]:
    """Return for which patterns later days tell nothing.

    That is so when the log has no time, when the days before would not have shown the pattern, and when nobody goes on
    after its antecedent on later days. Whoever goes on, but never to the consequent, has told something.
    """
    confidence = table.columns.get("later_confidence", np.full(len(table), np.nan))
    return np.isnan(confidence) | (table.columns.get("later_followed_count", np.ones(len(table))) == 0)


def best_released(table: PatternTable) -> NDArray[np.int64]:
    """Return the rows of the released patterns, those that explain most held-out users beyond chance first.

    The order is held-out leverage times held-out support.
    """
    rows = np.flatnonzero(table.columns["released"])
    value = (table.columns["holdout_leverage"] * table.columns["holdout_support"])[rows]
    return rows[np.argsort(-value, kind="stable")]
