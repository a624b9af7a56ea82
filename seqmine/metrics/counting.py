"""Where a row of scores is compared with few numbers: on a CPU by compiled loops that read each score once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import no_type_check

import numpy as np
import torch
from jaxtyping import Float, Int
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

_BLOCK = 64  # scores compared at once with the worst of the best so far


def count_above(scores: Float[Tensor, "B V"], columns: Int[Tensor, "B"]) -> tuple[Int[Tensor, "B"], Int[Tensor, "B"]]:
    """Return how many columns from 1 on are scored above the given one of each row, and how many like it.

    Args:
        scores: higher is better.
        columns: one of each row; it counts as like itself, unless it is column 0.
    """
    if scores.device.type != "cpu":
        own, others = scores.gather(1, columns.unsqueeze(1)), scores[:, 1:]
        return (others > own).sum(1), (others == own).sum(1)
    counts = _in_parts(_count_above, _array(scores), columns.numpy())
    return counts[:, 0], counts[:, 1]


def best_columns(scores: Float[Tensor, "B V"], top_k: int) -> Int[Tensor, "B K"]:
    """Return the columns with the highest scores, best first; 0 where fewer than ``top_k`` are above minus infinity.

    Of equal scores a CPU takes the first column.

    Args:
        scores: higher is better; columns of minus infinity are left out.
        top_k: length K of the lists, at most the number of columns.
    """
    if scores.device.type != "cpu":
        values, columns = scores.topk(top_k, dim=1)
        return torch.where(values > -torch.inf, columns, 0)
    return _in_parts(lambda rows: _best_columns(rows, top_k), _array(scores))


def _in_parts(count: Callable[..., NDArray], *arrays: NDArray) -> Tensor:
    """Count parts of the rows in threads of their own, half as many as torch has, whose idle ones keep spinning."""
    num_parts = max(1, torch.get_num_threads() // 2)
    if num_parts == 1:
        return torch.from_numpy(count(*arrays))
    counts = _threads(num_parts).map(count, *(np.array_split(array, num_parts) for array in arrays))
    return torch.from_numpy(np.concatenate(list(counts)))


@cache
def _threads(number: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(number)


def _array(scores: Tensor) -> NDArray:
    scores = scores.detach()
    return (scores if scores.dtype in (torch.float32, torch.float64) else scores.float()).numpy()


# no_type_check: what a checker wraps around a function cannot be compiled.
@njit(cache=True, nogil=True)
@no_type_check
def _count_above(scores: NDArray, columns: NDArray) -> NDArray:
    counts = np.zeros((len(scores), 2), np.int64)
    for row in range(len(scores)):
        others = scores[row, 1:]
        own = scores[row, columns[row]]
        above, level = np.int32(0), np.int32(0)  # as wide as the scores, so that the loop is vectorized
        for column in range(len(others)):
            above += np.int32(others[column] > own)
            level += np.int32(others[column] == own)
        counts[row, 0], counts[row, 1] = above, level
    return counts


@njit(cache=True, nogil=True)
@no_type_check
def _best_columns(scores: NDArray, top_k: int) -> NDArray:
    best = np.zeros((len(scores), top_k), np.int64)
    for row in range(len(scores)):
        values = np.full(top_k, -np.inf, scores.dtype)
        for start in range(0, scores.shape[1], _BLOCK):
            block = scores[row, start : start + _BLOCK]
            worst = values[-1]
            better = np.int32(0)
            for column in range(len(block)):
                better += np.int32(block[column] > worst)
            if better > 0:
                _insert(block, start, values, best[row])
    return best


@njit(cache=True, nogil=True)
@no_type_check
def _insert(block: NDArray, start: int, values: NDArray, best: NDArray) -> None:
    """Put the scores of a block that are above the worst of the best into their places."""
    last = len(values) - 1
    for column in range(len(block)):
        value = block[column]
        if value > values[last]:
            place = last
            while place > 0 and value > values[place - 1]:
                values[place], best[place] = values[place - 1], best[place - 1]
                place -= 1
            values[place], best[place] = value, start + column
