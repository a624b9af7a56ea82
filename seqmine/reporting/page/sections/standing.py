"""Where the model stands among its baselines: values with intervals, and paired tests on the same targets."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from seqmine.metrics.comparison import bootstrap_interval
from seqmine.reporting.page import charts
from seqmine.reporting.page.blocks import Block, Cell, Chart, Grid, Note
from seqmine.reporting.page.subject import METRIC, Subject
from seqmine.runs.leaderboard import comparisons_frame
from seqmine.runs.results import table_rows
from seqmine.structs.bounds import InnerShare, PositiveInt, Seed

COLUMNS = ("hit_rate@10", "ndcg@10", "mrr@10", "coverage@10", "novelty@10", "popularity_bias@10")
# on targets whose item never came right after the last item of the history in training
_UNEXPLAINED = "unexplained/ndcg@10"
NO_RANKS = (
    "the ranks of the baselines are not kept in this run; run python -m seqmine.evaluate run=<run> and copy its "
    "baselines_per_user.parquet into the run folder"
)


class Standing:
    """The model, its baselines and the ceiling side by side.

    Args:
        num_resamples: of the bootstrap over users.
        confidence: share of the intervals.
        seed: of the draws.
    """

    title: ClassVar[str] = "How good is it?"

    def __init__(self, *, num_resamples: PositiveInt, confidence: InnerShare, seed: Seed) -> None:
        self.num_resamples, self.confidence, self.seed = num_resamples, confidence, seed

    def __call__(self, subject: Subject) -> Sequence[Block]:
        """Return the table of test values, and what the stored ranks can prove."""
        found = table_rows(subject.name, subject.metrics)
        strong = next((place for place, (_, prefix) in enumerate(found) if not prefix), None)
        columns = [*COLUMNS, *([_UNEXPLAINED] if f"test/{_UNEXPLAINED}" in subject.metrics else [])]
        rows = [[name, *(_value(subject, prefix, column) for column in columns)] for name, prefix in found]
        blocks: list[Block] = [Grid("Test values; the model in bold", ["row", *columns], rows, strong)]
        if not subject.rivals:
            return [*blocks, Note(NO_RANKS[:1].upper() + NO_RANKS[1:] + ".")]
        alt = f"{METRIC} of {len(subject.gains)} rows, each with the {self.confidence:.0%} interval over users."
        chart = charts.intervals(self._intervals(subject), x=f"test {METRIC}", y="row")
        blocks.append(Chart(f"Test {METRIC} with {self.confidence:.0%} intervals over users", alt, chart))
        tests = comparisons_frame(
            subject.targets,
            subject.gains,
            reference=subject.name,
            seed=self.seed,
            num_resamples=self.num_resamples,
            confidence=self.confidence,
        )
        caption = f"Each row minus the model in {METRIC}, on the same targets; p-values after Holm"
        columns = ["row", "difference", "low", "high", "p of the bootstrap", "p of Wilcoxon"]
        shown = tests.select("row", "difference", "low", "high", "bootstrap_p", "wilcoxon_p")
        return [*blocks, Grid(caption, columns, shown.rows())]

    def _intervals(self, subject: Subject) -> list[dict[str, Any]]:
        users = subject.targets["user_id"].rle_id().to_numpy().astype(np.int64)
        rng, rows = np.random.default_rng(self.seed), []
        for name, values in sorted(subject.gains.items(), key=lambda pair: -float(pair[1].mean())):
            low, high = bootstrap_interval(values, users, self.num_resamples, self.confidence, rng)
            kind = "model" if name == subject.name else "ceiling" if name == "ceiling" else "baseline"
            rows.append({"name": name, "value": float(values.mean()), "low": low, "high": high, "kind": kind})
        return rows


def _value(subject: Subject, prefix: str, column: str) -> Cell:
    value = subject.metrics.get(f"{prefix}test/{column}")
    return None if value is None else float(value)
