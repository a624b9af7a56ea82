"""What is known of the users that lists are made for: the histories of a run, or those of a file."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from seqmine.data.available import ItemPeriods
from seqmine.data.cleaning.sessions import SESSION, Sessions
from seqmine.data.datamodule import SequenceDataModule
from seqmine.data.sequences import group_by_user, person_keys
from seqmine.data.targets import Targets
from seqmine.structs import Catalog, InteractionLog, UserError

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Histories:
    """What users did so far.

    Args:
        log: events by item_index.
        user_ids: raw key of each history.
        ends: the users to recommend to, and how many of their events are known.
        max_length: longest input of the model.
        seen_behaviors: numbers of the behaviors by which a user had an item; None counts every event.
        periods: when each item can be recommended; None for all items at all times.
        allowed: (V,) which items may be recommended at all; None for all of them.
        are_of_several: whether these are part of histories in which some user has several lists; None where they are
            no part.
    """

    log: InteractionLog
    user_ids: Sequence[str]
    ends: Targets
    max_length: int
    seen_behaviors: Sequence[int] | None = None
    periods: ItemPeriods | None = None
    allowed: NDArray[np.bool_] | None = None
    are_of_several: bool | None = None

    @cached_property
    def rows_of(self) -> dict[str, list[int]]:
        """Which lists are those of each user, by raw key."""
        place: dict[str, list[int]] = {}
        for row, user in enumerate(self.ends.users.tolist()):
            place.setdefault(self.user_ids[user], []).append(row)
        return place

    def of(self, users: Sequence[str]) -> "Histories":
        """Return the histories of only some users, in the order in which they are named, all of a user together.

        Raises:
            UserError: a user who has no history here.
        """
        place = self.rows_of
        unknown = [user for user in users if user not in place]
        if unknown:
            raise UserError(
                f"users has {unknown[0]!r}{_others(unknown)}, allowed are the {len(place):,} users of the run with a "
                "history; change users, or give their events as histories"
            )
        return self.take(np.array([row for user in users for row in place[user]], np.int64))

    @cached_property
    def has_several_lists(self) -> bool:
        """Whether some user has more than one list, here or in what these are a part of."""
        if self.are_of_several is not None:
            return self.are_of_several
        return len(np.unique(self.ends.users)) < len(self.ends)

    def take(self, rows: NDArray[np.int64]) -> "Histories":
        """Return some of the lists to be made, in the given order; the log stays whole."""
        return replace(self, ends=self.ends.take(rows))

    def alone(self, rows: NDArray[np.int64]) -> "Histories":
        """Return some of the lists to be made with a log of only their users, which another process can be sent."""
        users, numbers = np.unique(self.ends.users[rows], return_inverse=True)
        ends = replace(self.ends.take(rows), users=numbers.astype(np.int64))
        return replace(
            self,
            log=self.log.take_users(users),
            user_ids=[self.user_ids[user] for user in users.tolist()],
            ends=ends,
            are_of_several=self.has_several_lists,
        )

    def __len__(self) -> int:
        """Return the number of lists."""
        return len(self.ends)

    def known(self) -> "Histories":
        """Return the histories that hold an event."""
        rows = np.flatnonzero(self.ends.input_stops)
        return self if len(rows) == len(self) else self.take(rows)

    def with_strangers(self, users: Sequence[str]) -> "Histories":
        """Return the histories with those of users of whom nothing is known behind them."""
        if not users:
            return self
        more = len(users)
        first = self.log.num_users
        offsets = np.append(self.log.offsets, np.full(more, self.log.num_events)).astype(np.int64)
        table = self.log.users
        if table is not None:
            rows = np.append(np.arange(1, len(table) + 1), np.zeros(more, np.int64))
            table = table.with_padding().take(rows)
        ends = self.ends
        moment = 0 if ends.times is None else ends.times.max(initial=0)
        joined = Targets(
            np.append(ends.users, np.arange(first, first + more)),
            np.append(ends.positions, np.zeros(more, np.int64)),
            None if ends.left_out is None else np.append(ends.left_out, np.zeros(more, np.int64)),
            None if ends.times is None else np.append(ends.times, np.full(more, moment)),
            known=None if ends.known is None else np.append(ends.known, np.zeros(more, np.int64)),
        )
        return replace(
            self,
            log=replace(self.log, offsets=offsets, users=table, people=None),
            user_ids=[*self.user_ids, *users],
            ends=joined,
        )

    def allowing(self, allowed: NDArray[np.bool_]) -> "Histories":
        """Return the histories with (V,) which items may be recommended at all."""
        return replace(self, allowed=allowed)

    def at(self, moment: int) -> "Histories":
        """Return the histories with what was there at one moment as candidates, in seconds since 1970."""
        return replace(self, ends=replace(self.ends, times=np.full(len(self.ends), moment, np.int64)))

    def fingerprint(self) -> str:
        """Return a hash of all that lists depend on except the model: events, users, what may be recommended when."""
        digest = hashlib.blake2b(digest_size=16)
        columns = [*vars(self.log).values(), *vars(self.ends).values(), self.allowed]
        for part in (self.log.users, self.periods):
            columns += [] if part is None else vars(part).values()
        for column in columns:
            digest.update(repr(column).encode() if not isinstance(column, np.ndarray) else _bytes(column))
        for user in self.ends.users.tolist():
            digest.update(f"{self.user_ids[user]}\0".encode())
        digest.update(f"{self.max_length} {self.seen_behaviors}".encode())
        return digest.hexdigest()


def warn_of_empty(count: int, num_users: int) -> None:
    """Say how many users get no list, if any, as none of their items is known."""
    if count:
        words = "%d of %d users have no known item; they get no list (fallback=popularity gives them one)"
        _log.warning(words, count, num_users)


def without_empty(histories: Histories) -> Histories:
    """Return the histories that hold an event, and say how many do not, if any."""
    known = histories.known()
    warn_of_empty(len(histories) - len(known), len(histories))
    return known


def warn_of_unknown(events: pl.LazyFrame, catalog: Catalog) -> None:
    """Say how many events have items that the model does not know, if any."""
    item, known = pl.col("item_id"), pl.Series(catalog.item_ids, dtype=pl.String).implode()
    is_known = item.is_in(known)
    counted = events.select(pl.len(), known=is_known.sum(), unknown=item.filter(~is_known).first())
    count, num_known, unknown = counted.collect(engine="streaming").row(0)
    if not num_known:
        _log.warning(
            "none of the %d events has an item that the model knows (%r, the model %r)",
            count, unknown, next(iter(catalog.item_ids), None),
        )  # fmt: skip
    elif num_known < count:
        words = "%d of %d events have items that the model does not know; they are left out"
        _log.warning(words, count - num_known, count)


def given_histories(events: pl.DataFrame | pl.LazyFrame, datamodule: SequenceDataModule, catalog: Catalog) -> Histories:
    """Return the histories of any users; whoever has no known item has an empty one.

    Where the run cut its log into sessions, the latest session of each user that has a known item is the history.

    Under ``evaluation.candidates=available`` a list holds what is there after the last event that is given, or after
    the log of the run where the events have no times.

    Args:
        events: as a source reads or scans them; the text of the keys of scanned ones is never in memory as a whole,
            unless the run cut its log into sessions.
        datamodule: of the run; its log is read under ``evaluation.candidates=available`` alone.
        catalog: in which the histories are numbered; that of the data module under ``evaluation.candidates=available``.
    """
    log, user_ids = _number_events(events, catalog, datamodule.cleaning.sessions)
    everyone = Targets(np.arange(log.num_users), log.lengths)
    behaviors = log.behavior_numbers(datamodule.target_behaviors)
    found = Histories(log, user_ids, everyone, datamodule.max_length, behaviors)
    if datamodule.features.candidates.among != "available":
        return found
    return replace(found, periods=datamodule.periods).at(moment_after(events.lazy(), datamodule))


def moment_after(events: pl.LazyFrame, datamodule: SequenceDataModule) -> int:
    """Return the second after the last event, or after the log of the run where the events have no times."""
    if "timestamp" in events.collect_schema().names():
        last: Any = events.select(pl.col("timestamp").max()).collect(engine="streaming").item()
    else:
        last = datamodule.prepared.log.timestamps.max()  # type: ignore[union-attr]
    return int(last) + 1


def run_histories(datamodule: SequenceDataModule, history: str) -> Histories:
    """Return the histories of the users of a run.

    Where its log was cut into sessions, the latest one of a person is the history of that person; a test target
    belongs to the session that it is in.

    Under ``evaluation.candidates=available`` a list holds what was there at the moment of its test target, or when the
    log ended.

    Args:
        datamodule: of the run.
        history: ``full``, or ``test`` for all but the test targets.
    """
    if history not in ("full", "test"):
        raise UserError(f"history is {history!r}, allowed are full or test; change history")
    data = datamodule.prepared
    latest = np.flatnonzero(np.diff(data.log.owners, append=-1))
    everyone = Targets(latest, data.log.lengths[latest])
    if data.log.timestamps is not None and data.log.num_events:
        everyone = replace(everyone, times=np.full(len(everyone), data.log.timestamps.max() + 1))
    is_full = history == "full"
    ends = everyone if is_full else data.split.test.firsts()
    user_ids = person_keys(data.log, data.user_ids) if is_full else data.user_ids
    behaviors = data.log.behavior_numbers(datamodule.target_behaviors)
    return Histories(data.log, user_ids, ends, datamodule.max_length, behaviors, datamodule.periods)


def _number_events(
    events: pl.DataFrame | pl.LazyFrame, catalog: Catalog, sessions: Sessions
) -> tuple[InteractionLog, list[str]]:
    """Return histories of any users and their keys; items that the model does not know are left out.

    Items and behaviors are numbered as in the catalog; nothing is known of the attributes of the users.
    """
    if sessions.cut_by is not None:
        events = _of_latest_sessions(_marked(events.lazy().collect(), sessions), catalog)
    log, user_ids, item_ids = group_by_user(events)
    numbers = np.array([0, *catalog.encode(item_ids)], np.int32)[log.items]
    kept = np.concatenate([[0], np.cumsum(numbers > 0)]).astype(np.int64)
    found = replace(log, items=numbers).take(numbers > 0, kept[log.offsets])
    strangers = catalog.unknown_users(len(user_ids))
    return replace(_number_behaviors(found, catalog.behaviors), users=strangers), user_ids


def _marked(events: pl.DataFrame, sessions: Sessions) -> pl.DataFrame:
    """Return events with the number of their session of their user, where the run was cut and they say where."""
    if sessions.cut_by is None:
        return events
    if sessions.cut_by not in events.columns:
        _log.info("the histories have no %s, which sessions are cut by, so each is one session", sessions.cut_by)
        return events
    return sessions.mark(events)


def _of_latest_sessions(events: pl.DataFrame, catalog: Catalog) -> pl.DataFrame:
    """Return the events of the latest session of each user that has a known item; all where none is known."""
    if SESSION not in events.columns:
        return events
    known = pl.when(pl.col("item_id").is_in(pl.Series(catalog.item_ids, dtype=pl.String).implode())).then(SESSION)
    latest = known.max().over("user_id")
    return events.filter((pl.col(SESSION) == latest) | latest.is_null()).drop(SESSION)


def _number_behaviors(log: InteractionLog, names: Sequence[str]) -> InteractionLog:
    """Return the log with its behaviors numbered as in the run; a kind that the run does not know becomes 0."""
    if log.behaviors is None:
        return log
    known = {name: number for number, name in enumerate(names, start=1)}
    numbers = np.array([0, *(known.get(name, 0) for name in log.behavior_names)], np.uint8)
    return replace(log, behaviors=numbers[log.behaviors], behavior_names=names)


def _others(names: Sequence[str]) -> str:
    return f" and {len(names) - 1:,} more" if len(names) > 1 else ""


def _bytes(column: NDArray) -> bytes:
    return f"{column.dtype}{column.shape}".encode() + np.ascontiguousarray(column).tobytes()
