"""What the mining program can be asked to do, and what it is asked about."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from lightning.pytorch.loggers import Logger

from seqmine.mining.against_model.agreement import ModelAgreement
from seqmine.mining.against_model.disagreement import believed_but_false, pooled_agreement, unknown_to_model
from seqmine.mining.against_model.model_patterns import ModelPatterns
from seqmine.mining.engine.frequent import Progress
from seqmine.mining.judging.evaluation import coverage
from seqmine.mining.judging.evidence import CountsAlone, Evidence, Verdict
from seqmine.mining.judging.release import ReleaseRule, unmeasured_later
from seqmine.mining.statistics.sequentiality import SequentialityCheck
from seqmine.mining.statistics.ties import tie_note
from seqmine.mining.study import Subject, TrainedModel
from seqmine.mining.symbols import Projection, SymbolLog
from seqmine.reporting.pattern_loggers import log_patterns, log_report
from seqmine.reporting.patterns import (
    pattern_rows,
    progress_bar,
    show_agreement,
    show_lists,
    show_patterns,
    write_patterns,
)
from seqmine.structs import InteractionLog, PatternTable, UserError
from seqmine.structs.constraints import Constraints
from seqmine.structs.files import write_json
from seqmine.structs.log import tie_share


class Miner(Protocol):
    """Finds patterns; see ``seqmine.mining.engine.miners`` and ``seqmine.mining.judging.rules``."""

    constraints: Constraints

    def containing(self, symbols: tuple[int, ...]) -> "Miner":
        """Return the same miner for patterns that contain all of some symbols."""
        ...

    def mine(self, log: InteractionLog, progress: Progress) -> PatternTable:
        """Return the patterns of a log."""
        ...

    def needed_count(self, table: PatternTable) -> int:
        """Return the support that the patterns of a table were mined with."""
        ...


class MinePatterns:
    """Mine patterns, judge them, and write tables, a report and a picture.

    Args:
        miner: finds the patterns.
        projection: makes symbols of events.
        must_contain: names of symbols that every pattern contains.
        evidence: judges the patterns.
        release: decides which are shown to people.
        num_shown: rows in the terminal and rules in the picture.
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
        num_shown: int,
        model_patterns: ModelPatterns,
        agreement: ModelAgreement,
    ) -> None:
        self.miner, self.projection, self.evidence, self.release = miner, projection, evidence, release
        self.must_contain, self.num_shown = must_contain, num_shown
        self.model_patterns, self.agreement = model_patterns, agreement

    def run(self, subject: Subject, folder: Path, loggers: Sequence[Logger]) -> None:
        """Mine and write ``patterns.parquet``, ``rules.parquet``, ``pattern_report.json`` and ``rules.png``."""
        start = time.perf_counter()
        symbols = self.projection(subject.log, subject.item_ids, subject.features)
        miner = self.miner.containing(symbols.numbers(self.must_contain))
        with progress_bar("mining") as progress:
            table = miner.mine(symbols.log, progress)
        mined = time.perf_counter()
        constraints, min_count = miner.constraints, miner.needed_count(table)
        verdict = self.evidence.judge(symbols.log, table, constraints, min_count)
        table = verdict.table
        if "q_value" in table.columns:
            table = self.release.mark(symbols.log, table, constraints, min_count)
        report = self._summary(table, symbols.log, verdict, constraints)
        lists: dict[str, PatternTable] = {}
        if subject.model is not None and "q_value" in table.columns:
            table, lists, basis = self._hold_against(subject.model, subject, symbols, table)
            report["model"] = basis
            report |= {f"num_{name}": len(found) for name, found in lists.items()}
            report |= {name: pattern_rows(found, symbols, 100) for name, found in lists.items()}
            show_lists(lists, symbols, self.num_shown)
            for name in ("released", "grown"):
                show_agreement(f"{name} rules", basis[name])
        report["notes"] = [note for note in (tie_note(report["tie_share"], constraints), verdict.note) if note]
        report["seconds"] = {"mining": mined - start, "evidence": time.perf_counter() - mined}
        write_patterns(table, symbols, folder, self.num_shown)
        write_json(folder / "pattern_report.json", report)
        log_patterns(loggers, table, symbols, report, lists)
        show_patterns(table, symbols, self.num_shown, report["notes"])

    def _summary(
        self, table: PatternTable, log: InteractionLog, verdict: Verdict, constraints: Constraints
    ) -> dict[str, Any]:
        """Return what is said of the table as a whole."""
        report: dict[str, Any] = {
            "num_patterns": len(table),
            "num_users": table.num_users,
            "num_events": log.num_events,
            "tie_share": tie_share(log),
        }
        if "released" not in table.columns:
            return report
        released = table.take(np.flatnonzero(table.columns["released"]))
        conditions = self.release.conditions(table)
        is_rule = np.isfinite(table.columns["q_value"]) & (table.lengths > 1)
        return {
            **report,
            "num_judged": int(np.isfinite(table.columns["q_value"]).sum()),
            "num_hypotheses": verdict.num_hypotheses,
            "rank_biased_overlap": verdict.overlap,
            "later_days_from": None if verdict.later_from is None else str(np.datetime64(verdict.later_from, "s")),
            "conditions_met": {name: int(met[is_rule].sum()) for name, met in conditions.items()},
            "num_unmeasured_later": int((is_rule & unmeasured_later(table)).sum()),
            "num_released": len(released),
            "released_coverage": coverage(released, log, constraints),
        }

    def _hold_against(
        self, model: TrainedModel, subject: Subject, symbols: SymbolLog, table: PatternTable
    ) -> tuple[PatternTable, dict[str, PatternTable], dict[str, Any]]:
        """Return the table with the model's measures, the lists that people act on, and what they rest on.

        The model's own rules are grown on validation targets of most users and tested as patterns on the training part
        of all others; every rule is compared with the model at test targets, which neither has seen.
        """
        if list(symbols.keys) != subject.item_ids or symbols.log.num_events != subject.log.num_events:
            raise UserError("run needs projection=item, as models know items alone; change projection or unset run")
        assert isinstance(self.evidence, Evidence)
        constraints = self.miner.constraints
        # Measures on the model are taken for what is released: thousands of others would cost minutes.
        released = np.flatnonzero(table.columns["released"])
        measured = self.agreement.measure(model.recommender, model.test, table.take(released), constraints)
        added = {}
        for name in [name for name in measured.columns if name not in table.columns]:
            column = np.full(len(table), np.nan)
            column[released] = measured.columns[name]
            added[name] = column
        grown_on = model.validation.drawn(1 - self.evidence.holdout, self.evidence.seed)
        others = symbols.log.take_users(np.setdiff1d(np.arange(symbols.log.num_users), grown_on.users))
        grown = self.model_patterns.find(model.recommender, grown_on)
        believed = self.evidence.judge_fresh(others, self.model_patterns.recurring(grown), constraints)
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
        return table.with_columns(**added), lists, basis


class CheckSequentiality:
    """Tell whether a log has any order, and write ``pattern_report.json``.

    Args:
        check: compares the log with shuffled copies.
    """

    def __init__(self, *, check: SequentialityCheck) -> None:
        self.check = check

    def run(self, subject: Subject, folder: Path, loggers: Sequence[Logger]) -> None:
        """Check the log, print the verdict and write the numbers."""
        from rich.console import Console

        found = self.check.check(subject.log)
        write_json(folder / "pattern_report.json", found.report())
        log_report(loggers, found.report())
        Console().print(found.verdict)
