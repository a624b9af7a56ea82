"""Patterns from Python: what the program ``mine`` does, returned instead of printed."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from seqmine.app.door.prepared import Data, settings_of_log
from seqmine.app.door.run import Run
from seqmine.app.job import quiet, settings_of
from seqmine.app.typed import setting
from seqmine.mining.study import Findings
from seqmine.runs.components import build


@dataclass(frozen=True)
class Found:
    """The patterns of a log.

    Args:
        findings: the table of patterns, what is said of it as a whole, and with a model the lists of disagreement.
    """

    findings: Findings

    @cached_property
    def frame(self) -> pl.DataFrame:
        """One row per pattern with every measure; what was not measured is null."""
        return self._frame(self.findings.table)

    @property
    def released(self) -> pl.DataFrame:
        """The patterns that deserve belief, best first; every pattern where nothing was judged."""
        return self._frame(self.findings.released)

    @property
    def rules(self) -> pl.DataFrame:
        """The patterns as rules from an antecedent to a consequent."""
        from seqmine.reporting.patterns import rule_frame

        return _polars(rule_frame(self.findings.table, self.findings.symbols))

    @property
    def lists(self) -> dict[str, pl.DataFrame]:
        """Where data and model disagree, by name; empty without a model."""
        return {name: self._frame(table) for name, table in self.findings.lists.items()}

    @property
    def report(self) -> dict[str, Any]:
        """What is said of the patterns as a whole, with notes and seconds."""
        from seqmine.reporting.mined import pattern_report

        return pattern_report(self.findings)

    def save(self, folder: str | Path) -> None:
        """Write the files of the program: tables of patterns and rules, a sheet of rules, the report, a picture."""
        from seqmine.reporting.mined import write_findings

        Path(folder).mkdir(parents=True, exist_ok=True)
        write_findings(self.findings, Path(folder), _NUM_DRAWN)

    def _frame(self, table: Any) -> pl.DataFrame:
        from seqmine.reporting.patterns import pattern_frame

        return _polars(pattern_frame(table, self.findings.symbols))

    def __repr__(self) -> str:
        return f"Found({len(self.findings.table):,} patterns, {len(self.findings.released):,} released)"

    def _repr_html_(self) -> str:
        columns = [name for name in _SHOWN if name in self.frame.columns]
        return f"<p>{self!r}</p>{self.released.select(columns).head(_NUM_DRAWN)._repr_html_()}"


_NUM_DRAWN = 20
_SHOWN = ("pattern", "support_count", "support", "lift", "holdout_lift", "q_value", "stability")


def mine(
    log: Any,
    *,
    min_count: int | None = None,
    run: Run | str | Path | None = None,
    part: str | None = None,
    outputs: str | Path = "outputs",
    overrides: Sequence[str] = (),
) -> Found:
    """Mine sequential patterns, test them, and compare them with a trained model where a run is given.

    Args:
        log: a prepared log, or whatever ``prepare`` takes: a table with the columns ``user_id`` and ``item_id``, lists
            of items, a path, the name of a data set.
        min_count: users that a pattern needs; None keeps that of the configuration.
        run: a finished run on the same log, whose model is held against the patterns.
        part: ``train`` for the training part of the split, ``all`` for every event; None takes the training part of a
            prepared log and all of another.
        outputs: folder below which what is prepared is kept, of a log that is not prepared yet.
        overrides: any other setting of ``python -m seqmine.mine``, such as ``miner.max_gap=3`` or ``evidence=none``.

    Returns:
        What was found; nothing is written.

    Raises:
        UserError: a log that cannot be read, or a setting that does not exist.
    """
    from seqmine.app.subject import subject_of

    settings = log.settings if isinstance(log, Data) else settings_of_log(log, outputs)
    arguments = [*settings, f"part={part or ('train' if isinstance(log, Data) else 'all')}", "logger=none"]
    arguments += [] if min_count is None else [setting("miner.min_count", min_count)]
    arguments += [] if run is None else [setting("run", run.folder if isinstance(run, Run) else run)]
    with quiet():
        config = settings_of("mine", [*arguments, *overrides])
        return Found(build(config.task.study, config.trusted).find(subject_of(config)))


def _polars(table: Any) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame
