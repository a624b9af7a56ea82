"""Vectors of items from their content: in shards that are kept by what is in them, so that a killed run goes on."""

import hashlib
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray
from omegaconf import DictConfig

from seqmine.reporting.progress import progress_bar
from seqmine.runs.components import build
from seqmine.structs import UserError
from seqmine.structs.files import write_atomically


class Embedder(Protocol):
    """Turns texts into vectors."""

    def fingerprint(self) -> str:
        """Return a hash that changes when the same text would get another vector."""
        ...

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one row a text."""
        ...


def embed_items(config: DictConfig) -> Path:
    """Write ``item_vectors.npy`` and the table whose rows it belongs to, ``items.parquet``; return the former.

    Args:
        config: of ``embed``.

    Raises:
        UserError: there is no table of items, or it has no such column.
    """
    source, attributes = build(config.data.source, config.trusted), build(config.data.item_attributes, config.trusted)
    table = attributes.read(source.item_features())
    if table is None:
        raise UserError("the data bring no table of items; set data.items_path or data.item_attributes.path")
    texts = item_texts(table, config.columns)
    embedder = build(config.embedder, config.trusted)
    matrix = shards_of(embedder, texts, config.shard_size, Path(config.cache))
    folder = Path(config.paths.run)
    write_atomically(folder / "items.parquet", table.write_parquet)
    write_atomically(folder / "item_vectors.npy", partial(_save, matrix=matrix))
    return folder / "item_vectors.npy"


def item_texts(table: pl.DataFrame, columns: Sequence[str]) -> list[str]:
    """Return the chosen columns of each row as one text; what is missing is left out.

    Raises:
        UserError: the table has no such column.

    >>> item_texts(pl.DataFrame({"title": ["Heat", None], "genres": [["Crime", "Action"], []]}), ["title", "genres"])
    ['title: Heat. genres: Crime, Action', '']
    """
    for name in columns:
        if name not in table.columns:
            raise UserError(
                f"columns has {name!r}, and the table of items has {', '.join(table.columns)}; change columns"
            )
    return [
        ". ".join(f"{name}: {text}" for name, text in zip(columns, map(_plain, row), strict=True) if text)
        for row in table.select(columns).iter_rows()
    ]


def shards_of(embedder: Embedder, texts: Sequence[str], shard_size: int, cache: Path) -> NDArray[np.float32]:
    """Return the vector of each text; shards that are in the cache are read instead of made.

    Args:
        embedder: makes vectors.
        texts: one an item.
        shard_size: texts a shard, from 1.
        cache: folder of the shards, each named by its texts and the embedder.

    Raises:
        UserError: shards of no text.
    """
    if shard_size < 1:
        raise UserError(f"shard_size is {shard_size}, allowed are whole numbers from 1")
    made_by = embedder.fingerprint()
    parts = []
    with progress_bar(len(texts), "item vectors") as advance:
        for start in range(0, len(texts), shard_size):
            shard = list(texts[start : start + shard_size])
            name = hashlib.blake2b(json.dumps([made_by, shard]).encode(), digest_size=16).hexdigest()
            path = cache / f"{name}.npy"
            if not path.is_file():
                write_atomically(path, partial(_save, matrix=embedder.vectors(shard)))
            parts.append(np.load(path, allow_pickle=False))
            advance(len(shard))
    return np.concatenate(parts)


def _plain(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def _save(path: Path, matrix: NDArray[np.float32]) -> None:
    with path.open("wb") as file:
        np.save(file, matrix, allow_pickle=False)
