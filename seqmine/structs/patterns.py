"""Sequential patterns and rules as immutable tables of columns."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from seqmine.structs.log import segment_positions


@dataclass(frozen=True)
class PatternTable:
    """Patterns in flat arrays with offsets, with any number of measures per pattern.

    Args:
        symbols: (T,) int32, symbols of all patterns, one pattern after the other.
        offsets: (P + 1,) int64, where each pattern starts.
        support_count: (P,) int64, number of users whose history contains the pattern.
        num_users: number of users that were searched.
        columns: further measures, each of length P (``p_value``, ``holdout_support`` ...).
    """

    symbols: NDArray[np.int32]
    offsets: NDArray[np.int64]
    support_count: NDArray[np.int64]
    num_users: int
    columns: dict[str, NDArray] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of patterns P."""
        return len(self.support_count)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(P,) number of symbols of each pattern."""
        return np.diff(self.offsets)

    def pattern(self, row: int) -> tuple[int, ...]:
        """Return the symbols of one pattern."""
        return tuple(self.symbols[self.offsets[row] : self.offsets[row + 1]].tolist())

    def patterns(self) -> list[tuple[int, ...]]:
        """Return the symbols of every pattern."""
        flat, offsets = self.symbols.tolist(), self.offsets.tolist()
        return [tuple(flat[start:stop]) for start, stop in pairwise(offsets)]

    def with_columns(self, **columns: NDArray) -> "PatternTable":
        """Return the table with more measures per pattern."""
        for name, column in columns.items():
            if len(column) != len(self):
                raise ValueError(f"column {name} has {len(column)} values for {len(self)} patterns")
        return replace(self, columns={**self.columns, **columns})

    def take(self, rows: NDArray[np.int64]) -> "PatternTable":
        """Return the patterns of the given rows, in that order."""
        rows = np.asarray(rows, dtype=np.int64)
        lengths = self.lengths[rows]
        flat = segment_positions(self.offsets[:-1][rows], lengths)
        offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        columns = {name: column[rows] for name, column in self.columns.items()}
        return PatternTable(self.symbols[flat], offsets, self.support_count[rows], self.num_users, columns)

    @classmethod
    def from_lists(
        cls, patterns: Sequence[Sequence[int]], support_count: Sequence[int], num_users: int
    ) -> "PatternTable":
        """Build a table from a list of patterns and their supports.

        >>> PatternTable.from_lists([(1, 2), (3,)], [5, 4], 10).pattern(0)
        (1, 2)
        """
        offsets = np.concatenate([[0], np.cumsum([len(pattern) for pattern in patterns])]).astype(np.int64)
        symbols = np.array([symbol for pattern in patterns for symbol in pattern], dtype=np.int32)
        return cls(symbols, offsets, np.asarray(support_count, dtype=np.int64), num_users)
