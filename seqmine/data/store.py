"""Prepared data on disk: flat arrays that are memory-mapped, and a description.

A store is written under a temporary name and renamed when complete, so a folder that exists is whole.
"""

import json
from collections.abc import Sequence
from dataclasses import fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any, overload

import numpy as np
import polars as pl
import torch

from seqmine.data.checksums import sealed
from seqmine.data.sequences import PreparedData
from seqmine.data.targets import Split, Targets
from seqmine.structs import AttributeTable, Catalog, InteractionLog, UserError
from seqmine.structs.files import scratch, sync, write_atomically

STORE_VERSION = 6

# in a catalog file: the key of what is said about it, and the columns of attributes in numbers
_ABOUT, _CODES, _VALUES = "seqmine", "attribute_codes", "attribute_values"


class StoredKeys(Sequence[str]):
    """Raw keys that are read when the first of them is asked for: a training asks for none of the users.

    Args:
        path: of a Parquet file.
        column: that holds the keys.
    """

    def __init__(self, path: Path, column: str) -> None:
        self.path, self.column = path, column

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> list[str]: ...

    def __getitem__(self, index: int | slice) -> str | list[str]:
        """Return the key of a number, or some keys."""
        return self._keys[index]

    def __len__(self) -> int:
        """Return the number of keys."""
        return len(self._keys)

    @cached_property
    def _keys(self) -> list[str]:
        return pl.read_parquet(self.path)[self.column].to_list()


def write_store(data: PreparedData, folder: Path, description: dict[str, Any], reports: dict[str, str]) -> None:
    """Write prepared data into ``folder``, which appears complete or not at all.

    Args:
        data: what to keep.
        folder: must not exist yet; a folder that another process completed meanwhile is kept.
        description: what the data was made from; kept as ``description.json``.
        reports: texts by file name, kept beside the arrays.
    """
    with scratch(folder.parent, folder.name) as temporary:
        for name, column in _arrays(data).items():
            np.save(temporary / f"{name}.npy", column)
        _write_tables(data, temporary)
        meta = {
            "version": STORE_VERSION,
            "behavior_names": list(data.log.behavior_names),
            "num_user_codes": data.catalog.num_user_codes,
            **description,
        }
        for name, text in reports.items():
            (temporary / name).write_text(text)
        (temporary / "description.json").write_text(json.dumps(sealed(meta, temporary), indent=2))
        for path in temporary.iterdir():
            sync(path)
        if not folder.exists():
            temporary.replace(folder)


def read_store(folder: Path) -> PreparedData:
    """Read prepared data; arrays are memory-mapped, so that all processes share them."""
    if not (folder / "description.json").is_file():
        raise UserError(f"{folder} is not a store of prepared data; remove it or change paths.store")
    meta = json.loads((folder / "description.json").read_text())
    catalog, unseen = read_catalog(folder / "catalog.parquet"), pl.read_parquet(folder / "unseen_items.parquet")
    if catalog.attributes is not None:
        rows = _read_attributes(unseen, catalog.attributes.num_codes)
        catalog = replace(catalog, unseen_attributes=rows and rows.take(np.arange(1, len(rows))))
    columns = {path.stem: np.load(path, mmap_mode="r") for path in folder.glob("*.npy")}
    log = InteractionLog(
        items=columns["items"],
        offsets=np.asarray(columns["offsets"]),
        timestamps=columns.get("timestamps"),
        behaviors=columns.get("behaviors"),
        ratings=columns.get("ratings"),
        behavior_names=meta["behavior_names"],
        users=_read_user_attributes(columns, meta),
        people=columns.get("people"),
    )
    return PreparedData(
        log=log,
        catalog=catalog,
        user_ids=StoredKeys(folder / "users.parquet", "user_id"),
        unseen_item_ids=unseen["item_id"].to_list(),
        split=Split(
            np.asarray(columns["train_stops"]),
            _read_targets(columns, "val"),
            _read_targets(columns, "test"),
        ),
        val_items=columns["val_items"],
        test_items=columns["test_items"],
    )


