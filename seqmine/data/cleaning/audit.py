"""What cleaning did: one row per step, as a value and as JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import polars as pl

from seqmine.data.cleaning.edges import EdgeChoice, TrainingEdge, WholeLog
from seqmine.data.description import settings_of
from seqmine.data.engines.parts import Parts
from seqmine.structs.files import write_atomically

EACH_EVENT = "each event"
"""What a step looks at that counts nothing."""
CUT = "sessions"
"""How the row begins that cuts histories; users before it are people, users after it sessions."""
NOTABLE_SHARE = 0.01
"""A share of events above this is not taken out without a word."""


@dataclass(frozen=True)
class LogSize:
    """How large a log is.

    Args:
        rows: number of events.
        users: number of different users.
        items: number of different items.
    """

    rows: int
    users: int
    items: int


@dataclass(frozen=True)
class AuditRow:
    """What one step did.

    Args:
        step: name and settings of the step.
        looks_at: ``each event``, ``training events`` or ``all events``: what its decision rests on.
        before: size of the log before the step.
        after: size of the log after it.
        seconds: time it took.
    """

    step: str
    looks_at: str
    before: LogSize
    after: LogSize
    seconds: float


@dataclass(frozen=True)
class Audit:
    """What all steps did, in order.

    Args:
        source: size of the log as it came.
        rows: one a step.
        edge: which events the steps that count looked at.
        times: what the times of the log are, such as ``whole days``, or None where it has none.
    """

    source: LogSize
    rows: Sequence[AuditRow] = ()
    edge: TrainingEdge = field(default_factory=WholeLog)
    times: str | None = None

    @property
    def counts(self) -> bool:
        """Whether some step decided by counting events of users or items."""
        return any(row.looks_at != EACH_EVENT for row in self.rows)

    def after_reading(self, dropped: Mapping[str, int]) -> "Audit":
        """Return the audit that begins with the rows of the files.

        Args:
            dropped: number of rows that the source could not use, by reason.

        >>> read = Audit(LogSize(40, 4, 9)).after_reading({"item_id is missing": 2})
        >>> read.source.rows, read.rows[0].step, read.rows[0].after.rows
        (42, 'reading: item_id is missing', 40)
        """
        size = self.source
        rows: list[AuditRow] = []
        for reason, count in reversed(list(dropped.items())):
            before = replace(size, rows=size.rows + count)
            rows.insert(0, AuditRow(f"reading: {reason}", EACH_EVENT, before, size, 0.0))
            size = before
        return replace(self, source=size, rows=(*rows, *self.rows))

    def to_json(self) -> str:
        """Return the audit as JSON."""
        edge = {"name": type(self.edge).__name__, **settings_of(self.edge)}
        rows = [asdict(row) for row in self.rows]
        content = {"source": asdict(self.source), "times": self.times, "edge": edge, "rows": rows}
        return json.dumps(content, indent=2)

    @classmethod
    def from_json(cls, text: str, edge: EdgeChoice) -> "Audit":
        """Return the audit that ``to_json`` wrote.

        Args:
            text: the JSON.
            edge: the choice of the cleaning that it is of.

        >>> audit = Audit(LogSize(3, 2, 1))
        >>> Audit.from_json(audit.to_json(), WholeLog()) == audit
        True
        """
        content = json.loads(text)
        rows = [
            AuditRow(**{**row, "before": LogSize(**row["before"]), "after": LogSize(**row["after"])})
            for row in content["rows"]
        ]
        return cls(LogSize(**content["source"]), tuple(rows), edge.again(content["edge"]), content["times"])

    def write(self, path: Path) -> None:
        """Write the audit as a JSON file, as a whole or not at all."""
        write_atomically(path, lambda temporary: temporary.write_text(self.to_json()))

    def summary(self) -> str | None:
        """Return in one line what was taken out, or None where it is next to nothing.

        >>> step = AuditRow("ShortDwell(min_seconds=2)", EACH_EVENT, LogSize(40, 4, 9), LogSize(30, 4, 8), 0.1)
        >>> Audit(LogSize(40, 4, 9), [step]).summary()
        'cleaning takes 10 of 40 events out (25.0%): ShortDwell(min_seconds=2) 10; left are 4 of 4 users, 8 of 9 items'
        """
        cleaned = [row for row in self.rows if not row.step.startswith(CUT)]
        left = cleaned[-1].after if cleaned else self.source
        num_out = self.source.rows - left.rows
        if num_out <= NOTABLE_SHARE * self.source.rows:
            return None
        steps = [(row.step, row.before.rows - row.after.rows) for row in self.rows]
        return (
            f"cleaning takes {num_out:,} of {self.source.rows:,} events out ({num_out / self.source.rows:.1%}): "
            f"{', '.join(f'{step} {removed:,}' for step, removed in steps if removed)}; left are "
            f"{left.users:,} of {self.source.users:,} users, {left.items:,} of {self.source.items:,} items"
        )


def size_of(parts: Parts) -> LogSize:
    """Count events, users and items."""
    counts = parts.gather(lambda events: events.select(rows=pl.len(), users=pl.col("user_id").n_unique()))
    items = parts.gather(lambda events: events.select(pl.col("item_id").unique()))
    return LogSize(int(counts["rows"].sum()), int(counts["users"].sum()), items["item_id"].n_unique())
