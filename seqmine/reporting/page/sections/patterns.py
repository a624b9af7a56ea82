"""Mined patterns: a table to search, a picture of what follows what, and how long that takes."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from seqmine.reporting.page import charts
from seqmine.reporting.page.blocks import Block, Cell, Chart, Grid, Words
from seqmine.reporting.page.subject import Subject
from seqmine.reporting.pattern_flow import stack_bands
from seqmine.structs import InteractionLog, UserError
from seqmine.structs.bounds import NonNegativeInt, PositiveInt

_COLUMNS = {"support_count": "users", "confidence": "confidence", "holdout_confidence": "held-out confidence",
            "lift": "lift", "holdout_lift": "held-out lift", "q_value": "q", "stability": "stability",
            "model_probability": "probability of the model", "faithfulness": "faithfulness"}  # fmt: skip


class Patterns:
    """The patterns of a mining run, the released ones where they were tested.

    Args:
        most_rows: rows of the table; the file of the mining run has all.
        num_drawn: rules in the picture, and patterns whose lag is measured.
    """

    title: ClassVar[str] = "Patterns of the log"

    def __init__(self, *, most_rows: PositiveInt, num_drawn: NonNegativeInt) -> None:
        self.most_rows, self.num_drawn = most_rows, num_drawn

    def __call__(self, subject: Subject) -> Sequence[Block]:
        """Return table and picture."""
        frame = pl.read_parquet(subject.mined / "patterns.parquet")
        num_all = len(frame)
        if "released" in frame.columns:
            frame = frame.filter("released")
        frame = frame.sort("support_count", descending=True, maintain_order=True).head(self.most_rows)
        if frame.is_empty():
            raise UserError(f"of {num_all:,} patterns none meets the conditions of the release, so that none is told")
        steps = [steps_of(row, subject) for row in frame.iter_rows(named=True)]
        present = [name for name in _COLUMNS if name in frame.columns and frame[name].null_count() < len(frame)]
        measures = frame.select(present).rows()
        lags = self._lags(frame, subject)
        rows: list[list[Cell]] = [
            [" → ".join(some), *values, *lags.get(place, (None, None))]
            for place, (some, values) in enumerate(zip(steps, measures, strict=True))
        ]
        unit = "hours" if subject.data.prepared.log.timestamps is not None else "events"
        columns = ["pattern", *(_COLUMNS[name] for name in present), f"lag, median ({unit})", "lag, quartiles apart"]
        blocks: list[Block] = [
            Words(
                f"{len(frame):,} of {num_all:,} patterns are told. The lag is the time from the first to the last "
                f"event of the first occurrence, over training users; it is measured for the first "
                f"{len(lags)} patterns of two symbols or more."
            )
        ]
        drawn = [
            {"before": " → ".join(some[:-1]), "after": some[-1], "users": count}
            for some, count in zip(steps, frame["support_count"].to_list(), strict=True)
            if len(some) > 1
        ][: self.num_drawn]
        if drawn:
            alt = "; ".join(f"{row['before']} then {row['after']}, {row['users']:,} users" for row in drawn[:5])
            blocks.append(Chart("First these, then that: the most frequent rules", alt, charts.flow(placed(drawn))))
        return [*blocks, Grid("Patterns, the most frequent first", columns, rows)]

    def _lags(self, frame: pl.DataFrame, subject: Subject) -> dict[int, tuple[float | None, float | None]]:
        if frame["behaviors"].null_count() < len(frame):  # kinds of events are no items
            return {}
        log, catalog = subject.data.prepared.training_log(), subject.catalog
        patterns = frame["pattern"].to_list()
        longer = [place for place, pattern in enumerate(patterns) if len(pattern) > 1][: self.num_drawn]
        return {place: spread(lags(log, catalog.encode(patterns[place]))) for place in longer}


def steps_of(row: dict[str, Any], subject: Subject) -> list[str]:
    """Return what the symbols of a pattern are called."""
    names = [
        subject.names.shown(item) if item else key
        for key, item in zip(row["pattern"], subject.catalog.encode(row["pattern"]), strict=True)
    ]
    kinds = row.get("behaviors") or [None] * len(names)
    return [name if kind is None else f"{name} ({kind})" for name, kind in zip(names, kinds, strict=True)]


def placed(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return bands with the middle of each on either side."""
    widths = np.array([float(row["users"]) for row in rows])
    left, _ = stack_bands([row["before"] for row in rows], widths)
    right, _ = stack_bands([row["after"] for row in rows], widths)
    return [
        {**row, "left": float(left[place] + width / 2), "right": float(right[place] + width / 2)}
        for place, (row, width) in enumerate(zip(rows, widths.tolist(), strict=True))
    ]


def lags(log: InteractionLog, pattern: Sequence[int]) -> NDArray[np.float64]:
    """Return how long each user with a pattern took from its first to its last event, in hours, or events without time.

    The occurrence is the one that is complete first, with the latest start of its first symbol that leads there.

    >>> lags(InteractionLog.from_lists([[1, 1, 5, 2], [2, 1], [1, 2]]), [1, 2]).tolist()
    [2.0, 1.0]
    """
    found = []
    has_last = log.items == pattern[-1]
    for user in np.unique(log.event_users[has_last]).tolist() if len(pattern) > 1 else ():
        first = log.offsets[user]
        items = log.items[first : log.offsets[user + 1]].tolist()
        end = _first_end(items, pattern)
        if end is None:
            continue
        start = _latest_start(items, pattern, end)
        if log.timestamps is None:
            found.append(float(end - start))
        else:
            found.append(float(log.timestamps[first + end] - log.timestamps[first + start]) / 3600)
    return np.array(found)


def _first_end(items: Sequence[int], pattern: Sequence[int]) -> int | None:
    place = -1
    for symbol in pattern:
        try:
            place = items.index(symbol, place + 1)
        except ValueError:
            return None
    return place


def _latest_start(items: Sequence[int], pattern: Sequence[int], end: int) -> int:
    place = end
    for symbol in reversed(pattern[:-1]):
        place = max(at for at in range(place) if items[at] == symbol)
    return place


def spread(values: NDArray[np.float64]) -> tuple[float | None, float | None]:
    """Return the median, and how far the quartiles are apart; None of nothing.

    >>> spread(np.array([1.0, 2.0, 3.0])), spread(np.array([]))
    ((2.0, 1.0), (None, None))
    """
    if not len(values):
        return None, None
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return float(middle), float(high - low)
