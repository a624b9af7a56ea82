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

    def renumbered(
        self, like: "AttributeTable", rows: NDArray[np.int64], like_rows: NDArray[np.int64]
    ) -> "AttributeTable":
        """Return the same rows with values numbered and numbers scaled as in another table.

        How is read off the items that both tables have: the values of one item stand in one order in both, and scales
        differ by a factor and a shift. A value that no such item has becomes 0, nothing.

        Args:
            like: another choice of the same columns, from another catalog.
            rows: rows of the items that both have, here.
            like_rows: rows of the same items in ``like``.
        """
        width = max(self.codes.shape[1], like.codes.shape[1])
        here, there = (
            np.pad(table.codes[places], ((0, 0), (0, width - table.codes.shape[1])))
            for table, places in ((self, rows), (like, like_rows))
        )
        alike = ((here > 0) == (there > 0)).all(axis=1)
        pairs, counts = np.unique(np.stack([here[alike].ravel(), there[alike].ravel()]), axis=1, return_counts=True)
        number = np.zeros(self.num_codes + 1, np.int32)
        for place in np.argsort(
            counts, kind="stable"
        ):  # where tables disagree, the more frequent pair is last and wins
            number[pairs[0, place]] = pairs[1, place]
        number[0] = 0
        values = np.zeros_like(self.values)
        for column in range(self.num_values):
            x, y = self.values[rows, column], like.values[like_rows, column]
            known = (x != 0) | (y != 0)  # 0 is also what is missing
            slope, shift = _line(x[known], y[known])
            own = self.values[:, column]
            values[:, column] = np.where(own != 0, slope * own + shift, 0.0)
        return AttributeTable(number[self.codes], values, like.num_codes)


def _line(x: NDArray[np.float32], y: NDArray[np.float32]) -> tuple[float, float]:
    """Return slope and shift of the line through points that lie on one."""
    if len(x) == 0 or x.min() == x.max():
        return 1.0, 0.0
    spread = x.astype(np.float64) - x.mean(dtype=np.float64)
    slope = float((spread * y).sum() / (spread**2).sum())
    return slope, float(y.mean(dtype=np.float64) - slope * x.mean(dtype=np.float64))
