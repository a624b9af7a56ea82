"""Findings of mining as files of the run, numbers and tables in loggers, and text in the terminal."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger

from seqmine.mining.statistics.sequentiality import Sequentiality
from seqmine.mining.study import Findings
from seqmine.reporting.pattern_loggers import log_patterns, log_report
from seqmine.reporting.patterns import pattern_rows, show_agreement, show_lists, show_patterns, write_patterns
from seqmine.structs.files import write_json

_MOST_LISTED = 100


def pattern_report(findings: Findings) -> dict[str, Any]:
    """Return what ``pattern_report.json`` holds: the summary, and with a model the lists that people act on."""
    report = dict(findings.summary)
    if findings.basis:
        report["model"] = findings.basis
        report |= {f"num_{name}": len(found) for name, found in findings.lists.items()}
        report |= {name: pattern_rows(found, findings.symbols, _MOST_LISTED) for name, found in findings.lists.items()}
    return {**report, "notes": findings.notes, "seconds": findings.seconds}


class PatternReport:
    """Write, log and print the patterns that were found.

    Args:
        num_shown: rows in the terminal and rules in the picture.
    """

    def __init__(self, *, num_shown: int) -> None:
        self.num_shown = num_shown

    def __call__(self, findings: Findings, folder: Path, loggers: Sequence[Logger]) -> None:
        """Write ``patterns.parquet``, ``rules.parquet``, ``pattern_report.json`` and ``rules.png``; log and print.

        Args:
            findings: of a study.
            folder: of the run.
            loggers: of the run; they are ended.
        """
        report = pattern_report(findings)
        write_patterns(findings.table, findings.symbols, folder, self.num_shown)
        write_json(folder / "pattern_report.json", report)
        log_patterns(loggers, findings.table, findings.symbols, report, findings.lists)
        show_lists(findings.lists, findings.symbols, self.num_shown)
        for name in ("released", "grown") if findings.basis else ():
            show_agreement(f"{name} rules", findings.basis[name])
        show_patterns(findings.table, findings.symbols, self.num_shown, findings.notes)


class SequentialityReport:
    """Write, log and print how much order a log has."""

    def __call__(self, found: Sequentiality, folder: Path, loggers: Sequence[Logger]) -> None:
        """Write ``pattern_report.json``; log its numbers and print the verdict.

        Args:
            found: of a study.
            folder: of the run.
            loggers: of the run; they are ended.
        """
        from rich.console import Console

        write_json(folder / "pattern_report.json", found.report())
        log_report(loggers, found.report())
        Console().print(found.verdict)
