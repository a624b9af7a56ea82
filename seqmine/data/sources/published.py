"""Public data sets, read in the format of their publisher."""

import bisect
import logging
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Protocol

import polars as pl

from seqmine.data.description import settings_of
from seqmine.data.sources.events import to_events
from seqmine.data.sources.files import fingerprint_files
from seqmine.data.sources.publication import Publication
from seqmine.data.sources.tables import EventTable, RawEvents

_log = logging.getLogger(__name__)


class ItemReader(Protocol):
    """Reads the item attributes of one file."""

    name: str

    def read(self, path: Path) -> pl.DataFrame:
        """Return ``item_id`` and attributes from the file ``name``, found at ``path``."""
        ...


class PublishedLog:
    """Reads a public data set; events keep the order of its files.

    Args:
        publication: finds or downloads the files.
        tables: the files with events, in the order in which equal times follow each other.
        behaviors: the publisher's word for a kind of event to ours (``view``, ``cart``, ``buy`` ...); others stay.
        items: the file with item attributes, read where it is there and never downloaded on its own; None for none.
    """

    def __init__(
        self,
        *,
        publication: Publication,
        tables: Sequence[EventTable],
        behaviors: Mapping[str, str] | None = None,
        items: ItemReader | None = None,
    ) -> None:
        self.publication = publication
        self.tables = list(tables)
        self.behaviors = {str(word): ours for word, ours in (behaviors or {}).items()}
        self.items = items
        self.dropped: dict[str, int] = {}

    def read(self) -> pl.DataFrame:
        """Return the events in file order; the rows that cannot be used are counted by reason in ``dropped``.

        Raises:
            UserError: a file is not there, cannot be downloaded, or is not in the format of the publisher.
        """
        parts = [table.read(self.publication.require(table.name)) for table in self.tables]
        raw = pl.concat([part.frame for part in parts], how="diagonal")
        if self.behaviors:
            raw = raw.with_columns(pl.col("behavior").replace(self.behaviors))
        self.dropped = {}
        events = to_events(raw, _locator(parts), dropped=self.dropped)
        if outside := sum(part.outside for part in parts):
            self.dropped["outside the period of the log"] = outside
        return events

    def item_features(self) -> pl.DataFrame | None:
        """Return the item attributes, or None where their file is not there."""
        path = None if self.items is None else self.publication.find(self.items.name)
        if self.items is None or path is None:
            return None
        return self.items.read(path).unique("item_id", keep="first", maintain_order=True)

    def fingerprint(self) -> str:
        """Return a hash of the content of the files and of how they are read."""
        paths = [self.publication.require(table.name) for table in self.tables]
        if self.items is not None and (extra := self.publication.find(self.items.name)) is not None:
            paths.append(extra)
        tables = [{"class": type(table).__name__, **settings_of(table)} for table in self.tables]
        return fingerprint_files(paths, {"source": "published", "tables": tables, "behaviors": self.behaviors})


def _locator(parts: Sequence[RawEvents]) -> Callable[[int], str]:
    stops = list(accumulate(len(part.frame) for part in parts))

    def locate(row: int) -> str:
        part = min(bisect.bisect_right(stops, row), len(parts) - 1)
        return parts[part].locate(row - (stops[part - 1] if part else 0))

    return locate