def write_catalog(catalog: Catalog, path: Path) -> None:
    """Write a catalog as Parquet, atomically."""
    frame = pl.DataFrame(
        {
            "item_id": list(catalog.item_ids),
            "item_index": range(1, catalog.num_items + 1),
            "train_count": catalog.train_counts[1:].tolist(),
            **catalog.features,
            **_attribute_columns(catalog.attributes),
        },
        schema_overrides={"item_id": pl.String, "item_index": pl.Int64, "train_count": pl.Int64},
    )
    about = {
        "behaviors": list(catalog.behaviors),
        "num_codes": catalog.attributes.num_codes if catalog.attributes else None,
        "num_user_codes": catalog.num_user_codes,
        "num_user_values": catalog.num_user_values,
    }
    write_atomically(path, lambda temporary: frame.write_parquet(temporary, metadata={_ABOUT: json.dumps(about)}))


def read_catalog(path: Path) -> Catalog:
    """Read a catalog that ``write_catalog`` wrote."""
    frame = pl.read_parquet(path)
    counts = torch.from_numpy(np.concatenate([[0], frame["train_count"].to_numpy()]))
    about = json.loads(pl.read_parquet_metadata(path)[_ABOUT])
    known = {"item_id", "item_index", "train_count", _CODES, _VALUES}
    return Catalog(
        frame["item_id"].to_list(),
        counts,
        features={name: frame[name].to_list() for name in frame.columns if name not in known},
        behaviors=about["behaviors"],
        attributes=_read_attributes(frame, about["num_codes"]),
        num_user_codes=about["num_user_codes"],
        num_user_values=about["num_user_values"],
    )


def _attribute_columns(table: AttributeTable | None) -> dict[str, pl.Series]:
    """Return the rows of the items as columns of arrays, without that of padding; none of no width."""
    columns = {} if table is None else {_CODES: table.codes[1:], _VALUES: table.values[1:]}
    return {name: pl.Series(name, np.asarray(rows)) for name, rows in columns.items() if rows.shape[1]}


def _read_attributes(frame: pl.DataFrame, num_codes: int | None) -> AttributeTable | None:
    if num_codes is None:
        return None
    widths = {_CODES: np.int32, _VALUES: np.float32}
    rows = {
        name: frame[name].to_numpy() if name in frame.columns else np.zeros((len(frame), 0), dtype)
        for name, dtype in widths.items()
    }
    return AttributeTable(rows[_CODES], rows[_VALUES], num_codes).with_padding()


def _read_targets(columns: dict[str, np.ndarray], part: str) -> Targets:
    return Targets(**{field.name: columns.get(f"{part}_{field.name}") for field in fields(Targets)})  # type: ignore[arg-type]


def _read_user_attributes(columns: dict[str, np.ndarray], meta: dict[str, Any]) -> AttributeTable | None:
    if "user_codes" not in columns:
        return None
    return AttributeTable(columns["user_codes"], columns["user_values"], meta["num_user_codes"])


def _arrays(data: PreparedData) -> dict[str, np.ndarray]:
    log, split = data.log, data.split
    columns: dict[str, np.ndarray | None] = {
        "items": log.items,
        "offsets": log.offsets,
        "timestamps": log.timestamps,
        "behaviors": log.behaviors,
        "ratings": log.ratings,
        "people": log.people,
        "user_codes": None if log.users is None else log.users.codes,
        "user_values": None if log.users is None else log.users.values,
        "train_stops": split.train_stops,
        "val_items": data.val_items,
        "test_items": data.test_items,
    }
    for part, targets in (("val", split.val), ("test", split.test)):
        columns |= {f"{part}_{field.name}": getattr(targets, field.name) for field in fields(targets)}
    return {name: column for name, column in columns.items() if column is not None}


def _write_tables(data: PreparedData, folder: Path) -> None:
    write_catalog(data.catalog, folder / "catalog.parquet")
    pl.DataFrame({"user_id": list(data.user_ids)}, schema={"user_id": pl.String}).write_parquet(
        folder / "users.parquet"
    )
    attributes = data.catalog.unseen_attributes
    columns = _attribute_columns(None if attributes is None else attributes.with_padding())
    unseen = pl.DataFrame({"item_id": data.unseen_item_ids, **columns}, schema_overrides={"item_id": pl.String})
    unseen.write_parquet(folder / "unseen_items.parquet")
