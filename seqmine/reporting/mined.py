"""Findings of mining as files of the run, numbers and tables in loggers, and text in the terminal."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger

from seqmine.mining.statistics.sequentiality import Sequentiality
from seqmine.mining.study import Findings
from seqmine.reporting.misses import fall_note, miss_rows, show_misses
from seqmine.reporting.pattern_loggers import log_patterns, log_report
from seqmine.reporting.patterns import pattern_rows, show_agreement, show_lists, show_patterns, write_patterns
from seqmine.reporting.rule_sheet import write_rule_sheet
from seqmine.reporting.run_loggers import log_picture
from seqmine.structs import UserError
from seqmine.structs.bounds import PositiveInt
from seqmine.structs.files import write_json

_MOST_LISTED = 100
_MOST_DRAWN = 40


def pattern_report(findings: Findings) -> dict[str, Any]:
    """Return what ``pattern_report.json`` holds: the summary, and with a model the lists that people act on."""
    report = dict(findings.summary)
    if findings.misses is not None:
        report |= miss_rows(findings.table, findings.symbols, findings.misses, _MOST_LISTED)
    if findings.basis:
        report["model"] = findings.basis
        report |= {f"num_{name}": len(found) for name, found in findings.lists.items()}
        report |= {name: pattern_rows(found, findings.symbols, _MOST_LISTED) for name, found in findings.lists.items()}
    return {**report, "notes": findings.notes, "seconds": findings.seconds}


def write_findings(findings: Findings, folder: Path, num_drawn: int) -> None:
    """Write the tables, the sheet, the picture and the report of what was found.

    Args:
        findings: of a study.
        folder: of the run.
        num_drawn: rules in the picture.
    """
    table, symbols = findings.table, findings.symbols
    write_patterns(table, symbols, folder, num_drawn)
    has_time = symbols.log.timestamps is not None
    write_rule_sheet(table, symbols, findings.misses, folder / "rules.csv", has_time=has_time)
    write_json(folder / "pattern_report.json", pattern_report(findings))


class PatternReport:
    """Write, log and print the patterns that were found.

    Args:
        num_shown: rows in the terminal and rules in the picture; None shows all in the terminal, and draws 40.

    Raises:
        UserError: fewer than one row.
    """

    def __init__(self, *, num_shown: PositiveInt | None) -> None:
        if num_shown is not None and num_shown < 1:
            raise UserError(f"num_shown is {num_shown}, allowed are whole numbers from 1, or null for all")
        self.num_shown = num_shown

    def __call__(self, findings: Findings, folder: Path, loggers: Sequence[Logger]) -> None:
        """Write ``patterns.parquet``, ``rules.parquet``, ``rules.csv``, ``pattern_report.json``, ``rules.png``; print.

        Args:
            findings: of a study.
            folder: of the run.
            loggers: of the run; they are ended.
        """
        report = pattern_report(findings)
        write_findings(findings, folder, self.num_shown or _MOST_DRAWN)
        log_picture(loggers, "rules", folder / "rules.png")
        log_patterns(loggers, findings.table, findings.symbols, report, findings.lists)
        most = self.num_shown or len(findings.table)
        show_lists(findings.lists, findings.symbols, most)
        for name in ("released", "grown") if findings.basis else ():
            show_agreement(f"{name} rules", findings.basis[name])
        notes = list(findings.notes)
        if findings.misses is not None:
            show_misses(findings.table, findings.symbols, findings.misses, self.num_shown)
            notes.append(fall_note(findings.misses))
        show_patterns(findings.table, findings.symbols, most, notes)


class SequentialityReport:
    """Write, log and print how much order a log has."""

    def __call__(self, found: Sequentiality, folder: Path, loggers: Sequence[Logger]) -> None:
        """Write ``pattern_report.json``; log its numbers and print the verdict.

        Args:
            found: of a study.
            folder: of the run.
            loggers: of the run; they are ended.
        """
        from seqmine.reporting.terminal import Terminal

        write_json(folder / "pattern_report.json", found.report())
        log_report(loggers, found.report())
        Terminal().print(found.verdict)
