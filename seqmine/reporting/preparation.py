"""What a person sees of a prepared log: what cleaning did, and whether anything leaks."""

from pathlib import Path

from rich.table import Table

from seqmine.data.cleaning.audit import Audit, LogSize
from seqmine.data.leakage.report import LeakReport
from seqmine.reporting.terminal import Terminal


def print_preparation(audit: Audit, leaks: LeakReport, folder: Path) -> None:
    """Print what cleaning did, whether anything leaks, and where the log is stored now."""
    Terminal().print(audit_table(audit), leak_table(leaks), f"stored in {folder}")


def audit_table(audit: Audit) -> Table:
    """Return what cleaning did, one row per step."""
    table = Table(title="Cleaning" if audit.times is None else f"Cleaning (times are {audit.times})")
    for name in ("step", "looks at"):
        table.add_column(name)
    for name in ("events", "users", "items", "removed", "seconds"):
        table.add_column(name, justify="right")
    table.add_row("log as it came", "", *_counts(audit.source), "", "")
    for row in audit.rows:
        removed = row.before.rows - row.after.rows
        share = f"{removed:,} ({removed / max(row.before.rows, 1):.1%})"
        table.add_row(row.step, row.looks_at, *_counts(row.after), share, f"{row.seconds:.2f}")
    return table


def leak_table(report: LeakReport) -> Table:
    """Return the verdict on leaks, one row a check."""
    table = Table(title="Leaks: none found" if report.passed else "Leaks: FOUND")
    for name in ("check", "verdict", "detail"):
        table.add_column(name)
    for check in report.checks:
        verdict = "ok" if check.passed else "LEAK" if check.fatal else "warning"
        table.add_row(check.name, verdict, check.detail)
    return table


def _counts(size: LogSize) -> tuple[str, str, str]:
    return f"{size.rows:,}", f"{size.users:,}", f"{size.items:,}"
