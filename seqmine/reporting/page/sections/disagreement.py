"""Where data and model disagree: rules that the model does not know, and rules of the model that are false."""

from collections.abc import Sequence
from typing import Any, ClassVar

from seqmine.reporting.page.blocks import Block, Cell, Grid, Note
from seqmine.reporting.page.subject import Subject
from seqmine.runs.reading import read_json, was_written
from seqmine.structs import UserError

_LISTS = {
    "unknown_to_model": "Rules of the log that the model does not know",
    "believed_but_false": "Rules of the model that the data refute",
    "believed_by_model": "Rules that the model works by",
}


class Disagreement:
    """The lists of a mining run that was held against a model."""

    title: ClassVar[str] = "Where data and model disagree"

    def __call__(self, subject: Subject) -> Sequence[Block]:
        """Return a table of each list."""
        path = subject.mined / "pattern_report.json"
        report = read_json(path) if was_written(path) else {}
        if not set(_LISTS) & report.keys():
            raise UserError(
                "the patterns were not held against a model; run python -m seqmine.mine run=<this run> "
                "hydra.run.dir=<folder> and set patterns=<folder>"
            )
        blocks: list[Block] = []
        for name, caption in _LISTS.items():
            rows = report.get(name, [])
            blocks.append(_grid(caption, rows, subject) if rows else Note(f"{caption}: none."))
        return blocks


def _grid(caption: str, rows: Sequence[dict[str, Any]], subject: Subject) -> Grid:
    numbers = [name for name, value in rows[0].items() if isinstance(value, int | float) or value is None]
    numbers = [name for name in numbers if any(row.get(name) is not None for row in rows)]
    texts = [name for name in rows[0] if isinstance(rows[0][name], list | str)]
    cells: list[list[Cell]] = [
        [*(_text(row.get(name), subject) for name in texts), *(row.get(name) for name in numbers)] for row in rows
    ]
    return Grid(caption, [name.replace("_", " ") for name in (*texts, *numbers)], cells)


def _text(value: Any, subject: Subject) -> str:
    keys = value if isinstance(value, list) else [value]
    items = subject.catalog.encode([str(key) for key in keys])
    return " → ".join(subject.names.shown(item) if item else str(key) for key, item in zip(keys, items, strict=True))
