"""Logs in which the events of each user are put in random order: what is left when there is no order."""

from collections.abc import Iterator
from dataclasses import replace
from typing import no_type_check

import numpy as np
from numpy.typing import NDArray

from seqmine.structs import InteractionLog
from seqmine.structs.kernels import kernel


@no_type_check
@kernel
def _shuffled_rows(offsets: NDArray[np.int64], times: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """Return where each event of the shuffled log comes from; events of one time of a user stay together, in order."""
    np.random.seed(seed)  # noqa: NPY002 - numba compiles this generator only
    rows = np.empty(offsets[-1], np.int64)
    for user in range(len(offsets) - 1):
        start, stop = offsets[user], offsets[user + 1]
        blocks = np.empty((stop - start, 2), np.int64)
        num_blocks = 0
        for event in range(start, stop):
            if event > start and times[event] == times[event - 1]:
                blocks[num_blocks - 1, 1] = event + 1
            else:
                blocks[num_blocks, 0], blocks[num_blocks, 1] = event, event + 1
                num_blocks += 1
        place = start
        for index in range(num_blocks - 1, -1, -1):
            other = np.random.randint(0, index + 1)  # noqa: NPY002
            first, last = blocks[other, 0], blocks[other, 1]
            blocks[other, 0], blocks[other, 1] = blocks[index, 0], blocks[index, 1]
            for event in range(first, last):
                rows[place] = event
                place += 1
    return rows


@no_type_check
@kernel
def _block_times(offsets: NDArray[np.int64], times: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return times for the shuffled events: the first block of a user gets the first time, the second the second."""
    result = np.empty(len(rows), np.int64)
    for user in range(len(offsets) - 1):
        slot = offsets[user]
        for place in range(offsets[user], offsets[user + 1]):
            if place > offsets[user] and times[rows[place]] != times[rows[place - 1]]:
                slot += 1
                while times[slot] == times[slot - 1]:
                    slot += 1
            result[place] = times[slot]
    return result


def shuffled_logs(log: InteractionLog, number: int, seed: int, *, keep_ties: bool) -> Iterator[InteractionLog]:
    """Yield logs in which the events of each user are in random order, as ``shuffle_within_users`` makes one."""
    for index in range(number):
        yield shuffle_within_users(log, seed + index, keep_ties=keep_ties)


def shuffle_within_users(log: InteractionLog, seed: int, *, keep_ties: bool) -> InteractionLog:
    """Return the log with the events of each user in random order; times stay where they are.

    Args:
        log: histories.
        seed: two calls with one seed give one log.
        keep_ties: shuffle groups of events with equal timestamps as wholes, for patterns under ``strict_time``.

    >>> log = InteractionLog.from_lists([[1, 2, 3], [4]])
    >>> sorted(shuffle_within_users(log, 0, keep_ties=False).history(0).tolist())
    [1, 2, 3]
    """
    if keep_ties and log.timestamps is not None:
        times = log.timestamps.astype(np.int64)
        rows = _shuffled_rows(log.offsets, times, seed)
        timestamps = _block_times(log.offsets, times, rows)
    else:
        rows = _shuffled_rows(log.offsets, np.arange(log.num_events), seed)
        timestamps = log.timestamps
    return replace(
        log,
        items=log.items[rows],
        timestamps=timestamps,
        behaviors=None if log.behaviors is None else log.behaviors[rows],
        ratings=None if log.ratings is None else log.ratings[rows],
    )
