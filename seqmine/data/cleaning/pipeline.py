"""Runs cleaning steps in order and keeps the audit."""

import time
from collections.abc import Sequence

import polars as pl

from seqmine.data.cleaning.audit import EACH_EVENT, Audit, AuditRow, LogSize, size_of
from seqmine.data.cleaning.edges import EdgeChoice, TrainingEdge, WholeLog
from seqmine.data.cleaning.step import IN_TRAINING, Step
from seqmine.structs import UserError


class Cleaning:
    """Steps in order.

    Args:
        steps: the steps; none leaves the log as it is.
        edge: decides which events steps that count may look at; marked anew before each of them.
    """

    def __init__(self, *, steps: Sequence[Step], edge: EdgeChoice) -> None:
        self.steps = list(steps)
        self.edge = edge

    def clean(self, events: pl.DataFrame | pl.LazyFrame) -> tuple[pl.DataFrame, Audit]:
        """Return the events that are left, in the order of the log, and what each step did.

        Args:
            events: columns of the event schema; keys may be text or numbers.

        Raises:
            UserError: a step needs a column that is not there, or removes the last event.
        """
        frame = events.lazy()
        if not self.steps:
            frame = frame.collect(engine="streaming").lazy()
        size = source = size_of(frame)
        edge = self.edge.of(frame)
        rows = []
        for step in self.steps:
            start = time.perf_counter()
            kept = apply(step, frame, edge)
            frame, before, size = kept.lazy(), size, size_of(kept.lazy())
            rows.append(AuditRow(describe(step), _looks_at(step, edge), before, size, time.perf_counter() - start))
            _require_some(step, before, size)
        return frame.collect(), Audit(source, tuple(rows), edge)


def apply(step: Step, events: pl.LazyFrame, edge: TrainingEdge) -> pl.DataFrame:
    """Return what a step leaves, counting the events before the edge alone."""
    if not step.counts:
        return step(events).collect(engine="streaming")
    kept, num_before = events.collect(engine="streaming"), 0
    # Taking out the last events of users moves their edge, so a step holds only when it then takes out nothing more.
    while len(kept) not in (0, num_before):
        num_before = len(kept)
        kept = step(edge.mark(kept.lazy())).drop(IN_TRAINING).collect(engine="streaming")
    return kept


def describe(step: object) -> str:
    """Return the name and the settings of a step.

    >>> from seqmine.data.cleaning.edges import AllButLast
    >>> describe(AllButLast(num_events=2))
    'AllButLast(num_events=2)'
    """
    settings = ", ".join(f"{name}={value}" for name, value in vars(step).items())
    return f"{type(step).__name__}({settings})"


def _looks_at(step: Step, edge: TrainingEdge) -> str:
    if not step.counts:
        return EACH_EVENT
    return "all events" if isinstance(edge, WholeLog) else "training events"


def _require_some(step: Step, before: LogSize, after: LogSize) -> None:
    if after.rows == 0:
        raise UserError(
            f"cleaning step {describe(step)} removed the last of {before.rows} events; "
            "loosen its settings or take it out of data.cleaning.steps"
        )
