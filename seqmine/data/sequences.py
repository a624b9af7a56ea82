"""From a table of events to histories: users grouped, events in order, items numbered by what training knows."""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from seqmine.data.splits import Split, Splitter, Targets
from seqmine.data.target_behavior import split_by_behavior
from seqmine.structs import Catalog, InteractionLog, UserError


@dataclass(frozen=True)
class PreparedData:
    """Everything that training and evaluation need to know of a log.

    Items are numbered by training alone: 1 to ``catalog.num_items``, most frequent first. Events of items that training
    never saw are left out of the histories; such a target keeps a number above ``num_items`` and can only be missed.

    Args:
        log: histories of all users, without events of unseen items.
        catalog: items that occur in the training part.
        user_ids: raw key of each user.
        unseen_item_ids: raw keys of the items that only later parts have; number ``num_items + 1`` on.
        split: training stops and targets, as positions in ``log``.
        val_items: item of each validation target.
        test_items: item of each test target.
    """

    log: InteractionLog
    catalog: Catalog
    user_ids: list[str]
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


def group_by_user(events: pl.DataFrame) -> tuple[InteractionLog, list[str], list[str]]:
    """Group a table of events into histories.

    Events are sorted by time where there is one; equal times, and logs without time, keep the order of the file.
    Users and items are numbered in order of appearance, items from 1.

    Args:
        events: columns ``user_id`` and ``item_id``, and where the log has them ``timestamp`` (and ``microsecond``
            within it), ``behavior``, ``rating``.

    Returns:
        The histories, the raw keys of users, and the raw keys of items.
    """
    if events.is_empty():
        raise UserError("the log has no events left; check data.path and the cleaning steps under data.cleaning")
    user_ids, users = _factorize(events["user_id"])
    item_ids, items = _factorize(events["item_id"])
    order = np.argsort(users, kind="stable")
    timestamps = events["timestamp"].to_numpy() if "timestamp" in events.columns else None
    within = [events["microsecond"].to_numpy()] if "microsecond" in events.columns else []
    if timestamps is not None:
        order = np.lexsort([*within, timestamps, users])  # stable: equal times keep the order of the file
    offsets = np.concatenate([[0], np.cumsum(np.bincount(users, minlength=len(user_ids)))]).astype(np.int64)
    behavior_names, behaviors = _behaviors(events)
    log = InteractionLog(
        items=(items[order] + 1).astype(np.int32),
        offsets=offsets,
        timestamps=None if timestamps is None else timestamps[order].astype(np.int64),
        behaviors=None if behaviors is None else (behaviors[order] + 1).astype(np.uint8),
        ratings=events["rating"].to_numpy()[order].astype(np.float32) if "rating" in events.columns else None,
        behavior_names=behavior_names,
    )
    return log, user_ids, item_ids


def prepare_sequences(
    events: pl.DataFrame,
    item_features: pl.DataFrame | None,
    splitter: Splitter,
    target_behavior: str | None = None,
) -> PreparedData:
    """Turn a table of events into histories, a catalog of training items, and the parts of a split.

    Args:
        events: see ``group_by_user``.
        item_features: attributes by ``item_id``, or None.
        splitter: decides the parts.
        target_behavior: kind of event that is predicted, or None when every event is.

    Raises:
        UserError: when nothing is left to train on.
    """
    log, user_ids, item_ids = group_by_user(events)
    split = splitter.split(log) if target_behavior is None else split_by_behavior(splitter, log, target_behavior)
    if not (split.train_stops >= 2).any():
        raise UserError(
            f"no user has two training events (longest history: {int(log.lengths.max())} events); "
            "use a log with longer histories, or change data.split"
        )
    counts = np.bincount(log.first_events(split.train_stops).items, minlength=len(item_ids) + 1)
    number, num_items = _number_by_count(counts)
    known = number[log.items] <= num_items
    renamed = replace(log, items=number[log.items])
    by_number = np.argsort(number[1:], kind="stable")
    raw = [item_ids[index] for index in by_number]
    train_counts = torch.from_numpy(np.concatenate([[0], counts[1:][by_number[:num_items]]]))
    catalog = Catalog(
        raw[:num_items],
        train_counts,
        feature_columns(raw[:num_items], item_features),
        behaviors=log.behavior_names,
    )
    return PreparedData(
        log=_keep_events(renamed, known),
        catalog=catalog,
        user_ids=user_ids,
        unseen_item_ids=raw[num_items:],
        split=Split(split.train_stops, _shift(split.val, log, known), _shift(split.test, log, known)),
        val_items=renamed.items[log.offsets[split.val.users] + split.val.positions],
        test_items=renamed.items[log.offsets[split.test.users] + split.test.positions],
    )


def _factorize(keys: pl.Series) -> tuple[list[str], NDArray[np.int64]]:
    unique = keys.unique(maintain_order=True)
    codes = keys.cast(pl.Enum(unique)).to_physical().to_numpy().astype(np.int64)
    return unique.to_list(), codes


def _behaviors(events: pl.DataFrame) -> tuple[list[str], NDArray[np.int64] | None]:
    if "behavior" not in events.columns:
        return [], None
    names, codes = _factorize(events["behavior"])
    if len(names) > 255:
        raise UserError(f"the log has {len(names)} kinds of behavior, allowed are 255; change data.columns.behavior")
    return names, codes


def _number_by_count(counts: NDArray[np.int64]) -> tuple[NDArray[np.int32], int]:
    """Number items by falling count, ties by first appearance; the unseen come last."""
    order = np.argsort(-counts[1:], kind="stable") + 1
    number = np.zeros(len(counts), np.int32)
    number[order] = np.arange(1, len(counts))
    return number, int((counts[1:] > 0).sum())


def _keep_events(log: InteractionLog, keep: NDArray[np.bool_]) -> InteractionLog:
    kept = np.concatenate([[0], np.cumsum(keep)]).astype(np.int64)
    return log.take(keep, kept[log.offsets])


def _shift(targets: Targets, log: InteractionLog, keep: NDArray[np.bool_]) -> Targets:
    """Restate positions after events were left out."""
    kept = np.concatenate([[0], np.cumsum(keep)]).astype(np.int64)
    starts = log.offsets[targets.users]
    return Targets(targets.users, kept[starts + targets.positions] - kept[starts])


def feature_columns(item_ids: list[str], features: pl.DataFrame | None) -> dict[str, list]:
    """Return attributes of items as columns in the order of ``item_ids``; None where an item has none."""
    if features is None:
        return {}
    rows = pl.DataFrame({"item_id": item_ids}, schema={"item_id": pl.String})
    shown = features.select(name for name, kind in features.schema.items() if not _is_vector(kind))
    joined = rows.join(shown.unique("item_id", keep="first"), on="item_id", how="left", maintain_order="left")
    return {name: joined[name].to_list() for name in joined.columns if name != "item_id"}


def _is_vector(kind: pl.DataType) -> bool:
    """Tell vectors, which nobody reads and which would fill the memory as lists, from other attributes."""
    return isinstance(kind, pl.Array) or (isinstance(kind, pl.List) and kind.inner in (pl.Float32, pl.Float64))
