"""Items that are alike: by the vectors that a model learned, and by who had both in the training part."""

import numpy as np
import polars as pl
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor

from seqmine.models.baselines.fitted import count_table
from seqmine.structs import Catalog, InteractionLog, UserError


def similar_items(
    rows: NDArray[np.int64],
    catalog: Catalog,
    vectors: Float[Tensor, "V D"] | None,
    log: InteractionLog,
    top_k: int,
    min_users: int,
) -> pl.DataFrame:
    """Return the items nearest to some items, by the model and by co-occurrence side by side.

    The columns are ``item_id``, ``rank``; ``model_item_id`` and ``similarity``, the cosine of the vectors; and
    ``together_item_id``, ``num_users`` and ``together``, the cosine of the sets of users (Sarwar et al., WWW 2001).
    A title stands beside each id where the catalog has titles, and null where there is no such neighbor.

    Args:
        rows: item_index of the items that are asked about.
        catalog: of the model.
        vectors: of the items of the catalog; None for a model that has none.
        log: training part, numbered as the catalog.
        top_k: most neighbors of each kind.
        min_users: fewest users who had both items; what fewer had says something about persons.

    Raises:
        UserError: ``top_k`` or ``min_users`` is below 1.
    """
    for name, value in {"top_k": top_k, "min_users": min_users}.items():
        if value < 1:
            raise UserError(f"{name} is {value}, allowed are whole numbers from 1; change {name}")
    by_model = _by_vectors(rows, vectors, top_k) if vectors is not None else [_NOBODY] * len(rows)
    by_users = _by_users(rows, log, catalog.num_items, top_k, min_users)
    tables = []
    for row, (near, cosines), (together, counts, shares) in zip(rows.tolist(), by_model, by_users, strict=True):
        length = max(len(near), len(together))
        tables.append(
            pl.DataFrame(
                {
                    "item": _filled([row] * length, length, pl.Int64),
                    "rank": _filled(range(1, length + 1), length, pl.Int64),
                    "model": _filled(near, length, pl.Int64),
                    "similarity": _filled(cosines, length, pl.Float64),
                    "beside": _filled(together, length, pl.Int64),
                    "num_users": _filled(counts, length, pl.Int64),
                    "together": _filled(shares, length, pl.Float64),
                }
            )
        )
    return _with_keys(pl.concat(tables), catalog)


_NOBODY: tuple[list[int], list[float]] = ([], [])


def _by_vectors(
    rows: NDArray[np.int64], vectors: Float[Tensor, "V D"], top_k: int
) -> list[tuple[list[int], list[float]]]:
    units = torch.nn.functional.normalize(vectors.float(), dim=1)
    found = []
    for row in rows.tolist():  # one at a time: a catalog may be large
        cosines = units @ units[row]
        cosines[[0, row]] = -torch.inf
        best = cosines.topk(min(top_k, len(cosines) - 2))
        found.append((best.indices.tolist(), best.values.tolist()))
    return found


def _by_users(
    rows: NDArray[np.int64], log: InteractionLog, num_items: int, top_k: int, min_users: int
) -> list[tuple[list[int], list[int], list[float]]]:
    # who had an item twice is one user
    had = (count_table(log.event_users, log.items, (log.num_users, num_items + 1)) > 0).astype(np.int64).tocsc()
    num_users = np.asarray(had.sum(axis=0)).ravel()
    found = []
    for row in rows.tolist():
        counts = np.asarray((had[:, [row]].T @ had).todense()).ravel()
        counts[[0, row]] = 0
        near = np.flatnonzero(counts >= min_users)
        cosines = counts[near] / np.sqrt(num_users[near] * num_users[row])
        best = np.argsort(-cosines, kind="stable")[:top_k]
        found.append((near[best].tolist(), counts[near[best]].tolist(), cosines[best].tolist()))
    return found


def _filled(values: list | range, length: int, dtype: type[pl.DataType]) -> pl.Series:
    return pl.Series([*values, *[None] * (length - len(values))], dtype=dtype)


def _with_keys(table: pl.DataFrame, catalog: Catalog) -> pl.DataFrame:
    keys = pl.Series([None, *catalog.item_ids], dtype=pl.String)
    titles = catalog.features.get("title")
    names = {"item": "item_id", "model": "model_item_id", "beside": "together_item_id"}
    columns: list[pl.Series] = []
    for column in table:
        if column.name not in names:
            columns.append(column)
            continue
        columns.append(keys.gather(column).alias(names[column.name]))
        if titles is not None:
            known = pl.Series([None, *titles], dtype=pl.String, strict=False)
            columns.append(known.gather(column).alias(names[column.name].replace("item_id", "title")))
    return pl.DataFrame(columns)
