"""Patterns in groups of users and in periods of time: support and confidence in each, and whether they differ."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seqmine.mining.statistics.homogeneity import ClusteredHomogeneity, difference_interval, homogeneity_p_values
from seqmine.mining.statistics.intervals import wilson_interval
from seqmine.mining.statistics.multiplicity import Adjustment, benjamini_hochberg
from seqmine.probing.matching import find_supporters, weighted_supports
from seqmine.structs import InteractionLog, PatternTable, UserError
from seqmine.structs.constraints import Constraints


@dataclass(frozen=True)
class Comparison:
    """Supports and confidences of patterns by group, and tests that all groups are alike.

    Args:
        table: the patterns.
        by: what the groups are: an attribute, a behavior, months.
        names: (G,) of the groups.
        totals: (G,) users of each group.
        counts: (P, G) of these, users that have the pattern.
        antecedents: (P, G) users that have all but its last symbol; all users for one symbol.
        p_value: (P,) that support is the same in all groups.
        q_value: (P,) the same, corrected for all supports and confidences that were compared.
        confidence_p_value: (P,) that confidence is the same in all groups; 1 for one symbol.
        confidence_q_value: (P,) corrected likewise.
    """

    table: PatternTable
    by: str
    names: list[str]
    totals: NDArray[np.int64]
    counts: NDArray[np.int64]
    antecedents: NDArray[np.int64]
    p_value: NDArray[np.float64]
    q_value: NDArray[np.float64]
    confidence_p_value: NDArray[np.float64]
    confidence_q_value: NDArray[np.float64]

    @property
    def support(self) -> NDArray[np.float64]:
        """(P, G) share of the users of each group that have the pattern."""
        return self.counts / self.totals

    @property
    def support_interval(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Wilson's 95 % limits of each support."""
        return wilson_interval(self.counts, np.broadcast_to(self.totals, self.counts.shape))

    @property
    def confidence(self) -> NDArray[np.float64]:
        """(P, G) share of the users with the antecedent that have the pattern; NaN where nobody has it."""
        shares = np.full(self.counts.shape, np.nan)
        return np.divide(self.counts, self.antecedents, out=shares, where=self.antecedents > 0)

    @property
    def difference(self) -> NDArray[np.float64]:
        """(P, G) support in the group less support among all other users."""
        return self.support - self._others[0] / np.maximum(self._others[1], 1)

    @property
    def difference_interval(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """95 % limits of these differences (Newcombe, 1998)."""
        totals = np.broadcast_to(self.totals, self.counts.shape)
        return difference_interval(self.counts, totals, *self._others)

    @property
    def _others(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        counts = self.counts.sum(axis=1, keepdims=True) - self.counts
        return counts, np.broadcast_to(self.totals.sum() - self.totals, counts.shape)

    def differing(self, max_q_value: float) -> NDArray[np.int64]:
        """Return the rows whose support or confidence differs, the surest first."""
        best = np.minimum(self.q_value, self.confidence_q_value)
        rows = np.flatnonzero(best < max_q_value)
        return rows[np.lexsort((-self.table.support_count[rows], best[rows]))]


def compare_groups(
    log: InteractionLog,
    table: PatternTable,
    constraints: Constraints,
    group: NDArray[np.int64],
    names: list[str],
    *,
    by: str,
    seed: int = 0,
    adjustment: Adjustment = benjamini_hochberg,
) -> Comparison:
    """Compare the patterns of a table between groups of users.

    Where several histories are of one person (months of a user, sessions), people are taken as independent, not
    histories.

    Args:
        log: histories that the table was mined from, or stretches of them.
        table: patterns; they were not chosen by how groups differ.
        constraints: where a pattern may occur.
        group: (U,) number of the group of each history; -1 for none.
        names: of the groups.
        by: what the groups are.
        seed: of simulated tables.
        adjustment: corrects for all supports and confidences together.

    Raises:
        UserError: fewer than two groups that have users.
    """
    totals = np.bincount(group[group >= 0], minlength=len(names))
    if np.count_nonzero(totals) < 2:
        told = ", ".join(f"{name} {count}" for name, count in zip(names, totals.tolist(), strict=True)) or "no group"
        raise UserError(
            f"groups is {by!r}, which divides the users into {told}; allowed is what makes two groups or more"
        )
    kept = np.flatnonzero(totals)
    members = (group[:, None] == kept).astype(np.int64)
    befores = PatternTable.from_lists([pattern[:-1] or pattern for pattern in table.patterns()], [0] * len(table), 1)
    counts = weighted_supports(log, table, constraints, members)
    antecedents = weighted_supports(log, befores, constraints, members)
    is_single = table.lengths == 1
    antecedents[is_single] = totals[kept]
    if log.people is not None:
        p_value, confidence = _clustered_p_values(log, table, befores, constraints, group, seed)
    else:
        p_value = homogeneity_p_values(counts, totals[kept], seed)
        confidence = np.ones(len(table))
        for row in np.flatnonzero(~is_single):
            has = antecedents[row] > 0
            confidence[row] = homogeneity_p_values(counts[row][None, has], antecedents[row][has], seed)[0]
    # One family of all that was compared; the confidence of a single symbol is its support, and no second hypothesis.
    tested = np.concatenate([p_value, confidence[~is_single]])
    adjusted = adjustment(tested, len(tested))
    confidence_q = np.ones(len(table))
    confidence_q[~is_single] = adjusted[len(table) :]
    return Comparison(
        table, by, [names[place] for place in kept.tolist()], totals[kept], counts, antecedents,
        p_value, adjusted[: len(table)], confidence, confidence_q,
    )  # fmt: skip


def _clustered_p_values(
    log: InteractionLog,
    table: PatternTable,
    befores: PatternTable,
    constraints: Constraints,
    group: NDArray[np.int64],
    seed: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the p-values of support and confidence where several histories are of one person."""
    num_groups, owners = int(group.max()) + 1, log.owners
    grouped = np.flatnonzero(group >= 0)
    whole = ClusteredHomogeneity(owners[grouped], group[grouped], num_groups)
    found, before = (find_supporters(log, patterns, constraints) for patterns in (table, befores))
    p_value, confidence = np.ones(len(table)), np.ones(len(table))
    for row in range(len(table)):
        rows, at_risk = (users[group[users] >= 0] for users in (found[row], before[row]))
        p_value[row] = whole.p_value(owners[rows], group[rows], seed)
        if table.lengths[row] > 1:
            part = ClusteredHomogeneity(owners[at_risk], group[at_risk], num_groups)
            confidence[row] = part.p_value(owners[rows], group[rows], seed)
    return p_value, confidence
