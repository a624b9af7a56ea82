"""Mined patterns: a table to search, a picture of what follows what, and how long that takes."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import polars as pl

from seqmine.reporting.page import charts
from seqmine.reporting.page.blocks import Block, Cell, Chart, Grid, Words
from seqmine.reporting.page.subject import Subject
from seqmine.reporting.pattern_flow import stack_bands
from seqmine.runs.reading import read_table
from seqmine.structs import UserError
from seqmine.structs.bounds import NonNegativeInt, PositiveInt

_COLUMNS = {"support_count": "users", "confidence": "confidence", "holdout_confidence": "held-out confidence",
            "lift": "lift", "holdout_lift": "held-out lift", "q_value": "q", "stability": "stability",
            "model_probability": "probability of the model", "faithfulness": "faithfulness"}  # fmt: skip


class Patterns:
    """The patterns of a mining run, the released ones where they were tested.

    Args:
        most_rows: rows of the table; the file of the mining run has all.
        num_drawn: rules in the picture.
    """

    title: ClassVar[str] = "Patterns of the log"

    def __init__(self, *, most_rows: PositiveInt, num_drawn: NonNegativeInt) -> None:
        self.most_rows, self.num_drawn = most_rows, num_drawn

    def __call__(self, subject: Subject) -> Sequence[Block]:
        """Return table and picture."""
        frame = read_table(subject.mined / "patterns.parquet")
        num_all = len(frame)
        if "released" in frame.columns:
            frame = frame.filter("released")
        frame = frame.sort("support_count", descending=True, maintain_order=True).head(self.most_rows)
        if frame.is_empty():
            raise UserError(f"of {num_all:,} patterns none meets the conditions of the release, so that none is told")
        steps = [steps_of(row, subject) for row in frame.iter_rows(named=True)]
        present = [name for name in _COLUMNS if name in frame.columns and frame[name].null_count() < len(frame)]
        measures = frame.select(present).rows()
        is_timed = subject.data.prepared.log.timestamps is not None
        lags = lag_columns(frame, is_timed)
        rows: list[list[Cell]] = [
            [" → ".join(some), *values, *lag]
            for some, values, lag in zip(steps, measures, lags.rows() or [()] * len(steps), strict=True)
        ]
        columns = ["pattern", *(_COLUMNS[name] for name in present), *lags.columns]
        told = (
            "The lag is the way from the last but one to the last event in the first match of each user."
            if lags.columns
            else "The lag from event to event is measured by mining with evidence=full."
        )
        blocks: list[Block] = [Words(f"{len(frame):,} of {num_all:,} patterns are told. {told}")]
        drawn = [
            {"before": " → ".join(some[:-1]), "after": some[-1], "users": count}
            for some, count in zip(steps, frame["support_count"].to_list(), strict=True)
            if len(some) > 1
        ][: self.num_drawn]
        if drawn:
            alt = "; ".join(f"{row['before']} then {row['after']}, {row['users']:,} users" for row in drawn[:5])
            blocks.append(Chart("First these, then that: the most frequent rules", alt, charts.flow(placed(drawn))))
        return [*blocks, Grid("Patterns, the most frequent first", columns, rows)]


def lag_columns(frame: pl.DataFrame, is_timed: bool) -> pl.DataFrame:
    """Return median and spread of the lags that mining measured; no column where it measured none.

    Args:
        frame: patterns, with ``lag_lower``, ``lag_median`` and ``lag_upper`` in seconds or events.
        is_timed: whether the lags are seconds, which are told in hours.
    """
    if "lag_median" not in frame.columns:
        return pl.DataFrame()
    scale, unit = (3600, "hours") if is_timed else (1, "events")
    return frame.select(
        (pl.col("lag_median") / scale).alias(f"lag, median ({unit})"),
        ((pl.col("lag_upper") - pl.col("lag_lower")) / scale).alias("lag, quartiles apart"),
    )


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
