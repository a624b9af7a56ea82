"""From parts of a log to histories: users grouped, events in order, items numbered by what training knows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from seqmine.data.cleaning.sessions import require_unnamed
from seqmine.data.engines.embedded import number_table
from seqmine.data.engines.parts import SESSIONS, NumberedLog
from seqmine.data.horizon import Horizon
from seqmine.data.sources.item_table import require_joined
from seqmine.data.splits import Splitter
from seqmine.data.target_behavior import split_by_behavior
from seqmine.data.targets import Split, Targets
from seqmine.structs import Catalog, InteractionLog, UserError
from seqmine.structs.log import segment_positions

_COUNTED_AT_ONCE = 1 << 22


@dataclass(frozen=True)
class PreparedData:
    """Everything that training and evaluation need to know of a log.

    Items are numbered by training alone: 1 to ``catalog.num_items``, most frequent first, equally frequent ones by key.
    Users and behaviors are numbered by key. Events of items that training never saw are left out of the histories; such
    a target keeps a number above ``num_items`` and can only be missed.

    Args:
        log: histories of all users, without events of unseen items.
        catalog: items that occur in the training part.
        user_ids: raw key of each user; the sessions of one user, where they are histories of their own, in their order.
        unseen_item_ids: raw keys of the items that only later parts have, in their order; number ``num_items + 1`` on.
        split: training stops and targets, as positions in ``log``.
        val_items: item of each validation target.
        test_items: item of each test target.
    """

    log: InteractionLog
    catalog: Catalog
    user_ids: Sequence[str]
    unseen_item_ids: list[str]
    split: Split
    val_items: NDArray[np.int32]
    test_items: NDArray[np.int32]

    def item_id(self, index: int) -> str:
        """Return the raw key of an item, known to training or not."""
        known = self.catalog.num_items
        return self.catalog.item_ids[index - 1] if index <= known else self.unseen_item_ids[index - 1 - known]

    def training_log(self) -> InteractionLog:
        """Return the histories cut to their training part."""
        return self.log.first_events(self.split.train_stops)


def group_by_user(events: pl.DataFrame | pl.LazyFrame) -> tuple[InteractionLog, list[str], list[str]]:
    """Group a table of raw events into histories.

    Events are sorted by time where there is one; equal times, and logs without time, keep the order of the file.
    Users, items and behaviors are numbered by key, in the order of text ("10" before "2"); items from 1.

    Args:
        events: columns ``user_id`` and ``item_id``, and where the log has them ``timestamp`` (and ``microsecond``
            within it), ``behavior``, ``rating``.

    Returns:
        The histories, the raw keys of users, and the raw keys of items.
    """
    return join_parts(number_table(events))


def join_parts(log: NumberedLog) -> tuple[InteractionLog, list[str], list[str]]:
    """Put the parts of a log one after the other.

    Returns:
        The histories, the raw keys of the users that are left, and the raw keys of the items that are left.
    """
    lengths = log.parts.gather(_user_lengths).sort("user_id")
    if lengths.is_empty():
        raise UserError("the log has no events left; check `source.path` and the steps of `cleaning`")
    present = log.parts.gather(_items_present)["item_id"].unique().sort()
    number = np.zeros(len(log.item_ids), np.int32)
    number[present.to_numpy()] = np.arange(1, len(present) + 1)
    offsets = np.concatenate([[0], np.cumsum(lengths["events"].to_numpy())]).astype(np.int64)
    joined: dict[str, Any] = {}
    names: list[str] = []
    start = 0
    for part in log.parts.tables():
        require_unnamed(part.columns)
        for name, column in _columns(part, number).items():
            joined.setdefault(name, np.empty(offsets[-1], column.dtype))[start : start + len(part)] = column
        names = _behavior_names(part)
        start += len(part)
    histories = InteractionLog(offsets=offsets, behavior_names=names, people=_people(lengths["user_id"]), **joined)
    return histories, log.user_keys(lengths["user_id"]).to_list(), log.item_ids.gather(present).to_list()


def prepare_sequences(
    log: NumberedLog,
    item_features: pl.DataFrame | None,
    splitter: Splitter,
    target_behaviors: Sequence[str] | None = None,
    horizon: Horizon | None = None,
) -> PreparedData:
    """Turn events into histories, a catalog of training items, and the parts of a split.

    Args:
        log: the events, cleaned.
        item_features: attributes by ``item_id``, or None.
        splitter: decides the parts.
        target_behaviors: kinds of events that are predicted, or None when every event is.
        horizon: all that comes within it is predicted; None for the next event alone.

    Raises:
        UserError: when nothing is left to train on, or for a horizon of sessions.
    """
    histories, user_ids, item_ids = join_parts(log)
    if horizon is not None and histories.people is not None:
        raise UserError(f"horizon is {horizon}, but sessions end too soon for one; unset `horizon` or `sessions`")
    if target_behaviors is not None:
        split = split_by_behavior(splitter, histories, target_behaviors, horizon)
    else:
        split = splitter.split(histories) if horizon is None else splitter.split_horizon(histories, horizon)
    if not (split.train_stops >= 2).any():
        raise UserError(
            f"no user has two training events (longest history: {int(histories.lengths.max())} events); "
            "use a log with longer histories, or change `split`"
        )
    counts = training_counts(histories, split.train_stops, len(item_ids) + 1)
    number, num_items = _number_by_count(counts)
    histories = replace(histories, items=number[histories.items])
    val_items, test_items = (
        histories.items[histories.offsets[part.users] + part.positions] for part in (split.val, split.test)
    )
    split = replace(split, val=_with_times(split.val, histories), test=_with_times(split.test, histories))
    by_number = np.argsort(number[1:], kind="stable")
    raw = [item_ids[index] for index in by_number]
    train_counts = torch.from_numpy(np.concatenate([[0], counts[1:][by_number[:num_items]]]))
    catalog = Catalog(
        raw[:num_items],
        train_counts,
        feature_columns(raw[:num_items], item_features),
        behaviors=histories.behavior_names,
    )
    known, split = keep_known(histories, split, num_items)
    return PreparedData(known, catalog, user_ids, raw[num_items:], split, val_items, test_items)


def person_keys(log: InteractionLog, user_ids: Sequence[str]) -> list[str]:
    """Return the raw key of the person behind each history: for a session that of its user.

    >>> log = replace(InteractionLog.from_lists([[1], [2]]), people=np.array([0, 0], np.int32))
    >>> person_keys(log, ["u:1:0", "u:1:1"])
    ['u:1', 'u:1']
    """
    return list(user_ids) if log.people is None else [key.rpartition(":")[0] for key in user_ids]


def _people(numbers: pl.Series) -> NDArray[np.int32] | None:
    """Return whom the histories are of, where they are sessions."""
    if numbers.dtype != pl.UInt64:
        return None
    return np.unique(numbers.to_numpy() // SESSIONS, return_inverse=True)[1].astype(np.int32)


def _user_lengths(part: pl.DataFrame) -> pl.DataFrame:
    return part.group_by("user_id").agg(events=pl.len())


def _items_present(part: pl.DataFrame) -> pl.DataFrame:
    return part.select(pl.col("item_id").unique())


def _columns(part: pl.DataFrame, number: NDArray[np.int32]) -> dict[str, NDArray]:
    """Return the columns of histories that a part has."""
    columns: dict[str, NDArray] = {"items": number[part["item_id"].to_numpy()]}
    if "timestamp" in part.columns:
        columns["timestamps"] = part["timestamp"].to_numpy()
    if "behavior" in part.columns:
        columns["behaviors"] = part["behavior"].to_physical().to_numpy().astype(np.uint8) + np.uint8(1)
    if "rating" in part.columns:
        columns["ratings"] = part["rating"].to_numpy()
    return columns


def _behavior_names(part: pl.DataFrame) -> list[str]:
    kinds = part.schema.get("behavior")
    if not isinstance(kinds, pl.Enum):
        return []
    names = kinds.categories.to_list()
    if len(names) > 255:
        raise UserError(f"the log has {len(names)} kinds of behavior, allowed are 255; change `source.behavior`")
    return names


def training_counts(log: InteractionLog, train_stops: NDArray[np.int64], num_rows: int) -> NDArray[np.int64]:
    """Return (V,) the training events of each item, counted some users at a time, as a count needs much memory.

    Args:
        log: the histories.
        train_stops: (U,) number of training events of each user.
        num_rows: number V of items, padding included.
    """
    counts = np.zeros(num_rows, np.int64)
    borders = np.searchsorted(log.offsets, np.arange(0, log.num_events, _COUNTED_AT_ONCE))
    for first, last in pairwise([*np.unique(borders).tolist(), log.num_users]):
        events = segment_positions(log.offsets[first:last], train_stops[first:last])
        counts += np.bincount(log.items[events], minlength=num_rows)
    return counts


def _number_by_count(counts: NDArray[np.int64]) -> tuple[NDArray[np.int32], int]:
    """Number items by falling count, ties as they were numbered, by key; the unseen come last."""
    order = np.argsort(-counts[1:], kind="stable") + 1
    number = np.zeros(len(counts), np.int32)
    number[order] = np.arange(1, len(counts))
    return number, int((counts[1:] > 0).sum())


def keep_known(log: InteractionLog, split: Split, num_items: int) -> tuple[InteractionLog, Split]:
    """Leave out the events of items that training never saw, and restate positions.

    Args:
        log: histories whose items are numbered by what training knows.
        split: positions in them.
        num_items: the highest number that training knows.
    """
    keep = log.items <= num_items
    if keep.all():
        return log, split
    kept = np.zeros(log.num_events + 1, np.int64)
    np.cumsum(keep, out=kept[1:])

    def shift(targets: Targets) -> Targets:
        starts = log.offsets[targets.users]
        positions = kept[starts + targets.positions] - kept[starts]
        inputs = None if targets.inputs is None else kept[starts + targets.inputs] - kept[starts]
        known = None if targets.known is None else kept[starts + targets.known] - kept[starts]
        left_out = targets.positions - positions
        if targets.left_out is not None:
            left_out += targets.left_out
        return replace(targets, positions=positions, left_out=left_out, inputs=inputs, known=known)

    return log.take(keep, kept[log.offsets]), Split(split.train_stops, shift(split.val), shift(split.test))


def _with_times(targets: Targets, log: InteractionLog) -> Targets:
    """Note when each target happened, while the log still holds the events of items that training never saw."""
    times = None if log.timestamps is None else log.timestamps[log.offsets[targets.users] + targets.positions]
    return replace(targets, times=times)


def feature_columns(item_ids: list[str], features: pl.DataFrame | None) -> dict[str, list]:
    """Return attributes of items as columns in the order of ``item_ids``; None where an item has none."""
    if features is None:
        return {}
    require_joined(item_ids, features["item_id"], "items", "`source.items_path` or `source.items_key`")
    rows = pl.DataFrame({"item_id": item_ids}, schema={"item_id": pl.String})
    shown = features.select(name for name, kind in features.schema.items() if not _is_vector(kind))
    joined = rows.join(shown.unique("item_id", keep="first"), on="item_id", how="left", maintain_order="left")
    return {name: joined[name].to_list() for name in joined.columns if name != "item_id"}


def _is_vector(kind: pl.DataType) -> bool:
    """Tell vectors, which nobody reads and which would fill the memory as lists, from other attributes."""
    return isinstance(kind, pl.Array) or (isinstance(kind, pl.List) and kind.inner in (pl.Float32, pl.Float64))
