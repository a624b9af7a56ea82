"""Rows that are kept aside because they cannot be used, with the reason."""

from pathlib import Path

import polars as pl

from seqmine.structs.files import write_atomically


def write_rejects(rejects: pl.DataFrame, path: str | Path) -> Path:
    """Write rejected rows as JSON lines: readable, exact, and inert in a spreadsheet.

    Args:
        rejects: the rows, among them a column ``reason``.
        path: the file, replaced as a whole once it is complete.

    Returns:
        The path of the file.
    """
    target = Path(path).expanduser()
    write_atomically(target, rejects.write_ndjson)
    return target
