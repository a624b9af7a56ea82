"""Pictures of a sweep: its runs beside each other, and what a search found about its settings."""

import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from seqmine.structs.files import write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from optuna import Study

_MOST_ROWS = 40


def draw_jobs(runs: pl.DataFrame, monitor: str, path: Path, without_results: Sequence[str | None] = ()) -> None:
    """Draw the value that each run is judged by, and of the same metric the one on test, the best run on top.

    Args:
        runs: sorted, the best first, with what was typed in ``overrides``.
        monitor: metric of the runs, a column.
        path: of the PNG.
        without_results: what was typed for each other run, one that failed or is not finished.
    """
    from textwrap import fill

    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    shown = runs.filter(pl.col(monitor).is_not_null()).head(_MOST_ROWS)
    figure = Figure(figsize=(9, 1.3 + 0.36 * len(shown)), layout="constrained")
    panel = figure.subplots()
    on_test = f"test/{monitor.removeprefix('val/')}"
    heights = range(len(shown) - 1, -1, -1)
    if on_test in shown.columns:
        panel.plot(shown[on_test], heights, "o", color="gray", fillstyle="none", label=on_test)
    panel.plot(shown[monitor], heights, "o", color="C0", label=monitor)
    told = differing([*shown["overrides"], *without_results])
    names = [f"{_short(typed)} ({run})" for run, typed in zip(shown["run"], told[: len(shown)], strict=True)]
    panel.set_yticks(list(heights), [fill(name.strip(), 48) for name in names], fontsize=8)
    others = f", {len(without_results)} more without results" if without_results else ""
    title = f"{len(shown)} of {len(runs)} finished runs, the best {monitor} on top{others}"
    panel.set_title(title, fontsize=10)
    figure.supxlabel("names: the settings that differ, and the folder of the run", fontsize=9)
    panel.grid(axis="x", alpha=0.3)
    figure.legend(frameon=False, fontsize=9, loc="outside right upper")
    FigureCanvasAgg(figure)
    _save(figure, path)


def differing(overrides: Sequence[str | None]) -> list[str]:
    """Return of each run the settings that not all runs share; nothing of a run that does not say.

    >>> differing(["seed=1 model=gru", "seed=2 model=gru", None])
    ['seed=1', 'seed=2', '']
    """
    told = [(typed or "").split() for typed in overrides]
    shared = set.intersection(*(set(words) for words in told if words)) if any(told) else set()
    return [" ".join(word for word in words if word not in shared) for words in told]


def _short(told: str) -> str:
    """Return settings with four digits of long numbers."""
    return re.sub(r"\d*\.\d{5,}(e-?\d+)?", lambda number: f"{float(number[0]):.4g}", told)


def draw_search(study: "Study", monitor: str, folder: Path) -> None:
    """Draw by Optuna how much each setting mattered, and each run as a line through its settings.

    Writes ``importance.png`` (PED-ANOVA, Watanabe et al. 2023, IJCAI) and ``parallel_coordinates.png``.

    Args:
        study: with a finished run.
        monitor: metric that it looks at.
        folder: of the search.
    """
    import matplotlib as mpl
    from matplotlib import pyplot as plt
    from optuna.visualization.matplotlib import plot_parallel_coordinate, plot_param_importances

    # Optuna changes the style of all pictures, and says that its pictures are experimental
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plt.switch_backend("agg")
        panel = plot_param_importances(study, target_name=monitor)
        panel.set_title(f"How much of {monitor} each setting decides (shares)", fontsize=11, loc="left")
        panel.legend().remove()
        panel.set_ylabel("")
        panel.set_xlabel("importance over the finished runs")
        _save(plt.gcf(), folder / "importance.png")
        panel = plot_parallel_coordinate(study, target_name=monitor)
        names = [monitor, *sorted({name for trial in study.trials for name in trial.params})]
        panel.set_xticks(range(len(names)), [name.replace(".", ".\n") for name in names], rotation=0, ha="center")
        panel.set_title("Each line is a run, the darker the better", fontsize=11)
        for one in plt.gcf().axes:
            one.grid(visible=False)  # its white lines are taken for bad runs
        plt.gcf().set_size_inches(2.2 * len(names) + 2, 5)
        _save(plt.gcf(), folder / "parallel_coordinates.png")
        plt.close("all")


def _save(figure: "Figure", path: Path) -> None:
    write_atomically(path, lambda place: figure.savefig(place, format="png", dpi=120, bbox_inches="tight"))
