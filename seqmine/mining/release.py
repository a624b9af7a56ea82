"""Which patterns are shown to people: the rule, and a table of those that pass it."""

import numpy as np
from numpy.typing import NDArray

from seqmine.structs import PatternTable, UserError


class ReleaseRule:
    """Release a pattern that is significant, useful on other people, stable, shared, and more than its parts.

    Args:
        max_q_value: the q-value of its order is below this.
        min_holdout_lift: the lower limit of its lift among held-out users is above this.
        min_stability: it is selected in at least this share of the bootstraps.
        min_users: users that have it, at least.
        max_gain_p_value: the p-value of its gain in confidence over every rule that leaves a symbol out is below this,
            among held-out users; above 1 lets redundant rules pass. A pair has no such rule: its lift says it all.

    Raises:
        UserError: a share that is not between 0 and 1, or fewer than one user.
    """

    def __init__(
        self,
        *,
        max_q_value: float = 0.05,
        min_holdout_lift: float = 1.0,
        min_stability: float = 0.8,
        min_users: int = 20,
        max_gain_p_value: float = 0.01,
    ) -> None:
        for name, share in (("max_q_value", max_q_value), ("min_stability", min_stability)):
            if not 0 <= share <= 1:
                raise UserError(f"{name}={share} is not allowed: set release.{name} between 0 and 1.")
        if min_users < 1:
            raise UserError(f"min_users={min_users} is not allowed: set release.min_users to 1 or more.")
        self.max_q_value, self.min_holdout_lift = max_q_value, min_holdout_lift
        self.min_stability, self.min_users = min_stability, min_users
        self.max_gain_p_value = max_gain_p_value

    def conditions(self, table: PatternTable) -> dict[str, NDArray[np.bool_]]:
        """Return for each condition which patterns meet it; a measure that is missing (NaN) meets none."""
        columns = table.columns
        return {
            "significant": columns["q_value"] < self.max_q_value,
            "useful": columns["holdout_lift_lower"] > self.min_holdout_lift,
            "stable": columns["stability"] >= self.min_stability,
            "shared": table.support_count >= self.min_users,
            "productive": (table.lengths == 2) | (columns["gain_p_value"] < self.max_gain_p_value),
        }

    def mark(self, table: PatternTable) -> PatternTable:
        """Add ``released``: which patterns meet every condition."""
        return table.with_columns(released=np.all(list(self.conditions(table).values()), axis=0))

    def apply(self, table: PatternTable) -> PatternTable:
        """Return the released patterns alone, those that explain most held-out users beyond chance first.

        The order is held-out leverage times held-out support.
        """
        table = self.mark(table)
        rows = np.flatnonzero(table.columns["released"])
        value = (table.columns["holdout_leverage"] * table.columns["holdout_support"])[rows]
        return table.take(rows[np.argsort(-value, kind="stable")])
