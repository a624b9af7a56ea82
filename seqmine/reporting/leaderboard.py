"""What a leaderboard leaves behind: three tables, a picture, and what a person sees in the terminal."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from seqmine.runs.leaderboard import Leaderboard
from seqmine.structs.files import write_atomically

_COSTS = {
    "best_epoch": "best epoch",
    "time/total_s": "seconds",
    "memory/peak_mib": "peak MiB",
    "parameters": "parameters",
}
_LEAST_NAME = 16  # characters of a line to which the name of a row may be folded
_COLORS = {"model": "C0", "baseline": "gray", "ceiling": "C2"}


def write(board: Leaderboard, folder: Path) -> None:
    """Write ``leaderboard.csv``, ``comparisons.csv``, ``slices.csv`` and ``leaderboard.png``."""
    write_atomically(folder / "leaderboard.csv", board.rows.write_csv)
    write_atomically(folder / "comparisons.csv", board.comparisons.write_csv)
    write_atomically(folder / "slices.csv", board.slices.write_csv)
    write_atomically(folder / "leaderboard.png", lambda path: draw(board, path))


def show(board: Leaderboard, columns: Sequence[str], num_shown: int) -> None:
    """Print the tables.

    Args:
        board: what to print.
        columns: test metrics of the first table.
        num_shown: rows whose slices are printed: the reference, then the best on validation.
    """
    rows, costs = rows_table(board, columns), costs_table(board)
    comparisons, slices = comparisons_table(board), slices_table(board, num_shown)
    console = _console_for([rows, costs, comparisons, slices])
    console.print(rows)
    console.print(costs)
    how = f"the best on validation, val/{board.metric}" if board.chosen else "named by against"
    console.print(f"reference: {board.reference} ({how})", highlight=False, markup=False)
    if len(board.comparisons):
        console.print(comparisons)
    else:
        console.print("one row has ranks of its users, so nothing is tested")
    console.print(slices)


def rows_table(board: Leaderboard, columns: Sequence[str]) -> Any:
    """Return the table of mean and standard deviation over the runs of each row; validation comes first."""
    metrics = [f"val/{board.metric}", *(f"test/{name}" for name in columns)]
    headings = [name.replace("/", "/\n").replace("@", "\n@") for name in metrics]
    table = _table("mean and standard deviation over seeds", ["row", "runs", *headings])
    for row in board.rows.iter_rows(named=True):
        cells = [_with_spread(row.get(name), row.get(f"{name} sd")) for name in metrics]
        _add(table, [row["row"], str(row["num_runs"]), *cells], bold=row["row"] == board.reference)
    return table


def costs_table(board: Leaderboard) -> Any:
    """Return the table of what the runs of each trained row took, in the mean."""
    table = _table("what a run took, mean over seeds", ["row", *_COSTS.values()])
    for row in board.rows.filter(kind="model").iter_rows(named=True):
        costs = [_number(row.get(name), ",.0f") for name in _COSTS]
        _add(table, [row["row"], *costs], bold=row["row"] == board.reference)
    return table


def comparisons_table(board: Leaderboard) -> Any:
    """Return the table of differences to the reference."""
    title = f"test/{board.metric} minus that of the reference, over users; p-values after Holm"
    table = _table(title, ["row", "difference", "interval", "p bootstrap", "p Wilcoxon"])
    for row in board.comparisons.iter_rows(named=True):
        interval = f"{row['low']:+.4f} to {row['high']:+.4f}"
        p_values = [f"{row[name]:.2g}" for name in ("bootstrap_p", "wilcoxon_p")]
        _add(table, [row["row"], f"{row['difference']:+.4f}", interval, *p_values])
    return table


def slices_table(board: Leaderboard, num_shown: int) -> Any:
    """Return the table of the value of some rows on each part of the targets."""
    from textwrap import fill

    models = board.rows.filter(kind="model").sort(f"val/{board.metric}", descending=True)["row"].to_list()
    shown = [board.reference, *(name for name in models if name != board.reference)][:num_shown]
    table = _table(f"test/{board.metric} on parts of the targets", ["part", "users", *(fill(row, 18) for row in shown)])
    for (name, part), group in board.slices.group_by("slice", "part", maintain_order=True):
        of_rows = {row["row"]: row for row in group.iter_rows(named=True)}
        cells = [
            f"{of_rows[row]['value']:.4f}\n{of_rows[row]['low']:.4f} to {of_rows[row]['high']:.4f}" for row in shown
        ]
        words = str(part) if name == part else f"{name}\n{part}"
        _add(table, [words, f"{group['num_users'][0]:,}", *cells])
    return table


def draw(board: Leaderboard, path: Path) -> None:
    """Draw the test value of each row: a point, the interval over users of a model, a ring for each of its seeds."""
    from textwrap import fill

    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    metric = f"test/{board.metric}"
    rows = board.rows.filter(pl.col(metric).is_not_null()).sort(metric).to_dicts()
    intervals = {row["row"]: row for row in board.slices.filter(slice="all").iter_rows(named=True)}
    figure = Figure(figsize=(9, 1.2 + 0.4 * len(rows)), layout="constrained")
    panel = figure.subplots()
    for height, row in enumerate(rows):
        color = _COLORS[row["kind"]]
        panel.plot(row[metric], height, "o", color=color)
        if row["kind"] == "model":
            interval = intervals[row["row"]]
            panel.plot([interval["low"], interval["high"]], [height, height], color=color)
            seeds = board.seed_values[row["row"]]
            panel.plot(seeds, [height] * len(seeds), "o", color="black", fillstyle="none", markersize=4)
    panel.set_yticks(range(len(rows)), [fill(row["row"], 42) for row in rows])
    for label, row in zip(panel.get_yticklabels(), rows, strict=True):
        label.set_fontweight("bold" if row["row"] == board.reference else "normal")
    panel.set_title(metric)
    figure.supxlabel("points: mean over seeds; lines: interval over users; rings: seeds; bold: reference", fontsize=9)
    panel.grid(axis="x", alpha=0.3)
    FigureCanvasAgg(figure)
    figure.savefig(path, format="png", dpi=120)


def _console_for(tables: Sequence[Any]) -> Any:
    """Return a console that is wide enough for every number, on a narrow terminal too; names are folded there."""
    from seqmine.reporting.terminal import Terminal

    console = Terminal()
    return Terminal(width=max(console.width, *(_least_width(table, console) for table in tables)))


def _least_width(table: Any, console: Any) -> int:
    from rich.measure import Measurement

    names = table.columns[0]
    names.max_width = _LEAST_NAME
    least = Measurement.get(console, console.options.update(max_width=10_000), table).minimum
    names.max_width = None
    return least


def _table(title: str, columns: Sequence[str]) -> Any:
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for place, column in enumerate(columns):
        table.add_column(escape(column), justify="right" if place else "left", overflow="fold", no_wrap=bool(place))
    return table


def _add(table: Any, cells: Sequence[str], bold: bool = False) -> None:
    from rich.markup import escape

    table.add_row(*map(escape, cells), style="bold" if bold else None)


def _with_spread(mean: float | None, deviation: float | None) -> str:
    return _number(mean, ".4f") + ("" if deviation is None else f"\n±{deviation:.4f}")


def _number(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)
