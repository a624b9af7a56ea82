"""A study of a log: patterns are mined, judged, and held against a trained model; what was found is a value."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from seqmine.mining.against_model.agreement import ModelAgreement
from seqmine.mining.against_model.disagreement import believed_but_false, pooled_agreement, unknown_to_model
from seqmine.mining.against_model.model_patterns import ModelPatterns
from seqmine.mining.engine.frequent import Progress, no_progress
from seqmine.mining.judging.evaluation import coverage
from seqmine.mining.judging.evidence import CountsAlone, Evidence, Verdict
from seqmine.mining.judging.misses import Misses, find_misses
from seqmine.mining.judging.release import ReleaseRule, unmeasured_later
from seqmine.mining.statistics.sequentiality import Sequentiality, SequentialityCheck
from seqmine.mining.statistics.ties import tie_note
from seqmine.mining.symbols import Projection, SymbolLog, people_note
from seqmine.probing.cases import Cases
from seqmine.structs import InteractionLog, PatternTable, Recommender, UserError
from seqmine.structs.constraints import Constraints
from seqmine.structs.log import tie_share


@dataclass(frozen=True)
class TrainedModel:
    """A model, and the events of the same log that it was not trained on.

    Args:
        recommender: scores the catalog.
        validation: cases whose next event is a validation target, at most one per user.
        test: cases whose next event is a test target, at most one per user.
    """

    recommender: Recommender
    validation: Cases
    test: Cases


@dataclass(frozen=True)
class Subject:
    """What is mined.

    Args:
        log: histories of items.
        item_ids: raw key of each item, by its number less one.
        features: columns of the catalog, such as titles, each as ``item_ids``.
        model: a trained model of the same items, or None.
        user_attributes: what is known of the users, each as the histories; None where a user has no value.
        spent: epsilon and delta that the training of the model spent on the users; None where it made no promise.
    """

    log: InteractionLog
    item_ids: list[str]
    features: dict[str, list]
    model: TrainedModel | None = None
    user_attributes: Mapping[str, Sequence[str | None]] = field(default_factory=dict)
    spent: tuple[float, float] | None = None


@dataclass(frozen=True)
class Findings:
    """What a study found.

    Args:
        table: every pattern with its measures.
        symbols: what the symbols are called, and the histories that were mined.
        summary: what is said of the table as a whole: counts of patterns, users, hypotheses, conditions met.
        notes: sentences that a reader should know.
        seconds: what each stage took.
        lists: where data and model disagree, by name; empty without a model.
        basis: what those lists rest on, and how model and data agree over all rules; empty without a model.
        misses: why patterns are not released; None where nothing was judged.
    """

    table: PatternTable
    symbols: SymbolLog
    summary: dict[str, Any]
    notes: list[str]
    seconds: dict[str, float]
    lists: dict[str, PatternTable] = field(default_factory=dict)
    basis: dict[str, Any] = field(default_factory=dict)
    misses: Misses | None = None

    @property
    def released(self) -> PatternTable:
        """The patterns that meet every condition of the release; all of them where nothing was judged."""
        if "released" not in self.table.columns:
            return self.table
        return self.table.take(np.flatnonzero(self.table.columns["released"]))


class Miner(Protocol):
    """Finds patterns; see ``seqmine.mining.engine.miners`` and ``seqmine.mining.judging.rules``."""

    @property
    def constraints(self) -> Constraints:
        """Limits on the patterns."""
        ...

    def containing(self, symbols: tuple[int, ...]) -> "Miner":
        """Return the same miner for patterns that contain all of some symbols."""
        ...

    def mine(self, log: InteractionLog, progress: Progress) -> PatternTable:
        """Return the patterns of a log."""
        ...

    def needed_count(self, table: PatternTable) -> int:
        """Return the support that the patterns of a table were mined with."""
        ...


class PatternStudy:
    """Mine sequential patterns, judge them, and hold the released ones against a trained model.

    Args:
        miner: finds the patterns, which contain the symbols named by must_contain.
        projection: makes symbols of events.
        evidence: judges the patterns.
        release: decides which are shown to people.
        model_patterns: finds what a model works by.
        agreement: holds patterns against a model.
    """

    def __init__(
        self,
        *,
        miner: Miner,
        projection: Projection,
        evidence: Evidence | CountsAlone,
        release: ReleaseRule,
        must_contain: Sequence[str],
        model_patterns: ModelPatterns,
        agreement: ModelAgreement,
    ) -> None:
        self.miner, self.projection, self.evidence, self.release = miner, projection, evidence, release
        self.must_contain, self.model_patterns, self.agreement = must_contain, model_patterns, agreement

    def find(self, subject: Subject, progress: Progress = no_progress) -> Findings:
        """Return what is found in a log.

        Args:
            subject: the log, and a model where there is one.
            progress: told of the share of the mining that is done, 0 to 1.

        Raises:
            UserError: a model, and a projection or an evidence that does not go with one.
        """
        start = time.perf_counter()
        symbols = self.projection(subject.log, subject.item_ids, subject.features)
        self._check_model(subject, symbols)
        miner = self.miner.containing(symbols.numbers(self.must_contain))
        table = miner.mine(symbols.log, progress)
        progress(1.0)
        mined = time.perf_counter()
        constraints, min_count = miner.constraints, miner.needed_count(table)
        verdict = self.evidence.judge(symbols.log, table, constraints, min_count)
        table = verdict.table
        misses = None
        if "q_value" in table.columns:
            table = self.release.mark(symbols.log, table, constraints, min_count)
            misses = find_misses(self.release, table)
        summary = self._summary(table, symbols.log, verdict, constraints, misses)
        lists, basis = dict[str, PatternTable](), dict[str, Any]()
        if subject.model is not None:
            table, lists, basis = self._hold_against(subject.model, symbols, table)
        notes = [*filter(None, (people_note(symbols.log), tie_note(summary["tie_share"], constraints), verdict.note))]
        seconds = {"mining": mined - start, "evidence": time.perf_counter() - mined}
        return Findings(table, symbols, summary, notes, seconds, lists, basis, misses)

    def _check_model(self, subject: Subject, symbols: SymbolLog) -> None:
        """Refuse, before anything is mined, what cannot be held against a model."""
        if subject.model is None:
            return
        if list(symbols.keys) != subject.item_ids or symbols.log.num_events != subject.log.num_events:
            raise UserError("run needs `projection`=item, as models know only items; change `projection` or unset run")
        self._tested()

    def _tested(self) -> Evidence:
        """Return the evidence where it tests patterns.

        Raises:
            UserError: it counts only, so that no pattern is released.
        """
        if isinstance(self.evidence, CountsAlone):
            raise UserError(
                "`evidence` is none, which tests and releases nothing, but run compares released patterns with a "
                "model; set `evidence`=full or unset run"
            )
        return self.evidence

    def _summary(
        self,
        table: PatternTable,
        log: InteractionLog,
        verdict: Verdict,
        constraints: Constraints,
        misses: Misses | None,
    ) -> dict[str, Any]:
        """Return what is said of the table as a whole."""
        summary: dict[str, Any] = {
            "num_patterns": len(table),
            "num_users": table.num_users,
            "num_people": log.num_people,
            "num_events": log.num_events,
            "tie_share": tie_share(log),
        }
        if misses is None:
            return summary
        released, conditions = table.take(np.flatnonzero(table.columns["released"])), self.release.conditions(table)
        is_rule = np.isfinite(table.columns["q_value"]) & (table.lengths > 1)
        return {
            **summary,
            "num_judged": int(np.isfinite(table.columns["q_value"]).sum()),
            "num_hypotheses": verdict.num_hypotheses,
            "rank_biased_overlap": verdict.overlap,
            "later_days_from": None if verdict.later_from is None else str(np.datetime64(verdict.later_from, "s")),
            "conditions_met": {name: int(met[is_rule].sum()) for name, met in conditions.items()},
            "fell_at": misses.fell_at,
            "num_coming_together": len(misses.together),
            "num_unmeasured_later": int((is_rule & unmeasured_later(table)).sum()),
            "num_released": len(released),
            "released_coverage": coverage(released, log, constraints),
        }

    def _hold_against(
        self, model: TrainedModel, symbols: SymbolLog, table: PatternTable
    ) -> tuple[PatternTable, dict[str, PatternTable], dict[str, Any]]:
        """Return the table with the model's measures, the lists that people act on, and what they rest on.

        The model's own rules are grown on validation targets of most users and tested as patterns on the training part
        of all others; every rule is compared with the model at test targets, which neither has seen.
        """
        evidence, constraints = self._tested(), self.miner.constraints
        # Measures on the model are taken for what is released: thousands of others would cost minutes.
        released = np.flatnonzero(table.columns["released"])
        measured = self.agreement.measure(model.recommender, model.test, table.take(released), constraints)
        added = {name: _spread(column, released, len(table)) for name, column in measured.columns.items()}
        grown_on = model.validation.drawn(1 - evidence.holdout, evidence.seed)
        others = symbols.log.take_users(np.setdiff1d(np.arange(symbols.log.num_users), grown_on.users))
        grown = self.model_patterns.find(model.recommender, grown_on)
        believed = evidence.judge_fresh(others, self.model_patterns.recurring(grown), constraints)
        believed = self.agreement.measure(model.recommender, model.test, believed, constraints)
        basis = {
            "grown_on_validation_targets": len(grown_on),
            "tested_on_training_histories_of_others": others.num_users,
            "judged_on_test_targets": len(model.test),
            "released": pooled_agreement(measured),
            "grown": pooled_agreement(self.agreement.compare(model.recommender, model.test, grown, constraints)),
        }
        lists = {
            "unknown_to_model": unknown_to_model(measured),
            "believed_by_model": believed,
            "believed_but_false": believed_but_false(believed),
        }
        return table.with_columns(**{name: added[name] for name in added if name not in table.columns}), lists, basis


def _spread(column: NDArray, rows: NDArray[np.int64], size: int) -> NDArray:
    """Return a column of ``size`` rows with the given values in some of them and NaN in the others."""
    result = np.full(size, np.nan)
    result[rows] = column
    return result


class SequentialityStudy:
    """Tell whether a log has any order.

    Args:
        check: compares the log with shuffled copies.
        projection: makes symbols of events.
        must_contain: names of symbols; none is allowed, as all histories are looked at.
    """

    def __init__(
        self, *, check: SequentialityCheck, projection: Projection | None = None, must_contain: Sequence[str] = ()
    ) -> None:
        self.check, self.projection = check, projection or Projection()
        if must_contain:
            raise UserError(f"must_contain is {list(must_contain)}, but task=sequentiality looks at all; unset it")

    def find(self, subject: Subject, progress: Progress = no_progress) -> Sequentiality:
        """Return how much order a log has.

        Args:
            subject: the log.
            progress: told when all is done.

        Raises:
            UserError: a model, which this study does not ask.
        """
        if subject.model is not None:
            raise UserError("run names a model, which task=sequentiality does not ask; unset run or set task=patterns")
        found = self.check.check(self.projection(subject.log, subject.item_ids, subject.features).log)
        progress(1.0)
        return found
