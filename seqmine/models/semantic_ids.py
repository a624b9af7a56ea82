"""Semantic ids: an item as a few digits that similar items share (Rajput et al. 2023, arXiv:2305.05065).

Differs from TIGER, which learns codebooks with an autoencoder: digits are found by k-means in what those before leave
over, which needs no training.
"""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import svds
from torch import Tensor

from seqmine.models.baselines.fitted import count_table
from seqmine.structs import InteractionLog, UserError

_ROUNDS = 25
_ROWS_AT_ONCE = 1 << 15


def residual_codebooks(
    vectors: NDArray[np.float32], num_levels: int, num_codes: int, seed: int
) -> list[NDArray[np.float32]]:
    """Return the centers of each level, found by k-means in what the levels before leave over.

    Args:
        vectors: (R, F), a row an item.
        num_levels: digits of an item without the last, which tells apart.
        num_codes: centers a level, at most; fewer where there are fewer different rows.
        seed: decides where k-means starts.
    """
    left, found = torch.from_numpy(vectors.astype(np.float32)), []
    generator = torch.Generator().manual_seed(seed)
    for _ in range(num_levels):
        centers = _centers(left, num_codes, generator)
        found.append(centers.numpy())
        left = left - centers[_nearest(left, centers)[0]]
    return found


def residual_codes(vectors: NDArray[np.float32], codebooks: Sequence[NDArray[np.float32]]) -> NDArray[np.int64]:
    """Return the digits of each row: at each level the center that is nearest to what is left over.

    >>> books = [np.array([[0.0], [10.0]], np.float32), np.array([[-1.0], [1.0]], np.float32)]
    >>> residual_codes(np.array([[9.0], [0.5]], np.float32), books).tolist()
    [[1, 0], [0, 1]]
    """
    left, digits = torch.from_numpy(vectors.astype(np.float32)), []
    for centers in map(torch.from_numpy, codebooks):
        digits.append(_nearest(left, centers)[0])
        left = left - centers[digits[-1]]
    return torch.stack(digits, dim=1).numpy()


def _centers(rows: Float[Tensor, "R F"], num_codes: int, generator: torch.Generator) -> Float[Tensor, "C F"]:
    """Return centers by Lloyd's k-means; one that nothing is nearest to moves to the row that is worst off."""
    different = rows.unique(dim=0)
    centers = different[torch.randperm(len(different), generator=generator)[:num_codes]]
    for _ in range(_ROUNDS):
        codes, distances = _nearest(rows, centers)
        counts = torch.bincount(codes, minlength=len(centers)).unsqueeze(1)
        means = torch.zeros_like(centers).index_add_(0, codes, rows) / counts.clamp(min=1)
        empty = (counts == 0).squeeze(1)
        means[empty] = rows[distances.topk(int(empty.sum())).indices]
        if torch.equal(means, centers):
            break
        centers = means
    return centers


def _nearest(rows: Float[Tensor, "R F"], centers: Float[Tensor, "C F"]) -> tuple[Int[Tensor, "R"], Float[Tensor, "R"]]:
    """Return the nearest center of each row and the squared distance to it."""
    found = [(centers.square().sum(1) - 2 * part @ centers.T).min(1) for part in rows.split(_ROWS_AT_ONCE)]
    codes, distances = (
        torch.cat(parts) for parts in zip(*((some.indices, some.values) for some in found), strict=True)
    )
    return codes, distances + rows.square().sum(1)


def told_apart(digits: NDArray[np.int64], taken: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """Return the digits with one more, which counts the items that share all others, in their order.

    Args:
        digits: (R, levels).
        taken: (T, levels + 1) ids that are given already; those of new items go on behind them.

    >>> told_apart(np.array([[3, 1], [3, 2], [3, 1]])).tolist()
    [[3, 1, 0], [3, 2, 0], [3, 1, 1]]
    """
    before = np.zeros((0, digits.shape[1] + 1), np.int64) if taken is None else taken
    both = np.concatenate([before[:, :-1], digits])
    shared = np.unique(both, axis=0, return_inverse=True)[1].reshape(-1)
    order = np.argsort(shared, kind="stable")
    places = np.arange(len(both)) - np.searchsorted(shared[order], shared[order])
    last = np.empty(len(both), np.int64)
    last[order] = places
    new = last[len(before) :]
    if len(before):  # digits that are given stay, whatever was taken out between them
        highest = np.full(shared.max() + 1, -1)
        np.maximum.at(highest, shared[: len(before)], before[:, -1])
        known = np.bincount(shared[: len(before)], minlength=len(highest))
        group = shared[len(before) :]
        new = new - known[group] + highest[group] + 1
    return np.concatenate([digits, new[:, None]], axis=1)


def numbered(num_items: int, num_levels: int, num_codes: int) -> NDArray[np.int64]:
    """Return ids that say nothing but the number of an item, for a model whose own come with its weights.

    Raises:
        UserError: there are more items than ids.

    >>> numbered(3, 2, 2).tolist()
    [[0, 0, 0], [0, 1, 0], [1, 0, 0]]
    """
    if num_codes**num_levels < num_items:
        raise UserError(
            f"num_codes is {num_codes} and `num_levels` {num_levels}, too few for {num_items} items; raise one"
        )
    left, digits = np.arange(num_items), [np.zeros(num_items, np.int64)]
    for _ in range(num_levels):
        digits.insert(0, left % num_codes)
        left = left // num_codes
    return np.stack(digits, axis=1)


def occurrence_vectors(log: InteractionLog, num_items: int, size: int) -> NDArray[np.float32]:
    """Return a vector of each item by the histories that it is part of: a truncated singular value decomposition.

    Counts are damped and divided by the size of the history, so that neither frequent items nor long histories prevail.

    Args:
        log: training events.
        num_items: size of the catalog.
        size: entries of a vector; fewer where there are fewer items or users.
    """
    table = count_table(log.event_users, log.items - 1, (log.num_users, num_items))
    table.data[:] = 1.0
    by_user = sparse.diags(1 / np.sqrt(np.maximum(_sums(table, 1), 1)))
    by_item = sparse.diags(1 / np.sqrt(np.maximum(_sums(table, 0), 1)))
    scaled = by_user @ table @ by_item
    size = min(size, *(side - 1 for side in scaled.shape))
    if size < 1:
        return np.zeros((num_items, 1), np.float32)
    start = np.random.default_rng(0).normal(size=min(scaled.shape))
    _, values, right = svds(scaled, k=size, v0=start)
    vectors = right.T * values
    return (vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)).astype(np.float32)


def _sums(table: sparse.csr_matrix, axis: int) -> NDArray[np.float64]:
    return np.asarray(table.sum(axis=axis)).ravel()
