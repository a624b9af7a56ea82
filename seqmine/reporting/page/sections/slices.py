"""Where the model is good: its value on parts of the targets."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from seqmine.reporting.page import charts
from seqmine.reporting.page.blocks import Block, Chart, Grid, Heading
from seqmine.reporting.page.subject import METRIC, Subject
from seqmine.runs.leaderboard import slices_frame
from seqmine.structs.bounds import InnerShare, PositiveInt, Seed


class Slices:
    """The model and the strongest baseline on slices of the test targets.

    Args:
        edges: where the parts of each trait begin.
        num_resamples: of the bootstrap over users.
        confidence: share of the intervals.
        seed: of the draws.
    """

    title: ClassVar[str] = "Where is it good?"

    def __init__(
        self, *, edges: Mapping[str, Sequence[float]], num_resamples: PositiveInt, confidence: InnerShare, seed: Seed
    ) -> None:
        self.edges, self.num_resamples, self.confidence, self.seed = edges, num_resamples, confidence, seed

    def __call__(self, subject: Subject) -> Sequence[Block]:
        """Return a chart of each trait, and all values as one table."""
        gains = {subject.name: subject.gains[subject.name]}
        others = {name: values for name, values in subject.gains.items() if name not in (subject.name, "ceiling")}
        if others:
            best = max(others, key=lambda name: float(others[name].mean()))
            gains[best] = others[best]
        frame = slices_frame(
            subject.targets,
            gains,
            self.edges,
            num_resamples=self.num_resamples,
            confidence=self.confidence,
            rng=np.random.default_rng(self.seed),
        )
        blocks: list[Block] = []
        for trait in dict.fromkeys(frame["slice"].to_list()):
            part = frame.filter(slice=trait)
            if trait == "all" or part["part"].n_unique() < 2:
                continue
            words = trait.replace("_", " ")
            rows = [
                {"name": row["part"], "value": row["value"], "by": row["row"]} for row in part.iter_rows(named=True)
            ]
            alt = f"{METRIC} by {words}: " + ", ".join(f"{row['by']} {row['name']} {row['value']:.4f}" for row in rows)
            blocks += [
                Heading(f"By {words}"),
                Chart(f"{METRIC} by {words}", alt, charts.columns(rows, x=words, y=METRIC, by="row")),
            ]
        columns = ["slice", "part", "row", "num_users", "num_targets", "value", "low", "high"]
        names = ["trait", "part", "row", "users", "targets", METRIC, "low", "high"]
        return [*blocks, Grid(f"{METRIC} on parts of the targets", names, frame.select(columns).rows())]
