"""What a person sees of a prepared log: what cleaning did, and whether anything leaks."""

import re
from datetime import UTC, datetime
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.table import Table

from seqmine.data.cleaning.audit import Audit, LogSize
from seqmine.data.leakage.report import LeakReport
from seqmine.reporting.terminal import Terminal


def print_preparation(audit: Audit, leaks: LeakReport, folder: Path) -> None:
    """Print what cleaning did, whether anything leaks, and where the log is stored now."""
    Terminal().print(audit_table(audit), leak_table(leaks), f"stored in {folder}")


def audit_table(audit: Audit) -> Table:
    """Return what cleaning did, one row per step."""
    title = "Cleaning" if audit.times is None else f"Cleaning (times are {audit.times})"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1), collapse_padding=True)
    for name in ("step", "looks at"):
        table.add_column(name)
    for name in ("events", "users", "items", "removed", "seconds"):
        table.add_column(name, justify="right")
    table.add_row("log as it came", "", *_counts(audit.source), "", "")
    for row in audit.rows:
        removed = row.before.rows - row.after.rows
        share = f"{removed:,} ({removed / max(row.before.rows, 1):.1%})"
        table.add_row(in_words(row.step), row.looks_at, *_counts(row.after), share, f"{row.seconds:.2f}")
    return table


def in_words(step: str) -> str:
    """Return a step of cleaning in words, as the audit names it by class and settings.

    >>> (
    ...     in_words("KCore(min_user_events=1, min_item_events=5)"),
    ...     in_words("InvalidRows(earliest=631152000, latest=None)"),
    ... )
    ('k core (min user events 1, min item events 5)', 'invalid rows (earliest 1990-01-01)')
    """
    parts = re.fullmatch(r"(\w+)\((.*?)\)(.*)", step)
    if parts is None:
        return step
    name = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", parts[1]).lower()
    settings = [one.split("=", 1) for one in parts[2].split(", ") if "=" in one and not one.endswith("=None")]
    told = [f"{key.replace('_', ' ')} {_day(key, value)}" for key, value in settings]
    return f"{name} ({', '.join(told)}){parts[3]}" if told else name + parts[3]


def _day(key: str, value: str) -> str:
    is_moment = key in ("earliest", "latest") and value.lstrip("-").isdigit()
    return str(datetime.fromtimestamp(int(value), UTC).date()) if is_moment else value


def leak_table(report: LeakReport) -> Table:
    """Return the verdict on leaks, one row a check."""
    title = "Leaks: none found" if report.passed else "Leaks: FOUND"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1), collapse_padding=True)
    for name in ("check", "verdict", "detail"):
        table.add_column(name)
    for check in report.checks:
        verdict = "ok" if check.passed else "LEAK" if check.fatal else "warning"
        table.add_row(check.name, verdict, check.detail)
    return table


def _counts(size: LogSize) -> tuple[str, str, str]:
    return f"{size.rows:,}", f"{size.users:,}", f"{size.items:,}"
