"""Histories of a long file, divided by user into tables on disk, so that memory holds those of one table at a time."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from seqmine.data.engines.embedded import FileParts, count_keys, write_pieces
from seqmine.data.engines.parts import part_borders
from seqmine.serving.histories import Histories, warn_of_empty

_BATCH_EVENTS = 200_000
_SAMPLED = 100_000  # events that say where a log is divided


class Asked(Protocol):
    """All lists that are asked for, whose histories may not be in memory together."""

    def __len__(self) -> int:
        """Return the number of lists."""
        ...

    def alone(self, rows: NDArray[np.int64]) -> Histories:
        """Return the histories of some of the lists, which another process can be sent."""
        ...

    def fingerprint(self) -> str:
        """Return a hash of all that lists depend on except the model."""
        ...


class DividedHistories:
    """Histories in parts, users in the order of their keys.

    Args:
        parts: events; each has the whole histories of some users, whose keys come after those of the part before.
        make: returns the histories of a table of events, one list a user in the order of their keys.
        known: leave users out of whom no item is known, and say how many they are.
    """

    def __init__(self, parts: FileParts, make: Callable[[pl.DataFrame], Histories], *, known: bool) -> None:
        self.parts, self.make, self.known = parts, make, known
        self._digest = hashlib.blake2b(digest_size=16)
        self._made: tuple[range, Histories] | None = None
        sizes, num_users = [], 0
        for number in range(len(parts)):
            all_of_part = make(parts.table(number))
            histories = self._kept(all_of_part)
            num_users += len(all_of_part)
            sizes.append(len(histories))
            self._digest.update(histories.fingerprint().encode())
        self.starts = np.cumsum([0, *sizes])
        if known:
            warn_of_empty(num_users - len(self), num_users)

    def __len__(self) -> int:
        """Return the number of lists."""
        return int(self.starts[-1])

    def alone(self, rows: NDArray[np.int64]) -> Histories:
        """Return the histories of some of the lists; those that stand together are made in little time.

        Args:
            rows: rising numbers of lists.
        """
        first, last = np.searchsorted(self.starts, rows[[0, -1]], side="right") - 1
        return self._histories(range(first, last + 1)).alone(rows - self.starts[first])

    def fingerprint(self) -> str:
        """Return a hash of all that lists depend on except the model."""
        return self._digest.hexdigest()

    def _histories(self, numbers: range) -> Histories:
        if self._made is None or self._made[0] != numbers:
            self._made = None  # frees the former ones
            self._made = numbers, self._kept(self.make(pl.concat([self.parts.table(number) for number in numbers])))
        return self._made[1]

    def _kept(self, histories: Histories) -> Histories:
        return histories.known() if self.known else histories


def divide(events: pl.LazyFrame, folder: Path, part_events: int) -> FileParts | None:
    """Write events in parts, by user in the order of their keys.

    Args:
        events: read in a stream, several times.
        folder: where the parts are written.
        part_events: events of a part, about.

    Returns:
        The parts; None where there are no more events than one holds.
    """
    num_events = int(events.select(pl.len()).collect(engine="streaming").item())
    if num_events <= part_events:
        return None
    step = -(-num_events // _SAMPLED)
    sampled = events.select("user_id").with_row_index("row").filter(pl.col("row") % step == 0)
    users = count_keys(sampled, "user_id")
    borders = users["user_id"].gather(part_borders(users["events"].to_numpy(), max(1, part_events // step)))

    def part_of(batch: pl.DataFrame) -> NDArray[np.int64]:
        return borders.search_sorted(batch["user_id"], side="right").to_numpy()

    pieces = write_pieces(events, part_of, len(borders) + 1, num_events, folder, _BATCH_EVENTS)
    return FileParts([part for part in pieces if part], folder)
