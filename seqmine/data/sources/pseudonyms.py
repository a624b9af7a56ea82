"""A log without the names of its people: keyed hashes in their place, and times no finer than a grain.

A hash without a key is no protection, since all names that there may be can be tried; with a key (HMAC-SHA256, RFC
2104) only who has it can tell who is who. What people did still tells them apart: this is a pseudonym, not anonymity.
"""

import hashlib
import hmac
import os

import polars as pl

from seqmine.structs import Source, UserError
from seqmine.structs.bounded import bounded
from seqmine.structs.constraints import duration_seconds
from seqmine.structs.protocols import CountsDropped

_SHORTEST_KEY = 16
_COLUMNS = ("user_id", "session")


@bounded
class Pseudonyms:
    """Reads a log with a keyed hash in the place of each user, and of each session.

    One key gives one person one pseudonym in every log. Within a history events stay in their order, also where the
    grain makes their times equal.

    Args:
        source: reads the log with its names.
        key_variable: environment variable that holds the key; the key is read from there each time and kept nowhere.
        time_grain: times are rounded down to multiples of it, such as ``1d`` or ``12h``; None keeps them.

    Raises:
        UserError: no key, or one that is short, or a grain that is no time.
    """

    def __init__(self, *, source: Source, key_variable: str, time_grain: str | None = "1d") -> None:
        self.source, self.key_variable = source, key_variable
        self.time_grain = time_grain
        self._seconds = duration_seconds("time_grain", time_grain)
        if self._seconds == 0:
            raise UserError(f"`time_grain` is {time_grain}, allowed are null and times above 0 such as 1d or 12h")
        self._hash("")  # a missing key is told before anything is read

    @property
    def dropped(self) -> dict[str, int]:
        """The rows that the source underneath could not use, by reason."""
        return self.source.dropped if isinstance(self.source, CountsDropped) else {}

    def read(self) -> pl.DataFrame:
        """Return the events in order of time, with pseudonyms and coarse times."""
        events = self.source.read()
        for name in (name for name in _COLUMNS if name in events.columns):
            names = events[name].unique().drop_nulls()
            hashed = pl.Series([self._hash(one) for one in names], dtype=pl.String)
            events = events.with_columns(pl.col(name).replace_strict(names, hashed, return_dtype=pl.String))
        if "timestamp" in events.columns and self._seconds is not None:
            coarse = pl.col("timestamp") // self._seconds * self._seconds
            events = events.sort("timestamp", maintain_order=True).with_columns(coarse)
        return events

    def item_features(self) -> pl.DataFrame | None:
        """Return the attributes of items, which are no people."""
        features: pl.DataFrame | None = self.source.item_features()
        return features

    def fingerprint(self) -> str:
        """Return a hash of content, grain and pseudonyms; another key is another log."""
        made_of = f"{self.source.fingerprint()} {self.time_grain} {self._hash('')}"
        return hashlib.blake2b(made_of.encode(), digest_size=16).hexdigest()

    def _hash(self, name: str) -> str:
        key = os.environ.get(self.key_variable, "")
        if len(key) < _SHORTEST_KEY:
            state = "not set" if not key else f"{len(key)} characters long"
            raise UserError(
                f"`key_variable` is {self.key_variable}, an environment variable that is {state}; set it to a secret "
                f"of at least {_SHORTEST_KEY} characters, or privacy.pseudonymize=false"
            )
        return hmac.new(key.encode(), name.encode(), hashlib.sha256).hexdigest()[:32]
