"""A funnel as tables in files and in the terminal, and as a picture."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import Logger

from seqmine.mining.paths.funnel import Funnel, Step
from seqmine.reporting.pattern_loggers import log_report
from seqmine.reporting.rule_sheet import time_words, write_sheet
from seqmine.structs.files import write_atomically, write_json

_MOST_NEXT = 3


class FunnelReport:
    """Write, log, draw and print how far people get."""

    def __call__(self, found: Funnel, folder: Path, loggers: Sequence[Logger]) -> None:
        """Write ``pattern_report.json``, ``funnel.csv``, ``variants.csv`` and ``funnel.png``; log and print.

        Args:
            found: of a study.
            folder: of the run.
            loggers: of the run; they are ended.
        """
        write_json(folder / "pattern_report.json", found.report())
        write_sheet(folder / "funnel.csv", _STEP_TITLES, [_step_cells(step) for step in found.steps])
        variants = [[" → ".join(one.path), one.cases, one.people] for one in found.variants]
        write_sheet(folder / "variants.csv", ["path", "histories", "people"], variants)
        draw_funnel(found, folder / "funnel.png")
        last = found.steps[-1]
        log_report(loggers, {"num_cases": found.num_cases, "conversion": last.share_of_first, "converted": last.people})
        show_funnel(found)


_STEP_TITLES = [
    "step", "histories", "people", "share of step before", "from", "to", "share of first step",
    "time since step before, lower quartile (minutes)", "median (minutes)", "upper quartile (minutes)",
    "share of histories of step before", "histories that stop here", "most of these do next",
]  # fmt: skip


def _step_cells(step: Step) -> list[Any]:
    minutes = ["", "", ""] if step.seconds is None else [round(seconds / 60, 3) for seconds in step.seconds]
    stopped = sum(count for _, count in step.next_after)
    shares = [round(value, 4) for value in (step.share, step.share_lower, step.share_upper, step.share_of_first)]
    return [step.name, step.cases, step.people, *shares, *minutes, round(step.case_share, 4), stopped, next_words(step)]


def next_words(step: Step) -> str:
    """Return in words what histories that stop at a step do next.

    >>> next_words(Step("cart", 3, 3, 1, 1, 1, 1, 1, None, [(None, 2), ("view", 1)]))
    'nothing 2, view 1'
    """
    return ", ".join(f"{name or 'nothing'} {count:,}" for name, count in step.next_after[:_MOST_NEXT])


def show_funnel(found: Funnel) -> None:
    """Print the steps, and the most frequent whole paths."""
    from rich.box import SIMPLE_HEAD
    from rich.markup import escape
    from rich.table import Table

    from seqmine.reporting.terminal import Terminal

    console = Terminal()
    what = "histories of one user and one item" if found.same_item else "histories"
    steps = Table(title=f"funnel over {found.num_cases:,} {what}", box=SIMPLE_HEAD, padding=(0, 1))
    for title in (
        "step",
        "histories",
        "people",
        "of people before",
        "of histories before",
        "median time",
        "then instead",
    ):
        steps.add_column(title, justify="left" if title in ("step", "then instead") else "right", overflow="fold")
    for step in found.steps:
        time = "" if step.seconds is None else time_words(step.seconds[1])
        share = f"{step.share:.1%} ({step.share_lower:.1%}–{step.share_upper:.1%})"
        cells = [f"{step.cases:,}", f"{step.people:,}", share, f"{step.case_share:.1%}", time, next_words(step)]
        steps.add_row(escape(step.name), *map(escape, cells))
    console.print(steps)
    if not found.variants:
        return
    title = f"{len(found.variants)} most frequent of {found.num_variants:,} whole paths"
    paths = Table(title=title, box=SIMPLE_HEAD, padding=(0, 1))
    paths.add_column("path", overflow="fold")
    for heading in ("histories", "share", "people"):
        paths.add_column(heading, justify="right")
    for one in found.variants:
        portion = one.cases / max(found.num_cases, 1)
        paths.add_row(escape(" → ".join(one.path)), f"{one.cases:,}", f"{portion:.1%}", f"{one.people:,}")
    console.print(paths)


def draw_funnel(found: Funnel, path: Path) -> None:
    """Draw a bar per step, as wide as its people, with the conversion between, and write the picture.

    Args:
        found: the funnel.
        path: of the PNG.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    steps = found.steps
    figure = Figure(figsize=(10, 1.2 + 1.15 * len(steps)), dpi=130)
    axes = figure.add_axes((0.16, 0.04, 0.6, 0.84))
    widest = max([1, *(step.people for step in steps)])
    for row, step in enumerate(steps):
        axes.barh(row, step.people, left=-step.people / 2, height=0.55, color="C0", alpha=0.9 - 0.5 * row / len(steps))
        text = f"{step.people:,} people, {step.cases:,} histories"
        axes.text(widest * 0.53, row, text, va="center", fontsize=9)
        axes.text(-widest * 0.53, row, step.name[:24], ha="right", va="center", fontsize=10, parse_math=False)
        if row:
            time = "" if step.seconds is None else f", median {time_words(step.seconds[1])}"
            share = f"↓ {step.share:.1%} ({step.share_lower:.1%} to {step.share_upper:.1%}){time}"
            axes.text(0, row - 0.5, share, ha="center", va="center", fontsize=8)
    axes.set_xlim(-widest / 2 * 1.02, widest / 2 * 1.02)
    axes.set_ylim(len(steps) - 0.5, -0.5)
    axes.set_axis_off()
    of = "of one item" if found.same_item else "of any item"
    figure.suptitle(f"How far people get, all steps {of}" if found.same_item else f"How far people get, steps {of}")
    FigureCanvasAgg(figure)
    write_atomically(path, lambda temporary: figure.savefig(temporary, format="png"))
