"""The data card: what kind of histories these are, what cleaning took out, what leaks, and whether order matters."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from seqmine.data.cleaning.audit import Audit
from seqmine.data.leakage import LeakReport
from seqmine.mining.statistics.sequentiality import SequentialityCheck
from seqmine.reporting.log_picture import describe_log, draw_users
from seqmine.reporting.page import charts
from seqmine.reporting.page.blocks import Block, Chart, Grid, Words
from seqmine.reporting.page.subject import Subject
from seqmine.structs.bounds import PositiveInt


class DataCard:
    """Lengths, popularity and times of a log, its audit, and the verdicts on leaks and order.

    Args:
        num_users: users whose order is checked; all where there are fewer.
        check: compares their histories with shuffled copies.
    """

    title: ClassVar[str] = "Data card"

    def __init__(self, *, num_users: PositiveInt, check: SequentialityCheck) -> None:
        self.num_users, self.check = num_users, check

    def __call__(self, subject: Subject) -> Sequence[Block]:
        """Return the card."""
        data = subject.data.prepared
        counts = np.sort(data.catalog.train_counts[1:].numpy())[::-1]
        top = counts[: max(len(counts) // 10, 1)].sum() / max(counts.sum(), 1)
        said = ", ".join(describe_log(data, data.log).split("\n"))
        found = self.check.check(draw_users(data.training_log(), self.num_users, 0))
        blocks: list[Block] = [
            Words(f"The log has {said}."),
            Chart(
                "Lengths of histories",
                f"Histogram of the events of {data.log.num_users:,} users, median {np.median(data.log.lengths):.0f}.",
                charts.columns(length_bins(data.log.lengths), x="events of a user", y="users"),
            ),
            Chart(
                f"Popularity: the most popular tenth of the items has {top:.0%} of the training events",
                f"Training events of each item by rank; the top tenth has {top:.0%}.",
                charts.lines(_popularity(counts), x="rank of the item", y="training events", log_x=True, log_y=True),
            ),
        ]
        if data.log.timestamps is not None:
            rows = days(data.log.timestamps)
            alt = f"Events of each of {len(rows)} stretches from {rows[0]['x']} to {rows[-1]['x']}."
            blocks.append(Chart("Events over time", alt, charts.lines(rows, x="day", y="events", time=True)))
        blocks += [audit_grid(subject.data.audit()), leak_grid(subject.data.leaks())]
        drawn = min(self.num_users, data.log.num_users)
        blocks.append(Words(f"Is there order? {found.verdict} ({drawn:,} users of the training part.)"))
        return blocks


def length_bins(lengths: NDArray[np.int64]) -> list[dict[str, Any]]:
    """Return how many users have how many events, in at most 24 bins that are wider for longer histories.

    >>> length_bins(np.array([1, 1, 2, 0]))
    [{'name': '1', 'value': 2}, {'name': '2', 'value': 1}]
    """
    present = lengths[lengths > 0]
    edges = np.unique(np.round(np.geomspace(1, present.max(initial=1) + 1, 25)).astype(np.int64))
    counts, _ = np.histogram(present, bins=edges)
    return [
        {"name": f"{low}" if high - low == 1 else f"{low}–{high - 1}", "value": count}
        for low, high, count in zip(edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True)
    ]


def _popularity(counts: NDArray[np.int64]) -> list[dict[str, Any]]:
    # an item without an event has no place on a logarithmic axis
    counts = counts[counts > 0]
    rows = np.unique(np.geomspace(1, max(len(counts), 1), 80).astype(np.int64)) - 1
    return [{"x": row + 1, "y": int(counts[row])} for row in rows.tolist()] if len(counts) else []


def days(timestamps: NDArray[np.int64]) -> list[dict[str, Any]]:
    """Return the number of events in 60 stretches of time, each by the day that it begins with."""
    counts, edges = np.histogram(timestamps, bins=60)
    begins = edges[:-1].astype("datetime64[s]")
    return [{"x": str(begin), "y": int(count)} for begin, count in zip(begins, counts, strict=True)]


def audit_grid(audit: Audit) -> Grid:
    """Return what cleaning did, one row per step."""
    source = audit.source
    rows: list[list[Any]] = [["log as it came", None, source.rows, source.users, source.items, None]]
    for row in audit.rows:
        removed = row.before.rows - row.after.rows
        rows.append([row.step, row.looks_at, row.after.rows, row.after.users, row.after.items, removed])
    return Grid("What cleaning did", ["step", "looks at", "events left", "users left", "items left", "removed"], rows)


def leak_grid(report: LeakReport) -> Grid:
    """Return the verdict on leaks, one row a check."""
    verdicts = {True: "ok", False: "warning"}
    rows = [
        [check.name, "LEAK" if check.fatal and not check.passed else verdicts[check.passed], check.detail]
        for check in report.checks
    ]
    return Grid(f"Leaks: {'none found' if report.passed else 'FOUND'}", ["check", "verdict", "detail"], rows)
