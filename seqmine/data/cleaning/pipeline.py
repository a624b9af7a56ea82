"""Runs cleaning steps in order and keeps the audit."""

import time
from collections.abc import Sequence
from functools import partial

import polars as pl

from seqmine.data.cleaning.audit import CUT, EACH_EVENT, Audit, AuditRow, LogSize, size_of
from seqmine.data.cleaning.edges import EdgeChoice, TrainingEdge
from seqmine.data.cleaning.sessions import Sessions, WholeHistories, cut
from seqmine.data.cleaning.step import IN_TRAINING, ReadsClock, SetsAside, Step, StepOverUsers
from seqmine.data.clock import clock_of
from seqmine.data.description import describe
from seqmine.data.engines.embedded import PolarsEngine
from seqmine.data.engines.parts import Engine, Function, NumberedLog, Parts
from seqmine.data.sources.rejects import write_rejects
from seqmine.structs import UserError

_PART_EVENTS = 4_000_000


class Cleaning:
    """Steps in order.

    Args:
        steps: the steps; none leaves the log as it is.
        edge: decides which events steps that count may look at; marked anew before each of them.
        engine: where the steps run; polars in memory when there is none.
        sessions: where histories are cut after the last step; None leaves them whole.
    """

    def __init__(
        self,
        *,
        steps: Sequence[Step | StepOverUsers],
        edge: EdgeChoice,
        engine: Engine | None = None,
        sessions: Sessions | None = None,
    ) -> None:
        self.steps, self.sessions = list(steps), sessions or WholeHistories()
        self.edge = edge
        self.engine = engine or PolarsEngine(part_events=_PART_EVENTS)

    def clean(self, log: NumberedLog) -> tuple[NumberedLog, Audit]:
        """Return the events that are left and what each step did; the log before is used up.

        Raises:
            UserError: a step or the sessions need a column that is not there, or a step removes the last event.
        """
        if self.sessions.cut_by is not None:
            log = log.with_parts(log.parts.map(self.sessions.mark))
        size = source = size_of(log.parts)
        edge, clock = self.edge.of(log.parts), clock_of(log.parts)
        times = None if clock is None else clock.name
        rows = []
        for chosen in self.steps:
            step = chosen.on(clock) if isinstance(chosen, ReadsClock) else chosen
            if step is None:
                why = f"{describe(chosen)}: left out, {'no times' if times is None else f'times are {times}'}"
                rows.append(AuditRow(why, EACH_EVENT, size, size, 0.0))
                continue
            start = time.perf_counter()
            _set_aside(step, log)
            log = log.with_parts(apply(step, log.parts, edge))
            before, size = size, size_of(log.parts)
            rows.append(AuditRow(describe(step), _looks_at(step, edge), before, size, time.perf_counter() - start))
            _require_some(step, before, size)
        if self.sessions.cut_by is not None:
            log = log.with_parts(log.parts.map(cut))
            rows.append(AuditRow(f"{CUT}: {describe(self.sessions)}", EACH_EVENT, size, size_of(log.parts), 0.0))
        return log, Audit(source, tuple(rows), edge, times)


def apply(step: Step | StepOverUsers, parts: Parts, edge: TrainingEdge) -> Parts:
    """Return what a step leaves, counting only the events before the edge.

    Taking out the last events of users moves their edge, so a step that counts holds only when it then takes out
    nothing more.
    """
    if isinstance(step, StepOverUsers):
        return _apply_over_users(step, parts, edge)
    return parts.map(partial(_until_stable, step, edge) if step.counts else partial(_once, step))


def _once(step: Step, events: pl.DataFrame) -> pl.DataFrame:
    return step(events.lazy()).collect(engine="streaming")


def _until_stable(step: Step, edge: TrainingEdge, events: pl.DataFrame) -> pl.DataFrame:
    num_before = -1
    while len(events) not in (0, num_before):
        num_before = len(events)
        events = _once(step, _marked(edge, events)).drop(IN_TRAINING)
    return events


def _apply_over_users(step: StepOverUsers, parts: Parts, edge: TrainingEdge) -> Parts:
    num_before, num_left = -1, _num_events(parts)
    while num_left not in (0, num_before):
        decided = step.decide(partial(_gather_marked, parts, edge))
        parts = parts.map(partial(_decide_marked, decided, edge))
        num_before, num_left = num_left, _num_events(parts)
    return parts


def _gather_marked(parts: Parts, edge: TrainingEdge, function: Function) -> pl.DataFrame:
    return parts.gather(lambda events: function(_marked(edge, events)))


def _decide_marked(decided: Function, edge: TrainingEdge, events: pl.DataFrame) -> pl.DataFrame:
    return decided(_marked(edge, events)).drop(IN_TRAINING)


def _marked(edge: TrainingEdge, events: pl.DataFrame) -> pl.DataFrame:
    return edge.mark(events.lazy()).collect(engine="streaming")


def _num_events(parts: Parts) -> int:
    return int(parts.gather(lambda events: events.select(pl.len()))["len"].sum())


def _set_aside(step: Step | StepOverUsers, log: NumberedLog) -> None:
    if isinstance(step, SetsAside) and step.reject_path is not None:
        write_rejects(log.raw(log.parts.gather(step.rejects)), step.reject_path)


def _looks_at(step: Step | StepOverUsers, edge: TrainingEdge) -> str:
    if not step.counts:
        return EACH_EVENT
    return edge.looks_at


def _require_some(step: object, before: LogSize, after: LogSize) -> None:
    if after.rows == 0:
        raise UserError(
            f"cleaning step {describe(step)} removed the last of {before.rows} events; loosen its settings or "
            "take it out"
        )
