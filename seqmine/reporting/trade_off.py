"""What privacy costs: how good private runs are by their epsilon, and how well an attack on them does, side by side."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from seqmine.structs.files import write_atomically

_EPSILON = "privacy/epsilon"
# how the values of runs of one epsilon become one
_ATTACK = {"attack_auc": "mean", "attack_auc_low": "min", "attack_auc_high": "max", "epsilon_low": "max"}


def trade_off(runs: Sequence[Mapping[str, Any]], metric: str) -> pl.DataFrame:
    """Return one row an epsilon, the smallest first, and runs without privacy last; empty where no run is private.

    Columns are ``epsilon`` (null without privacy), ``runs``, mean, smallest and largest value of the metric, and of
    attacks on planted users the mean AUC, the ends of all their intervals, and the largest epsilon that one proves.

    Args:
        runs: metrics of each.
        metric: by which they are judged.

    >>> runs = [{"privacy/epsilon": 8.0, "test/mrr@10": 0.3}, {"test/mrr@10": 0.4}]
    >>> trade_off(runs, "test/mrr@10").select("epsilon", "runs", "test/mrr@10").rows()
    [(8.0, 1, 0.3), (None, 1, 0.4)]
    """
    names = [_EPSILON, metric, *(f"privacy/{name}" for name in _ATTACK)]
    rows = [[run.get(name) for name in names] for run in runs]
    frame = pl.DataFrame(rows, dict.fromkeys(names, pl.Float64), orient="row", strict=False)
    frame = frame.filter(pl.col(metric).is_not_null())
    if frame[_EPSILON].is_null().all():
        return frame.clear()
    attacked = [getattr(pl.col(f"privacy/{name}"), how)().alias(name) for name, how in _ATTACK.items()]
    value = pl.col(metric)
    judged = [value.mean(), value.min().alias("least"), value.max().alias("most")]
    grouped = frame.group_by(pl.col(_EPSILON).alias("epsilon")).agg(pl.len().alias("runs"), *judged, *attacked)
    return grouped.sort("epsilon", nulls_last=True)


def write_trade_off(runs: Sequence[Mapping[str, Any]], metric: str, folder: Path) -> None:
    """Write ``trade_off.csv`` and ``trade_off.png``; nothing of runs that do not differ in their epsilon.

    Args:
        runs: metrics of each.
        metric: by which they are judged.
        folder: of the runs.
    """
    table = trade_off(runs, metric)
    if len(table) < 2:
        return
    write_atomically(folder / "trade_off.csv", table.write_csv)
    draw_trade_off(table, metric, folder / "trade_off.png")


def spent_together(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what a choice among private runs of the same users costs; nothing of fewer than two.

    Epsilons and deltas add up (basic composition, Dwork et al. 2006, doi:10.1007/11761679_29).

    Args:
        runs: metrics of each.

    >>> spent_together([{"privacy/epsilon_spent": 1.5, "privacy/delta": 1e-5}] * 2)[0][:62]
    'the 2 private runs spent epsilon 3.000 at delta 2e-05 together'
    """
    private = [run for run in runs if "privacy/epsilon_spent" in run]
    if len(private) < 2:
        return []
    epsilon, delta = (sum(run[f"privacy/{name}"] for run in private) for name in ("epsilon_spent", "delta"))
    return [
        f"the {len(private)} private runs spent epsilon {epsilon:.3f} at delta {delta:g} together, which is what a "
        "choice among them by their users costs"
    ]


def draw_trade_off(table: pl.DataFrame, metric: str, path: Path) -> None:
    """Draw the metric by epsilon, and beside it the AUC of the attack; without privacy is a line across.

    Args:
        table: of ``trade_off``.
        metric: by which the runs are judged.
        path: of the PNG.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    private, plain = (table.filter(pl.col("epsilon").is_null() == without) for without in (False, True))
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    useful, attacked = figure.subplots(1, 2)
    panels = ((useful, metric, "least", "most"), (attacked, "attack_auc", "attack_auc_low", "attack_auc_high"))
    for panel, name, low, high in panels:
        panel.plot(private["epsilon"], private[name], "o-", color="tab:blue")
        panel.vlines(private["epsilon"], private[low], private[high], color="tab:blue", alpha=0.5)
        panel.set_xscale("log")
        panel.set_xticks(private["epsilon"].to_list(), [f"{value:g}" for value in private["epsilon"]])
        panel.minorticks_off()
        panel.set_xlabel("epsilon, smaller protects more")
        panel.grid(alpha=0.3)
    for value in plain[metric]:
        useful.axhline(value, color="gray", linestyle="--", label="without privacy")
        useful.legend(frameon=False, fontsize=9, loc="lower right")
    attacked.axhline(0.5, color="gray", linestyle=":", label="chance")
    attacked.legend(frameon=False, fontsize=9, loc="upper left")
    useful.set_title(f"{metric}: mean, smallest and largest run", fontsize=10)
    attacked.set_title("attack on planted users: AUC with intervals", fontsize=10)
    if private["attack_auc"].is_null().all():
        attacked.set_title("no attack: set privacy.canaries=1000", fontsize=10)
    FigureCanvasAgg(figure)
    write_atomically(path, lambda place: figure.savefig(place, format="png", dpi=120))
