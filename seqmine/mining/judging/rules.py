"""Rules "who did these things in this order does that next": a pattern, read as its last symbol after the others."""

from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from numpy.typing import NDArray

from seqmine.mining.engine.frequent import Progress, no_progress
from seqmine.mining.engine.limits import PatternLimits
from seqmine.mining.engine.miners import mine_within
from seqmine.mining.statistics.base_rate import Histories, count_open, histories_of, measure_antecedent, measure_free
from seqmine.mining.statistics.intervals import wilson_interval
from seqmine.mining.statistics.permutation import shuffled_logs
from seqmine.probing.database import grown
from seqmine.probing.extending import Walk, empty_arena, is_free, match_next, owners_of
from seqmine.probing.matching import count_people, walk_of
from seqmine.structs import InteractionLog, PatternTable, UserError
from seqmine.structs.bounds import AtLeastTwo, Share
from seqmine.structs.constraints import Constraints, check_whole
from seqmine.structs.kernels import kernel


@dataclass(frozen=True)
class RuleMeasures:
    """How rules fare in a log, one entry per rule; a rule of one symbol has an empty antecedent and no measure.

    Args:
        support_count: users that have antecedent and consequent.
        antecedent_count: users that have the antecedent.
        followed_count: of those, users with at least one event after its leftmost match.
        base_rate: share of the users with the antecedent that would have the consequent after it if their events of the
            consequent came at random places of their histories; see ``base_rate``.
    """

    support_count: NDArray[np.int64]
    antecedent_count: NDArray[np.int64]
    followed_count: NDArray[np.int64]
    base_rate: NDArray[np.float64]

    @property
    def confidence(self) -> NDArray[np.float64]:
        """Share of the users with the antecedent that go on to the consequent; NaN where nobody has it."""
        return np.divide(
            self.support_count,
            self.antecedent_count,
            out=np.full(len(self.base_rate), np.nan),
            where=self.antecedent_count > 0,
        )

    @property
    def confidence_interval(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Wilson's 95 % limits of the confidence."""
        return wilson_interval(self.support_count, self.antecedent_count)

    @property
    def lift(self) -> NDArray[np.float64]:
        """Confidence over base rate: how much oftener than by chance the consequent follows; NaN where never by chance.

        Confidence is the share of the users with the antecedent whose consequent comes after one of its matches, in
        the limits of the pattern. The base rate is the same share if each user's events of the consequent came at
        random, so lift is about 1 where order means nothing, however often antecedent and consequent recur.
        """
        return _over(self.confidence, self.base_rate)

    @property
    def lift_interval(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """95 % limits of the lift, with the base rate taken as known."""
        lower, upper = self.confidence_interval
        return _over(lower, self.base_rate), _over(upper, self.base_rate)

    @property
    def leverage(self) -> NDArray[np.float64]:
        """Users more than the base rate explains."""
        return self.support_count - self.antecedent_count * self.base_rate


def _over(values: NDArray[np.float64], base: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(values, base, out=np.full(len(base), np.nan), where=base > 0)


@no_type_check
@kernel
def _measure_rules(log: Histories, walk: Walk) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return (P, 3) supports of rule, antecedent and followed antecedent, and (P,) sums of base rates."""
    counts, base = np.zeros((len(walk.order), 3), np.int64), np.zeros(len(walk.order))
    arena, marks = empty_arena(walk)
    # rules of one antecedent share the places that it leaves open: is_known[k] tells of that of k symbols
    free, is_known, open_places = is_free(walk.limits), np.zeros(len(marks), np.bool_), np.empty((4096, 2), np.int32)
    for index, row in enumerate(walk.order):
        arena, shared = match_next(log.db, walk, index, arena, marks)
        is_known[shared + 1 :] = False
        pattern = walk.flat[walk.offsets[row] : walk.offsets[row + 1]]
        size = len(pattern) - 1
        counts[row, 0] = len(owners_of(log.db, arena[marks[size] : marks[size + 1]], log.owners))
        if size and free and not np.any(pattern[:-1] == pattern[-1]):
            begin, end = marks[size - 1], marks[size]
            if not is_known[size]:
                is_known[size] = True
                open_places = grown(open_places, len(arena))
                count_open(log, pattern[:-1], arena[begin:end], open_places[begin:end])
            counts[row, 1], counts[row, 2], base[row] = measure_free(
                log, pattern[-1], arena[begin:end], open_places[begin:end]
            )
        elif size:
            counts[row, 1], counts[row, 2], base[row] = measure_antecedent(log, pattern, arena, marks, walk.limits)
    return counts, base


def measure_rules(log: InteractionLog, table: PatternTable, constraints: Constraints) -> RuleMeasures:
    """Measure in a log every pattern of a table as a rule from all but its last symbol to the last.

    Where histories are sessions the measures count people: those who have the antecedent, or the rule, in one of their
    sessions, against the chance that one of them has the rule if order meant nothing.

    >>> log = InteractionLog.from_lists([[1, 2], [1, 3], [1, 3, 2], [2, 1]])
    >>> measures = measure_rules(log, PatternTable.from_lists([(1, 2)], [0], 4), Constraints())
    >>> measures.confidence.tolist(), measures.base_rate.tolist()
    ([0.5], [0.5])
    """
    constraints.check(log)
    if not len(table):
        return RuleMeasures(*(np.zeros(0, np.int64),) * 3, np.zeros(0))
    db, walk = walk_of(log, table, constraints)
    counts, base = _measure_rules(histories_of(log, db, constraints.strict_time), walk)
    rate = np.divide(base, counts[:, 1], out=np.zeros(len(base)), where=counts[:, 1] > 0)
    if constraints.speaks_of_time:
        # what recurs in bursts has fewer places within reach than its events would find in another order
        rows = np.flatnonzero([pattern[-1] in pattern[:-1] for pattern in table.patterns()])
        rate[rows] = _shuffled_rates(log, table.take(rows), constraints)
    return RuleMeasures(counts[:, 0], counts[:, 1], counts[:, 2], rate)


NUM_SHUFFLES = 50
"""Shuffled logs that the base rate of what recurs is taken from, under limits on time."""


def _shuffled_rates(log: InteractionLog, table: PatternTable, constraints: Constraints) -> NDArray[np.float64]:
    """Return the share of the users with the antecedent that have the rule, over logs in random order."""
    total = np.zeros((2, len(table)))
    if len(table):
        heads = PatternTable.from_lists([pattern[:-1] for pattern in table.patterns()], [0] * len(table), 0)
        for shuffled in shuffled_logs(log, NUM_SHUFFLES, 0, keep_ties=constraints.strict_time):
            total += [count_people(shuffled, part, constraints) for part in (table, heads)]
    return np.divide(total[0], total[1], out=np.zeros(len(table)), where=total[1] > 0)


def with_rule_columns(table: PatternTable, measures: RuleMeasures, prefix: str = "") -> PatternTable:
    """Add confidence and lift with their limits, base rate, leverage and the denominators to a table.

    Args:
        table: patterns, each read as a rule.
        measures: of the same patterns.
        prefix: put before the name of each column (``holdout_``).
    """
    lower, upper = measures.confidence_interval
    lift_lower, lift_upper = measures.lift_interval
    columns = {
        "confidence": measures.confidence,
        "confidence_lower": lower,
        "confidence_upper": upper,
        "lift": measures.lift,
        "lift_lower": lift_lower,
        "lift_upper": lift_upper,
        "leverage": measures.leverage,
        "base_rate": measures.base_rate,
        "antecedent_count": measures.antecedent_count,
        "followed_count": measures.followed_count,
    }
    return table.with_columns(**{prefix + name: column for name, column in columns.items()})


@dataclass(kw_only=True)
class RuleMiner(PatternLimits):
    """Find the rules "antecedent, then consequent" that enough users follow; the consequent is the last symbol.

    The limits hold for antecedent and consequent together, so ``min_length`` is at least 2.

    Args:
        min_confidence: share of the users with the antecedent that go on to the consequent, at least. The other
            arguments as ``PatternLimits``.

    Raises:
        UserError: a setting out of range.
    """

    min_length: AtLeastTwo = 2
    min_confidence: Share = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.min_confidence <= 1:
            raise UserError(f"min_confidence is {self.min_confidence}, allowed are numbers from 0 to 1")
        check_whole("min_length", self.min_length, 2)
        super().__post_init__()

    def mine(self, log: InteractionLog, progress: Progress = no_progress) -> PatternTable:
        """Return the rules by falling confidence, then falling support, then in lexicographic order.

        Args:
            log: histories of symbols.
            progress: told of the share of the search that is done, 0 to 1.
        """
        table = mine_within(self, log, progress)
        table = with_rule_columns(table, measure_rules(log, table, self.constraints))
        confidence = table.columns["confidence"]
        kept = np.flatnonzero(confidence >= self.min_confidence)
        return table.take(kept[np.argsort(-confidence[kept], kind="stable")])
