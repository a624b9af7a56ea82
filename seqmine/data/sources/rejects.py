"""Rows that are kept aside because they cannot be used, with the reason."""

import os
from pathlib import Path

import polars as pl


def write_rejects(rejects: pl.DataFrame, path: str | Path) -> Path:
    """Write rejected rows as JSON lines: readable, exact, and inert in a spreadsheet.

    Args:
        rejects: the rows, among them a column ``reason``.
        path: the file, replaced as a whole once it is complete.

    Returns:
        The path of the file.
    """
    target = Path(path).expanduser()
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    rejects.write_ndjson(temporary)
    temporary.replace(target)
    return target
