"""The CIKM Cup 2016 log of Diginetica, whose time is a day and the milliseconds since the session began."""

from pathlib import Path

import polars as pl

from seqmine.data.sources.delimited import open_table
from seqmine.data.sources.tables import RawEvents


class DigineticaTable:
    """A file of item views or purchases; the session stands for the user, since most users are unknown.

    Args:
        name: name of the file.
        behavior: what its events are.

    The day of an event is known, its hour is not: events get the seconds since midnight that their session has lasted,
    which orders a session and keeps days apart.
    """

    def __init__(self, *, name: str, behavior: str) -> None:
        self.name = name
        self.behavior = behavior

    def read(self, path: Path) -> RawEvents:
        """Return the events of the file.

        Raises:
            UserError: the file is not in this format.
        """
        table = open_table(path)
        raw = table.read(["sessionId", "itemId", "timeframe", "eventdate"])
        day = pl.col("eventdate").str.to_date(strict=False).dt.epoch("ms")
        time = (day + pl.col("timeframe").cast(pl.Int64, strict=False)).cast(pl.String)
        frame = raw.select(
            user_id="sessionId",
            item_id="itemId",
            # A time that cannot be read stays in its own words, so that it is named as wrong later.
            timestamp=time.fill_null(pl.col("eventdate") + " " + pl.col("timeframe")),
            behavior=pl.lit(self.behavior),
        )
        return RawEvents(frame, lambda row: f"{path} line {table.line_of(row)}")
