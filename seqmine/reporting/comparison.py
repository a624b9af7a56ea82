"""Patterns by group or period as files, a picture, and a table in the terminal."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from lightning.pytorch.loggers import Logger

from seqmine.mining.comparing import Compared
from seqmine.reporting.pattern_loggers import log_report
from seqmine.reporting.rule_sheet import write_sheet
from seqmine.structs import UserError
from seqmine.structs.bounds import PositiveInt, Share
from seqmine.structs.files import write_atomically, write_json

_MOST_DRAWN = 8
_MOST_GROUPS = 4


class ComparisonReport:
    """Write, log, draw and print what differs.

    Args:
        num_shown: patterns in the terminal; None for all that differ.
        max_q_value: a pattern differs when one of its q-values is below this.
    """

    def __init__(self, *, num_shown: PositiveInt | None, max_q_value: Share) -> None:
        if num_shown is not None and num_shown < 1:
            raise UserError(f"num_shown is {num_shown}, allowed are whole numbers from 1, or null for all")
        self.num_shown, self.max_q_value = num_shown, max_q_value

    def __call__(self, found: Compared, folder: Path, loggers: Sequence[Logger]) -> None:
        """Write ``comparison.csv``, ``pattern_report.json`` and ``comparison.png``; log and print.

        Args:
            found: of a study.
            folder: of the run.
            loggers: of the run; they are ended.
        """
        comparison = found.comparison
        rows = comparison.differing(self.max_q_value)
        report = {
            "by": comparison.by,
            "groups": dict(zip(comparison.names, comparison.totals.tolist(), strict=True)),
            "num_patterns": len(comparison.table),
            "num_differing": len(rows),
            "differing": [found.symbols.shown_pattern(comparison.table.pattern(row)) for row in rows[:100].tolist()],
            "notes": found.notes,
        }
        write_json(folder / "pattern_report.json", report)
        _write_sheet(found, folder / "comparison.csv")
        drawn = rows if len(rows) else np.arange(len(comparison.table))
        if len(drawn):
            draw_comparison(found, drawn[:_MOST_DRAWN], folder / "comparison.png")
        log_report(loggers, report)
        show_comparison(found, rows[: self.num_shown], len(rows))


def _write_sheet(found: Compared, path: Path) -> None:
    """Write one row per pattern and group."""
    one = found.comparison
    lower, upper = one.support_interval
    less, more = one.difference_interval
    columns = {
        "people": one.counts, "support": one.support, "support from": lower, "support to": upper,
        "people with the antecedent": one.antecedents, "confidence": one.confidence,
        "difference to all others": one.difference, "difference from": less, "difference to": more,
    }  # fmt: skip
    tests = {
        "p-value of support": one.p_value, "q-value of support": one.q_value,
        "p-value of confidence": one.confidence_p_value, "q-value of confidence": one.confidence_q_value,
    }  # fmt: skip
    rows = []
    for row, pattern in enumerate(one.table.patterns()):
        text = found.symbols.shown_pattern(pattern)
        for group, name in enumerate(one.names):
            measures = [_cell(column[row, group]) for column in columns.values()]
            told = [_cell(column[row]) for column in tests.values()]
            rows.append([text, name, int(one.totals[group]), *measures, *told])
    write_sheet(path, ["pattern", one.by, "people of the group", *columns, *tests], rows)


def _cell(value: Any) -> Any:
    if np.isnan(value):
        return ""
    return int(value) if isinstance(value, np.integer) else float(f"{value:.4g}")


def show_comparison(found: Compared, rows: np.ndarray, num_differing: int) -> None:
    """Print the patterns that differ, with their support in each group."""
    from rich.box import SIMPLE_HEAD
    from rich.markup import escape
    from rich.table import Table

    from seqmine.reporting.terminal import Terminal

    one, console = found.comparison, Terminal()
    title = f"{num_differing:,} of {len(one.table):,} patterns differ by {one.by}"
    shown = Table(title=escape(title), box=SIMPLE_HEAD, padding=(0, 1))
    shown.add_column("pattern", overflow="fold")
    groups = _shown_groups(len(one.names))
    for group in groups:
        shown.add_column(f"{escape(one.names[group])}\n{one.totals[group]:,}", justify="right")
    shown.add_column("support q", justify="right")
    shown.add_column("conf. q", justify="right")
    for row in rows.tolist():
        supports = [f"{one.support[row, group]:.1%}" for group in groups]
        text = escape(found.symbols.shown_pattern(one.table.pattern(row)))
        shown.add_row(text, *supports, f"{one.q_value[row]:.2g}", f"{one.confidence_q_value[row]:.2g}")
    console.print(shown)
    for note in found.notes:
        console.print(note, markup=False, highlight=False)


def _shown_groups(num_groups: int) -> list[int]:
    """Return the groups that there is room for: the first and the last ones.

    >>> _shown_groups(9), _shown_groups(2)
    ([0, 1, 7, 8], [0, 1])
    """
    if num_groups <= _MOST_GROUPS:
        return list(range(num_groups))
    half = _MOST_GROUPS // 2
    return [*range(half), *range(num_groups - half, num_groups)]


def draw_comparison(found: Compared, rows: np.ndarray, path: Path) -> None:
    """Draw the support of some patterns in each group with its limits, and write the picture: lines over periods.

    Args:
        found: of a study.
        rows: of the patterns.
        path: of the PNG.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    one = found.comparison
    support, (lower, upper) = one.support, one.support_interval
    figure = Figure(figsize=(11, 6), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    places = np.arange(len(one.names))
    for index, row in enumerate(rows.tolist()):
        shift = 0.0 if found.is_ordered else (index - (len(rows) - 1) / 2) * 0.8 / max(len(rows), 1)
        error = np.maximum([support[row] - lower[row], upper[row] - support[row]], 0)
        label = found.symbols.shown_pattern(one.table.pattern(row))[:60]
        style = "o-" if found.is_ordered else "o"
        axes.errorbar(places + shift, support[row], yerr=error, fmt=style, capsize=3, color=f"C{index}", label=label)
    names = [f"{name}\n{total:,}" for name, total in zip(one.names, one.totals.tolist(), strict=True)]
    step = max(len(places) // 12, 1)
    axes.set_xticks(places[::step], names[::step], fontsize=8, parse_math=False)
    axes.set_ylabel("share of people with the pattern (95 %)")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    for text in axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1, 1)).get_texts():
        text.set_parse_math(False)
    axes.set_title(f"Patterns by {one.by}", parse_math=False)
    write_atomically(path, lambda temporary: figure.savefig(temporary, format="png"))
