"""Learning curves: what every epoch measured."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from seqmine.metrics.direction import best_place
from seqmine.reporting.page import charts
from seqmine.reporting.page.blocks import Block, Chart
from seqmine.reporting.page.subject import Subject
from seqmine.runs.checkpoints import read_checkpoint
from seqmine.structs import UserError


class Learning:
    """Losses and the metric that chose the checkpoint, over the epochs."""

    title: ClassVar[str] = "Learning curves"

    def __call__(self, subject: Subject) -> Sequence[Block]:
        """Return the curves."""
        epochs, monitor = epochs_of(subject), str(subject.settings.monitor)
        values = [epoch.get(monitor, float("nan")) for epoch in epochs]
        best = best_place(values, monitor)
        losses = charts.lines(curve(epochs, ["train/loss", "val/loss"]), x="epoch", y="loss", by="part", whole=True)
        rising = charts.lines(curve(epochs, [monitor]), x="epoch", y=monitor, whole=True)
        told = f"{monitor} is best in epoch {best + 1} of {len(values)}: {values[best]:.4f}, {values[0]:.4f} at first"
        return [Chart("Losses", f"Losses of {len(epochs)} epochs.", losses), Chart(told, told, rising)]


def epochs_of(subject: Subject) -> list[Mapping[str, float]]:
    """Return what each epoch measured, as the last checkpoint remembers.

    Raises:
        UserError: nothing was remembered.
    """
    path = subject.folder / "checkpoints" / "last.ckpt"
    state = read_checkpoint(path, f"run is {str(subject.folder)!r}")["callbacks"] if path.is_file() else {}
    epochs: list[Mapping[str, float]] = state.get("LearningCurve", {}).get("history", [])
    if not epochs:
        raise UserError("no epoch is remembered, as nothing was trained or checkpoints/last.ckpt is gone")
    return epochs


def curve(epochs: Sequence[Mapping[str, float]], names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the rows of a chart of some metrics."""
    return [
        {"x": number + 1, "y": epoch[name], "by": name}
        for name in names
        for number, epoch in enumerate(epochs)
        if name in epoch
    ]
