"""State that fitting makes: buffers of any size that survive in a checkpoint, and rows of a sparse table."""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn

Entries = tuple[Int[Tensor, "E"], Int[Tensor, "E"], Float[Tensor, "E"]]


def declare_buffers(module: nn.Module, **dtypes: torch.dtype) -> None:
    """Give a module empty buffers that ``fit`` fills, and that a checkpoint of any size can be loaded into."""
    for name, dtype in dtypes.items():
        module.register_buffer(name, torch.zeros(0, dtype=dtype))
    module.register_load_state_dict_pre_hook(_take_sizes)


def _take_sizes(module: nn.Module, state_dict: dict[str, Tensor], prefix: str, *_: Any) -> None:
    for name, buffer in module.named_buffers(recurse=False):
        if prefix + name in state_dict:
            setattr(module, name, buffer.new_empty(state_dict[prefix + name].shape))


def store(module: nn.Module, **arrays: NDArray) -> None:
    """Fill declared buffers, each in its declared type and on its device."""
    for name, array in arrays.items():
        declared = module.get_buffer(name)
        setattr(module, name, torch.as_tensor(np.ascontiguousarray(array)).to(declared))


def count_table(rows: NDArray, columns: NDArray, shape: tuple[int, int]) -> sparse.csr_matrix:
    """Return how often each pair of row and column occurs.

    >>> count_table(np.array([0, 0, 1]), np.array([2, 2, 0]), (2, 3)).toarray().tolist()
    [[0.0, 0.0, 2.0], [1.0, 0.0, 0.0]]
    """
    return sparse.coo_matrix((np.ones(len(rows)), (rows, columns)), shape=shape).tocsr()


def entries_of_rows(
    offsets: Int[Tensor, "R"], columns: Int[Tensor, "T"], values: Float[Tensor, "T"], rows: Int[Tensor, "B"]
) -> Entries:
    """Return the entries of the chosen rows of a sparse table, as (place in ``rows``, column, value).

    >>> offsets, columns, values = torch.tensor([0, 2, 3]), torch.tensor([5, 6, 7]), torch.tensor([0.5, 0.6, 0.7])
    >>> [part.tolist() for part in entries_of_rows(offsets, columns, values, torch.tensor([1, 1]))[:2]]
    [[0, 1], [7, 7]]
    """
    lengths = offsets[rows + 1] - offsets[rows]
    places = torch.repeat_interleave(torch.arange(len(rows), device=rows.device), lengths)
    ends = lengths.cumsum(0)
    flat = torch.arange(len(places), device=rows.device) + (offsets[rows] - (ends - lengths))[places]
    return places, columns[flat], values[flat]
