"""Prepared data without some people, as if they had never been in the log, and the search for traces of them."""

import json
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray

from seqmine.data.sequences import PreparedData, keep_known, training_counts
from seqmine.data.targets import Split, Targets
from seqmine.structs import AttributeTable, Catalog, UserError


def without_users(data: PreparedData, erased: NDArray[np.bool_]) -> PreparedData:
    """Return prepared data without some users.

    Items are counted and numbered anew, by those who stay: one that only the erased users had is gone, and one that
    only they trained on becomes unseen. What looked at all users stays as it was: the moments of a split by time, the
    steps of cleaning, the values of attributes that occur.

    Args:
        data: as a store holds it.
        erased: (U,) True for users to leave out.

    Raises:
        UserError: nothing is left to train on.
    """
    kept = np.flatnonzero(~erased)
    log, stops = data.log.take_users(kept), data.split.train_stops[kept]
    if not (stops >= 2).any():
        raise UserError("without these users nobody has two training events, so no store is left; remove it instead")
    val, val_items = _of_those_who_stay(data.split.val, data.val_items, erased)
    test, test_items = _of_those_who_stay(data.split.test, data.test_items, erased)
    keys = pl.Series([*data.catalog.item_ids, *data.unseen_item_ids], dtype=pl.String)
    counts = training_counts(log, stops, len(keys) + 1)
    is_there = counts > 0
    is_there[np.concatenate([log.items, val_items, test_items])] = True
    rows = pl.DataFrame({"row": np.arange(1, len(keys) + 1), "count": counts[1:], "key": keys}).filter(is_there[1:])
    order = rows.sort(["count", "key"], descending=[True, False])["row"].to_numpy()
    number = np.zeros(len(keys) + 1, np.int32)
    number[order] = np.arange(1, len(order) + 1)
    num_items = int((counts > 0).sum())
    known, split = keep_known(replace(log, items=number[log.items]), Split(stops, val, test), num_items)
    return PreparedData(
        known,
        _catalog_of(data.catalog, order, num_items, counts),
        [data.user_ids[user] for user in kept.tolist()],
        keys.gather(order[num_items:] - 1).to_list(),
        split,
        number[val_items],
        number[test_items],
    )


def traces(folder: Path, ids: Collection[str]) -> dict[str, list[str]]:
    """Return for each file of a store in which column or text an id of these users stands; empty where none does.

    Every text of the tables and of the JSON files is looked at but the ids of items, which may be the same by chance;
    arrays hold numbers alone.

    Args:
        folder: the store.
        ids: raw keys of users.
    """
    found: dict[str, list[str]] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        for place, texts in _texts(path):
            if not texts.isdisjoint(ids):
                found.setdefault(str(path.relative_to(folder)), []).append(place)
    return found


def _of_those_who_stay(
    targets: Targets, items: NDArray[np.int32], erased: NDArray[np.bool_]
) -> tuple[Targets, NDArray[np.int32]]:
    """Return the targets of the users who stay, who are counted anew, and the items of these targets."""
    rows = np.flatnonzero(~erased[targets.users])
    number = np.cumsum(~erased) - 1
    taken = targets.take(rows)
    return replace(taken, users=number[taken.users]), items[rows]


def _catalog_of(catalog: Catalog, every: NDArray[np.int64], num_items: int, counts: NDArray[np.int64]) -> Catalog:
    """Return the catalog of the first of some items, given by their numbers in a new order; the others are unseen."""
    order, unseen = every[:num_items], every[num_items:]
    rows = (order - 1).tolist()
    attributes = _attributes_of_all(catalog)
    return Catalog(
        [catalog.item_ids[row] for row in rows],
        torch.from_numpy(np.concatenate([[0], counts[order]])),
        {name: [column[row] for row in rows] for name, column in catalog.features.items()},
        behaviors=catalog.behaviors,
        attributes=None if attributes is None else attributes.take(np.concatenate([[0], order])),
        unseen_attributes=None if attributes is None else attributes.take(unseen),
        num_user_codes=catalog.num_user_codes,
        num_user_values=catalog.num_user_values,
    )


def _attributes_of_all(catalog: Catalog) -> AttributeTable | None:
    """Return the attributes of padding, of the items of the catalog and of those that are unseen."""
    known, unseen = catalog.attributes, catalog.unseen_attributes
    if known is None or unseen is None:
        return known
    codes, values = np.concatenate([known.codes, unseen.codes]), np.concatenate([known.values, unseen.values])
    return AttributeTable(codes, values, known.num_codes)


def _texts(path: Path) -> Iterator[tuple[str, set[str]]]:
    """Yield the texts of a file, by where they stand in it."""
    if path.suffix == ".parquet":
        table = pl.read_parquet(path)
        for name, kind in table.schema.items():
            column = table[name].explode() if isinstance(kind, pl.List) else table[name]
            if column.dtype == pl.String and name != "item_id":
                yield name, set(column.drop_nulls().to_list())
    elif path.suffix == ".json":
        yield "text", set(_strings(json.loads(path.read_text())))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, part in value.items():
            yield key
            yield from _strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)
