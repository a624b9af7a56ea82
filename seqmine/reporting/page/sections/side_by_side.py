"""Runs side by side: mean and spread over seeds, paired tests, costs."""

from collections.abc import Sequence
from typing import ClassVar

from seqmine.reporting.page import charts
from seqmine.reporting.page.blocks import Block, Chart, Grid, Words
from seqmine.reporting.page.sections.standing import COLUMNS
from seqmine.reporting.page.subject import Subject
from seqmine.structs import UserError


class SideBySide:
    """The run and the other runs that ``runs`` names, in one leaderboard."""

    title: ClassVar[str] = "Runs side by side"

    def __call__(self, subject: Subject) -> Sequence[Block]:
        """Return the leaderboard of the runs."""
        board = subject.leaderboard
        if board is None:
            raise UserError("no other run is named; set runs=<glob>, such as runs='outputs/train/*'")
        metric = f"test/{board.metric}"
        names = [f"test/{name}" for name in COLUMNS]
        rows = [
            [
                row["row"],
                row["kind"],
                row["num_runs"],
                row.get(f"val/{board.metric}"),
                *(row.get(name) for name in names),
                row.get(f"{metric} sd"),
            ]
            for row in board.rows.iter_rows(named=True)
        ]
        columns = ["row", "kind", "runs", f"val {board.metric}", *COLUMNS, f"sd of {board.metric}"]
        intervals = {row["row"]: row for row in board.slices.filter(slice="all").iter_rows(named=True)}
        marks = [
            {
                "name": row["row"],
                "value": row[metric],
                "low": intervals.get(row["row"], {}).get("low", row[metric]),
                "high": intervals.get(row["row"], {}).get("high", row[metric]),
                "kind": row["kind"],
            }
            for row in board.rows.iter_rows(named=True)
        ]
        tests = board.comparisons.select("row", "difference", "low", "high", "bootstrap_p", "wilcoxon_p").rows()
        how = "which is best on validation" if board.chosen else "which was named"
        strong = next((place for place, row in enumerate(rows) if row[0] == board.reference), None)
        return [
            Words(f"Every row is tested against {board.reference}, {how}."),
            Chart(
                f"Test {board.metric} with intervals over users",
                f"{metric} of {len(marks)} rows.",
                charts.intervals(marks, x=metric, y="row"),
            ),
            Grid("Mean over the runs of each row", columns, rows, strong),
            Grid(
                f"Each row minus {board.reference}; p-values after Holm",
                ["row", "difference", "low", "high", "p of the bootstrap", "p of Wilcoxon"],
                tests,
            ),
        ]
