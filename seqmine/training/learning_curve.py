"""The learning curve as a picture in the run folder."""

from pathlib import Path

from lightning import Callback, LightningModule, Trainer

from seqmine.metrics.direction import best_place


class LearningCurve(Callback):
    """Draw training loss and a validation metric over epochs.

    Args:
        path: of the PNG.
        metric: drawn beside the training loss.
    """

    def __init__(self, *, path: str, metric: str) -> None:
        self.path = Path(path)
        self.metric = metric
        self.history: list[dict[str, float]] = []

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Remember the metrics of the epoch."""
        self.history.append({name: float(value) for name, value in trainer.callback_metrics.items()})

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Write the picture."""
        if trainer.is_global_zero and self.history:
            draw_curves(self.history, self.metric, self.path)

    def state_dict(self) -> dict[str, list[dict[str, float]]]:
        """Keep the history, so that a resumed run draws the whole of it."""
        return {"history": self.history}

    def load_state_dict(self, state_dict: dict[str, list[dict[str, float]]]) -> None:
        """Go on from the history of a checkpoint."""
        self.history = list(state_dict["history"])


def draw_curves(history: list[dict[str, float]], metric: str, path: Path) -> None:
    """Draw loss and metric of each epoch as two panels of one picture."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

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
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}")
    figure.savefig(temporary, format="png", dpi=120)
    temporary.replace(path)
