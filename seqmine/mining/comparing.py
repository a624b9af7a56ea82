"""Studies that mine patterns and compare them: between groups of users, and from one period of time to the next."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from seqmine.mining.engine.frequent import Progress, no_progress
from seqmine.mining.judging.comparison import Comparison, compare_groups
from seqmine.mining.judging.grouping import group_users
from seqmine.mining.judging.periods import split_periods
from seqmine.mining.statistics.multiplicity import Adjustment, benjamini_hochberg
from seqmine.mining.study import Miner, Subject
from seqmine.mining.symbols import BehaviorProjection, Projection, SymbolLog
from seqmine.structs import PatternTable, UserError
from seqmine.structs.bounds import PositiveInt, Seed


@dataclass(frozen=True)
class Compared:
    """Patterns by group, and what their symbols are called.

    Args:
        comparison: supports, confidences and tests.
        symbols: names of the symbols.
        notes: sentences that a reader should know.
        is_ordered: the groups are periods that follow one another.
    """

    comparison: Comparison
    symbols: SymbolLog
    notes: list[str]
    is_ordered: bool


class BoundedMiner(Miner, Protocol):
    """A miner that may be given a longest pattern."""

    def up_to(self, max_length: int) -> Miner:
        """Return the same miner with a longest pattern, where it has none."""
        ...


class GroupStudy:
    """Mine patterns in the whole log and compare groups of users.

    Args:
        miner: finds the patterns, in all groups together.
        projection: makes symbols of events.
        groups: name of an attribute of users, a kind of event, or a date; see ``group_users``.
        must_contain: names of symbols that every pattern contains.
        adjustment: corrects for all that is compared.
        seed: of simulated tables.
        max_length: most symbols of a pattern where the miner has no limit: a log of many repeats has millions.
        most_patterns: most patterns that are compared, those that come first.
    """

    def __init__(
        self,
        *,
        miner: BoundedMiner,
        projection: Projection | BehaviorProjection,
        groups: str | None,
        must_contain: Sequence[str] = (),
        adjustment: Adjustment = benjamini_hochberg,
        seed: Seed = 0,
        max_length: PositiveInt = 3,
        most_patterns: PositiveInt = 20_000,
    ) -> None:
        if groups is None:
            raise UserError("groups is not set; write groups=<attribute of users, kind of event, or date>")
        self.miner, self.projection, self.groups = miner, projection, str(groups)
        self.must_contain, self.adjustment, self.seed = must_contain, adjustment, seed
        self.max_length, self.most_patterns = max_length, most_patterns

    def find(self, subject: Subject, progress: Progress = no_progress) -> Compared:
        """Return the patterns with their supports in each group.

        Args:
            subject: the log, with attributes of its users.
            progress: told of the share of the mining that is done.

        Raises:
            UserError: a model, or groups that the log does not have.
        """
        _refuse_model(subject)
        group, names = group_users(self.groups, subject.log, subject.user_attributes)
        symbols = self.projection(subject.log, subject.item_ids, subject.features)
        miner = self.miner.up_to(self.max_length).containing(symbols.numbers(self.must_contain))
        table, notes = _first_of(miner.mine(symbols.log, progress), self.most_patterns)
        comparison = compare_groups(
            symbols.log, table, miner.constraints, group, names,
            by=self.groups, seed=self.seed, adjustment=self.adjustment,
        )  # fmt: skip
        outside = int((group < 0).sum())
        notes += [f"{outside:,} users belong to no group and are left out."] if outside else []
        return Compared(comparison, symbols, notes, is_ordered=False)


class DriftStudy:
    """Mine patterns in the whole log and follow their supports from period to period.

    Args:
        miner: finds the patterns, in the whole log.
        projection: makes symbols of events.
        period: ``month`` or ``week``.
        must_contain: names of symbols that every pattern contains.
        adjustment: corrects for all patterns.
        seed: of simulated tables.
        max_length: most symbols of a pattern where the miner has no limit: a log of many repeats has millions.
        most_patterns: most patterns that are compared, those that come first.
    """

    def __init__(
        self,
        *,
        miner: BoundedMiner,
        projection: Projection | BehaviorProjection,
        period: str,
        must_contain: Sequence[str] = (),
        adjustment: Adjustment = benjamini_hochberg,
        seed: Seed = 0,
        max_length: PositiveInt = 3,
        most_patterns: PositiveInt = 20_000,
    ) -> None:
        self.miner, self.projection, self.period = miner, projection, period
        self.must_contain, self.adjustment, self.seed = must_contain, adjustment, seed
        self.max_length, self.most_patterns = max_length, most_patterns

    def find(self, subject: Subject, progress: Progress = no_progress) -> Compared:
        """Return the patterns with their supports in each period, among the users who are active in it.

        Args:
            subject: the log.
            progress: told of the share of the mining that is done.

        Raises:
            UserError: a model, or a log without time.
        """
        _refuse_model(subject)
        symbols = self.projection(subject.log, subject.item_ids, subject.features)
        cut, group, names = split_periods(symbols.log, self.period)
        miner = self.miner.up_to(self.max_length).containing(symbols.numbers(self.must_contain))
        table, notes = _first_of(miner.mine(symbols.log, progress), self.most_patterns)
        comparison = compare_groups(
            cut, table, miner.constraints, group, names, by=self.period, seed=self.seed, adjustment=self.adjustment
        )
        notes += [
            f"A pattern counts in a {self.period} when all of its events lie in it; the first and the last "
            f"{self.period} may be incomplete, and users who do more in one have more of every pattern."
        ]
        return Compared(comparison, symbols, notes, is_ordered=True)


def _first_of(table: PatternTable, most: int) -> tuple[PatternTable, list[str]]:
    """Return the first patterns of a table, and a sentence where there are more."""
    if len(table) <= most:
        return table, []
    told = f"Of {len(table):,} patterns the first {most:,} are compared; a higher miner.min_support leaves fewer."
    return table.take(np.arange(most)), [told]


def _refuse_model(subject: Subject) -> None:
    if subject.model is not None:
        raise UserError("run names a model, which this task does not ask; unset run or set task=patterns")
