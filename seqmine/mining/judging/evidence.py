"""All evidence for a table of patterns, as columns of that table."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from seqmine.mining.judging.classical import with_classical_lifts
from seqmine.mining.judging.evaluation import (
    later_days,
    mined_from,
    split_time,
    split_users,
    with_holdout_columns,
    with_redundancy_columns,
)
from seqmine.mining.judging.occurrences import with_lags
from seqmine.mining.judging.rules import measure_rules, with_rule_columns
from seqmine.mining.statistics.bursts import BurstTest, judged_parts
from seqmine.mining.statistics.hypotheses import order_family
from seqmine.mining.statistics.intervals import wilson_interval
from seqmine.mining.statistics.multiplicity import Adjustment, adjust_tested, benjamini_hochberg
from seqmine.mining.statistics.significance import OrderTest
from seqmine.mining.statistics.stability import Stability
from seqmine.mining.statistics.swap_null import AssociationTest
from seqmine.mining.statistics.ties import for_order
from seqmine.probing.matching import count_people, count_supports
from seqmine.structs import InteractionLog, PatternTable
from seqmine.structs.bounds import InnerShare, PositiveInt, Seed
from seqmine.structs.constraints import Constraints
from seqmine.structs.progress import stage


@dataclass(frozen=True)
class Verdict:
    """What was found out about a table.

    Args:
        table: the patterns with all measures.
        num_hypotheses: orderings that the q-values are corrected for.
        overlap: mean rank-biased overlap of the best patterns of a bootstrap with those of the log.
        later_from: where the later days begin, in seconds since 1970; None for a log without time.
        note: what a person should know of the family of hypotheses.
    """

    table: PatternTable
    num_hypotheses: int
    overlap: float
    later_from: int | None = None
    note: str | None = None


class Evidence:
    """Judge mined patterns: order, association, bursts, multiplicity, other users, later days, redundancy, stability.

    The q-values are corrected for every order of every multiset of symbols that enough users have. Each length gets
    an equal share of the error (a weighted correction, Genovese, Roeder and Wasserman, 2006): long patterns have so
    many orders that pairs would drown among them.

    Events of one moment have no order: in a log that has such, order is judged with ``strict_time``, whatever the
    patterns were mined under. Without limits on place every order of one repeated symbol is the same, so such repeats
    are judged by how close together they come. ``tested_support`` is the number of users that a pattern has so.

    Where histories are sessions, people are what is counted, held out and resampled: ``tested_support``, its p-value,
    confidence and lift ask who has a pattern in one of the own sessions. ``people_count`` stands beside the support.

    Args:
        order_test: p-values of order.
        association_test: p-values of the unordered content.
        burst_test: p-values of close repeats.
        stability: bootstraps over users.
        adjustment: how p-values become q-values.
        holdout: share of the users on whom the measures are taken again; a pattern that would not have been mined
            without them has no held-out measure.
        later: share of the events, the last ones, that make the later days on which the measures are taken once more
            where the log has time; a pattern that would not have been mined from the days before has no such measure.
        seed: of the draw of those users.
        most_patterns: most patterns that are judged, those that come first; the others have counts only.
    """

    def __init__(
        self,
        *,
        order_test: OrderTest,
        association_test: AssociationTest,
        burst_test: BurstTest,
        stability: Stability,
        adjustment: Adjustment = benjamini_hochberg,
        holdout: InnerShare = 0.3,
        later: InnerShare = 0.3,
        seed: Seed = 0,
        most_patterns: PositiveInt = 20_000,
    ) -> None:
        self.order_test, self.association_test, self.burst_test = order_test, association_test, burst_test
        self.stability, self.adjustment, self.holdout, self.seed = stability, adjustment, holdout, seed
        self.later, self.most_patterns = later, most_patterns

    def judge(self, log: InteractionLog, table: PatternTable, constraints: Constraints, min_count: int) -> Verdict:
        """Return the table with every measure of each pattern.

        Args:
            log: the histories that the table was mined from.
            table: patterns with their supports.
            constraints: limits that they were mined under.
            min_count: support that they were mined with.
        """
        # Tables come best first (by support, rules by confidence), so what is not judged is what comes last; its
        # measures are NaN.
        head = table.take(np.arange(min(len(table), self.most_patterns)))
        verdict = self._judge_all(log, head, constraints, min_count)
        columns = {name: _longer(column, len(table)) for name, column in verdict.table.columns.items()}
        return replace(verdict, table=table.with_columns(**columns))

    def _judge_all(self, log: InteractionLog, table: PatternTable, constraints: Constraints, min_count: int) -> Verdict:
        """Return every measure of every pattern."""
        # The hypothesis family is chosen by unordered content, which the permutation null leaves as it is: choosing it
        # by ordered support would look at what is tested.
        stage(f"sets of symbols that the order of {len(table):,} patterns is corrected for")
        family = order_family(log, min_count, int(table.lengths.max(initial=0)))
        weights, total = family.weights(table.lengths), family.total
        stage("order, against random order")
        table = self._with_order(log, table, constraints)
        table = table.with_columns(q_value=adjust_tested(table.columns["p_value"], weights, total, self.adjustment))
        stage("co-occurrence, against random tables of the same users and items")
        table = self.association_test.test(log, table)
        # of sessions as many are independent as there are people
        people = np.full(len(table), log.num_people)
        lower, upper = wilson_interval(table.support_count * (log.num_people / max(log.num_users, 1)), people)
        table = table.with_columns(support_lower=lower, support_upper=upper)
        if log.people is not None:
            table = table.with_columns(people_count=count_people(log, table, constraints))
        stage("confidence, lift and lags")
        # Confidence and lift of repeats are taken under the limits of the burst test, as their order says nothing.
        table = self._by_limits(
            table, constraints, lambda part, limits: with_rule_columns(part, measure_rules(log, part, limits))
        )
        table = with_lags(log, with_classical_lifts(log, table), constraints)
        # What follows asks whether it lasts: in bootstraps over all users, among held-out users, and on later days.
        stage("stability, in resampled logs")
        table, overlap = self.stability.test(log, table, constraints, min_count, weights, total)
        stage("held-out users")
        table = self._on_other_users(log, table, constraints, min_count)
        if log.timestamps is None:
            return Verdict(table, total, overlap, note=family.note)
        stage("later days")
        later_from = later_days(log, self.later)
        table = self._on_later_days(log, table, constraints, min_count, later_from)
        return Verdict(table, total, overlap, later_from, family.note)

    def _with_order(self, log: InteractionLog, table: PatternTable, constraints: Constraints) -> PatternTable:
        """Add what the tests of order and of close repeats say."""
        # Events of one moment have no order: the order test counts across moments, whatever the patterns were mined
        # under. So its supports are counted again, and kept as tested_support beside support_count.
        limits = for_order(constraints, log)
        tested = replace(table, support_count=count_people(log, table, limits))
        tested = self.order_test.test(log, tested, limits)
        tested = self.burst_test.test(log, tested, limits, self.order_test)
        columns = {**tested.columns, "tested_support": tested.support_count}
        # A repeat without limits takes its p-value from the burst test; all other columns of the two tests stay apart.
        is_close = np.isfinite(tested.columns["close_gap"])
        for name, other in _BURST_COLUMNS.items():
            columns[name] = np.where(is_close, columns[other], columns[name])
        return table.with_columns(**columns)

    def judge_fresh(self, log: InteractionLog, table: PatternTable, constraints: Constraints) -> PatternTable:
        """Return patterns from elsewhere (a model) with their order test and ``holdout_*`` measures on fresh users.

        Nothing about these users chose the patterns, so the family that is corrected for is the table itself.

        Args:
            log: histories that had no part in finding the patterns.
            table: patterns.
            constraints: where a pattern may occur.

        Returns:
            The patterns with their support in this log; what it was elsewhere is ``found_count``.
        """
        table = table.with_columns(found_count=table.support_count)
        table = replace(table, support_count=count_supports(log, table, constraints), num_users=log.num_users)
        table = self._with_order(log, table, constraints)
        # No weights and no family beyond the table: these users had no part in choosing the patterns.
        table = table.with_columns(q_value=self.adjustment(table.columns["p_value"], len(table)))
        return self._on_others(table, log, constraints)

    def _on_other_users(
        self, log: InteractionLog, table: PatternTable, constraints: Constraints, min_count: int
    ) -> PatternTable:
        """Add the measures on held-out users."""
        most, others = split_users(log, self.holdout, self.seed)
        # A pattern is measured on held-out users only if the other users alone would have shown it; otherwise the
        # held-out ones helped to choose it, and their measure would flatter it.
        is_fair = mined_from(table, most, constraints, min_count, most.num_users / max(log.num_users, 1))
        table = self._on_others(table, others, constraints)
        return _blanked(table, is_fair, ("holdout_lift", "holdout_confidence", "holdout_shrinkage", "gain"))

    def _on_later_days(
        self, log: InteractionLog, table: PatternTable, constraints: Constraints, min_count: int, later_from: int
    ) -> PatternTable:
        """Add the measures on the events of later days, of the users who have such."""
        before, after = split_time(log, later_from)
        is_fair = mined_from(table, before, constraints, min_count, before.num_events / max(log.num_events, 1))
        # Users without an event on later days say nothing about them, and would only dilute supports and base rates.
        after = after.take_users(np.flatnonzero(after.lengths))
        table = self._by_limits(
            table, constraints, lambda part, limits: with_holdout_columns(part, after, limits, prefix="later_")
        )
        return _blanked(table, is_fair, ("later_lift", "later_confidence", "later_shrinkage"))

    def _on_others(self, table: PatternTable, others: InteractionLog, constraints: Constraints) -> PatternTable:
        """Add ``holdout_*`` measures and gains, of people who had no part in finding the patterns."""
        return self._by_limits(
            table,
            constraints,
            lambda part, limits: with_redundancy_columns(with_holdout_columns(part, others, limits), others, limits),
        )

    def _by_limits(
        self,
        table: PatternTable,
        constraints: Constraints,
        measure: Callable[[PatternTable, Constraints], PatternTable],
    ) -> PatternTable:
        """Measure repeats without limits as close ones: anywhere, what repeats always comes after itself."""
        measured = [(rows, measure(table.take(rows), limits)) for rows, limits in judged_parts(table, constraints)]
        columns = {
            name: np.zeros(len(table), column.dtype) for _, part in measured for name, column in part.columns.items()
        }
        for rows, part in measured:
            for name, column in part.columns.items():
                columns[name][rows] = column
        return table.with_columns(**columns)


def _blanked(table: PatternTable, keep: NDArray[np.bool_], prefixes: tuple[str, ...]) -> PatternTable:
    """Return the table with NaN in some columns where ``keep`` is False."""
    # NaN, not False: what was not measured meets no condition of the release but the one on later days.
    columns = {name: column for name, column in table.columns.items() if name.startswith(prefixes)}
    return table.with_columns(**{name: np.where(keep, column, np.nan) for name, column in columns.items()})


def _longer(column: NDArray, size: int) -> NDArray:
    """Return a column with NaN for the patterns that were not judged."""
    if len(column) == size:
        return column
    return np.concatenate([column.astype(np.float64), np.full(size - len(column), np.nan)])


_BURST_COLUMNS = {
    "tested_support": "burst_support",
    "expected_support": "burst_expected",
    "p_value": "burst_p_value",
    "p_is_exact": "burst_is_exact",
}
"""What a repeat takes from the test of close repeats where order alone cannot judge it."""


class CountsAlone:
    """Test nothing: add only confidence and lift to the counts."""

    def judge(
        self,
        log: InteractionLog,
        table: PatternTable,
        constraints: Constraints,
        min_count: int,  # noqa: ARG002
    ) -> Verdict:
        """Return the table with the measures that need only counts.

        Args:
            log: the histories that the table was mined from.
            table: patterns with their supports.
            constraints: limits that they were mined under.
            min_count: not needed here.
        """
        return Verdict(with_rule_columns(table, measure_rules(log, table, constraints)), 0, float("nan"))
