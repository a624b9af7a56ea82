"""Takes the columns of events and users of a log into the tensors of a batch."""

from collections.abc import Collection
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from seqmine.data.rows import TrainingRows, length_groups
from seqmine.structs import InteractionLog, SequenceBatch


def batch_of_rows(
    log: InteractionLog, rows: TrainingRows, users: NDArray[np.int64], columns: Collection[str]
) -> SequenceBatch:
    """Make a training batch of rows.

    Args:
        log: the histories that the rows point into.
        rows: what is seen and what is to be predicted.
        users: (B,) user of each row.
        columns: names of optional fields of ``SequenceBatch``.
    """
    return SequenceBatch(
        items=torch.from_numpy(rows.items),
        targets=gather(log.items, rows.targets),
        lengths=torch.from_numpy(rows.lengths),
        user_index=torch.from_numpy(users),
        groups=length_groups(rows.lengths),
        **gather_columns(log, rows.events, users, columns),
    )


def gather(column: NDArray, positions: NDArray[np.int64]) -> Tensor:
    """Take a column at positions, 0 where the position is -1; whole numbers become int64."""
    dtype = column.dtype if column.dtype == np.float32 else np.dtype(np.int64)
    values = column[np.maximum(positions, 0)].astype(dtype) if len(column) else np.zeros(positions.shape, dtype)
    return torch.from_numpy(np.where(positions < 0, dtype.type(0), values))


def gather_columns(
    log: InteractionLog, positions: NDArray[np.int64], users: NDArray[np.int64], columns: Collection[str]
) -> dict[str, Any]:
    """Return the asked-for optional columns of a batch that the log has.

    Args:
        log: the histories to gather from.
        positions: (B, L) places in the flat arrays, -1 where padded.
        users: (B,) user of each row.
        columns: names of optional fields of ``SequenceBatch``.
    """
    events = {"behaviors": log.behaviors, "timestamps": log.timestamps, "ratings": log.ratings}
    asked = {name: column for name, column in events.items() if name in columns}
    found = {name: gather(column, positions) for name, column in asked.items() if column is not None}
    if log.users is not None:
        rows = {"user_codes": log.users.codes, "user_values": log.users.values}
        found |= {name: _rows(column, users) for name, column in rows.items() if name in columns}
    return found


def _rows(column: NDArray, users: NDArray[np.int64]) -> Tensor:
    values = np.asarray(column[users])
    return torch.from_numpy(values if values.dtype == np.float32 else values.astype(np.int64))
