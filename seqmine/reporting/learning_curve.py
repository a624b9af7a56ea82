"""The learning curve as a picture in the run folder."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from lightning.pytorch.utilities import rank_zero_only

from seqmine.metrics.direction import best_place
from seqmine.structs.files import write_atomically


@rank_zero_only
def draw_curves(history: Sequence[Mapping[str, float]], metric: str, path: Path) -> None:
    """Draw loss and metric of each epoch as two panels of one picture; nothing where no epoch was remembered.

    Args:
        history: metrics of each epoch by name.
        metric: drawn beside the losses.
        path: of the PNG.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if not history:
        return
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    panels = figure.subplots(1, 2)
    for panel, names in zip(panels, (["train/loss", "val/loss"], [metric]), strict=True):
        for name in names:
            values = [row.get(name, float("nan")) for row in history]
            panel.plot(range(1, len(values) + 1), values, marker="o", markersize=3, label=name)
        panel.set_xlabel("epoch")
        panel.grid(alpha=0.3)
        panel.legend(frameon=False)
    best = best_place([row.get(metric, float("nan")) for row in history], metric)
    panels[1].axvline(best + 1, color="gray", linestyle=":", label="best")
    panels[1].set_title(f"best {metric} {history[best].get(metric, float('nan')):.4f} in epoch {best + 1}", fontsize=10)
    FigureCanvasAgg(figure)
    write_atomically(path, lambda temporary: figure.savefig(temporary, format="png", dpi=120))
