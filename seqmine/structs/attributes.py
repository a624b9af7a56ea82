"""Attributes of items or users in numbers: what a model can embed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class AttributeTable:
    """One row an item or a user.

    Args:
        codes: (R, K) int32, numbers of the values of categorical and multi-valued attributes, from 1; the values of all
            attributes are numbered together, 0 fills rows with fewer values.
        values: (R, F) float32, numeric attributes and the entries of vectors.
        num_codes: number of different values; codes are at most this.
    """

    codes: NDArray[np.int32]
    values: NDArray[np.float32]
    num_codes: int

    @property
    def num_values(self) -> int:
        """Number F of numeric attributes and entries of vectors."""
        return self.values.shape[1]

    def with_padding(self) -> "AttributeTable":
        """Return the table with a row of nothing before the first.

        >>> AttributeTable(np.ones((1, 2), np.int32), np.ones((1, 1), np.float32), 1).with_padding().codes.tolist()
        [[0, 0], [1, 1]]
        """
        first = ((1, 0), (0, 0))
        return AttributeTable(np.pad(self.codes, first), np.pad(self.values, first), self.num_codes)

    def take(self, rows: NDArray[np.integer]) -> "AttributeTable":
        """Return the given rows, in that order.

        >>> AttributeTable(np.array([[1], [2]], np.int32), np.zeros((2, 0), np.float32), 2).take(np.array([1])).codes
        array([[2]], dtype=int32)
        """
        return AttributeTable(self.codes[rows], self.values[rows], self.num_codes)

    def __len__(self) -> int:
        """Return the number of rows R."""
        return len(self.codes)
