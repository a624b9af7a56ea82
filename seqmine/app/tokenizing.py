"""Semantic ids from item vectors: made once, kept with their codebooks, and added to when new items come."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from omegaconf import DictConfig
from rich.table import Table
from safetensors.numpy import load_file, save_file

from seqmine.models.module import item_vectors
from seqmine.models.semantic_ids import residual_codebooks, residual_codes, told_apart
from seqmine.models.semantic_quality import prefix_recall, quality
from seqmine.reporting.terminal import Terminal
from seqmine.runs.components import build
from seqmine.runs.folder import read_config
from seqmine.runs.reading import read_kept, read_table
from seqmine.runs.restore import load_module, run_catalog
from seqmine.structs import UserError
from seqmine.structs.files import write_atomically, write_json

_CODEBOOKS, _IDS = "codebooks.safetensors", "semantic_ids.parquet"


def tokenize_items(config: DictConfig) -> tuple[Path, dict[str, Any]]:
    """Write ``semantic_ids.parquet``, ``tokenizer/`` and ``quality.json``; return the first and what the last says.

    Args:
        config: of ``tokenize``.

    Raises:
        UserError: vectors or tokenizer cannot be read, or a setting cannot be.
    """
    for name in ("num_levels", "num_codes"):
        if config[name] < 1:
            raise UserError(f"{name} is {config[name]}, allowed are whole numbers from 1")
    item_ids, vectors = read_vectors(config.vectors, config.items_path, config.trusted)
    if config.tokenizer is None:
        codebooks = residual_codebooks(vectors, config.num_levels, config.num_codes, config.seed)
        table = _table(item_ids, told_apart(residual_codes(vectors, codebooks)))
    else:
        codebooks, known = read_tokenizer(Path(config.tokenizer), vectors.shape[1])
        table = with_new(known, item_ids, vectors, codebooks)
    folder = Path(config.paths.run)
    tensors = {f"level_{level}": centers for level, centers in enumerate(codebooks)}
    write_atomically(folder / "tokenizer" / _CODEBOOKS, partial(_save, tensors=tensors))
    write_atomically(folder / "tokenizer" / _IDS, table.write_parquet)
    write_atomically(folder / _IDS, table.write_parquet)
    ids = np.array(table["semantic_id"].to_list(), np.int64)
    found = quality(ids, max(len(centers) for centers in codebooks))
    if "data" in config:
        found["prefix_recall"] = _prefix_recall(config, table["item_id"].to_list(), ids)
    write_json(folder / "quality.json", found)
    return folder / _IDS, found


def read_vectors(path: str, items_path: str | None, trusted: Sequence[str]) -> tuple[list[str], NDArray[np.float32]]:
    """Return the keys of items and a vector of each.

    Args:
        path: a .npy matrix, or the folder of a run, whose item vectors are taken.
        items_path: table with the ``item_id`` of each row of the matrix; None: ``items.parquet`` beside it.
        trusted: components of the run that may be built beside those that any configuration may name.

    Raises:
        UserError: nothing of the kind is there.
    """
    if Path(path).is_dir():
        found = item_vectors(load_module(path, read_config(path), trusted))
        if found is None:
            raise UserError(f"vectors is {path!r}, a run whose model has no item vectors; name one that is trained")
        return list(run_catalog(path).item_ids), found[1:].numpy()
    beside = Path(items_path) if items_path is not None else Path(path).with_name("items.parquet")
    try:
        matrix, keys = np.load(path, allow_pickle=False), pl.read_parquet(beside, columns=["item_id"])["item_id"]
    except (OSError, ValueError, pl.exceptions.PolarsError) as error:
        raise UserError(
            f"vectors is {path!r} with the table {beside}, which cannot be read ({error}); name item_vectors.npy of "
            "seqmine.embed, and set items_path where its table is elsewhere"
        ) from error
    if matrix.ndim != 2 or len(matrix) != len(keys):
        raise UserError(f"vectors is {path!r}, of shape {matrix.shape}, allowed is a row for each of {len(keys)} items")
    return keys.cast(pl.String).to_list(), matrix.astype(np.float32)


def read_tokenizer(folder: Path, size: int) -> tuple[list[NDArray[np.float32]], pl.DataFrame]:
    """Return the codebooks and the ids of an earlier run of ``tokenize``.

    Raises:
        UserError: there are none, they are damaged, or for vectors of another size.
    """
    if not (folder / _CODEBOOKS).is_file() or not (folder / _IDS).is_file():
        raise UserError(f"tokenizer is {str(folder)!r}, which has no {_CODEBOOKS}; name one of an earlier run")
    tensors = read_kept(folder / _CODEBOOKS, load_file)
    codebooks = [tensors[f"level_{level}"] for level in range(len(tensors))]
    if codebooks[0].shape[1] != size:
        raise UserError(
            f"tokenizer is {str(folder)!r}, made of vectors of {codebooks[0].shape[1]} numbers, and vectors has "
            f"{size}; take vectors of the same kind"
        )
    return codebooks, read_table(folder / _IDS)


def with_new(
    known: pl.DataFrame, item_ids: Sequence[str], vectors: NDArray[np.float32], codebooks: Sequence[NDArray[np.float32]]
) -> pl.DataFrame:
    """Return a table of ids with those of new items behind; known items keep theirs, whatever their vector is now."""
    new = ~pl.Series(item_ids, dtype=pl.String).is_in(known["item_id"].to_list()).to_numpy()
    taken = np.array(known["semantic_id"].to_list(), np.int64)
    digits = told_apart(residual_codes(vectors[new], codebooks), taken) if new.any() else taken[:0]
    return pl.concat([known, _table(np.array(item_ids, object)[new].tolist(), digits)])


def print_quality(found: dict[str, Any]) -> None:
    """Print how good the ids are."""
    console = Terminal()
    console.print(
        f"{found['num_items']:,} items: {found['collision_rate']:.2%} share all digits but the last, at most "
        f"{found['largest_collision']} the same",
        highlight=False,
    )
    table = Table("digit", "dead codes", "largest load", "balance", "shared by neighbors", "by chance")
    recalls = found.get("prefix_recall", [{}] * len(found["levels"]))
    for level, (load, recall) in enumerate(zip(found["levels"], recalls, strict=True), start=1):
        shares = [f"{recall[name]:.2%}" if recall else "" for name in ("co_bought", "by_chance")]
        table.add_row(
            str(level), str(load["dead_codes"]), f"{load['largest_load']:.2%}", f"{load['balance']:.3f}", *shares
        )
    console.print(table)


def _prefix_recall(config: DictConfig, item_ids: list[str], ids: NDArray[np.int64]) -> list[dict[str, float]]:
    """Hold ids against the training part of a log, whose items without an id share nothing with any other."""
    datamodule = build(config.data.module, config.trusted)
    catalog = datamodule.catalog
    rows = np.array(catalog.encode(item_ids))
    of_log = -1 - np.arange((catalog.num_items + 1) * ids.shape[1]).reshape(-1, ids.shape[1])
    of_log[rows[rows > 0]] = ids[rows > 0]
    return prefix_recall(of_log, datamodule.prepared.training_log())


def _table(item_ids: Sequence[str], ids: NDArray[np.int64]) -> pl.DataFrame:
    keys = pl.Series("item_id", item_ids, dtype=pl.String)
    return pl.DataFrame([keys, pl.Series("semantic_id", ids.tolist(), dtype=pl.List(pl.Int64))])


def _save(path: Path, tensors: dict[str, NDArray[np.float32]]) -> None:
    save_file(tensors, path)
