from dataclasses import replace

import numpy as np
import torch

from seqmine.data.gathering import batch_of_rows, gather, gather_columns
from seqmine.data.rows import training_rows
from seqmine.data.windows import LatestWindow
from seqmine.structs import InteractionLog

LOG = replace(
    InteractionLog.from_lists([[1, 2, 3], [4, 5]]),
    timestamps=np.array([10, 20, 30, 40, 50]),
    ratings=np.array([1, 2, np.nan, 4, 5], np.float32),
)


def test_padding_is_0_and_whole_numbers_are_int64():
    places = np.array([[0, 4], [2, -1]])
    assert gather(LOG.items, places).tolist() == [[1, 5], [3, 0]]
    assert gather(LOG.items, places).dtype == torch.int64
    assert gather(LOG.ratings, np.array([[3, -1]])).tolist() == [[4.0, 0.0]]
    assert gather(np.zeros(0, np.int32), np.array([[-1]])).tolist() == [[0]]


def test_columns_are_those_that_are_asked_for_and_there():
    found = gather_columns(LOG, np.array([[1, -1]]), np.array([0]), ["timestamps", "behaviors"])
    assert {name: column.tolist() for name, column in found.items()} == {"timestamps": [[20, 0]]}


def test_a_batch_of_rows_shows_all_but_the_last_event_and_asks_for_the_next():
    windows = LatestWindow().choose(LOG.offsets, LOG.lengths, 5, np.random.default_rng(0))
    batch = batch_of_rows(LOG, training_rows(LOG, windows, np.arange(2), ahead=1), windows.users, ["timestamps"])
    assert batch.items.tolist() == [[1, 2], [4, 0]]
    assert batch.targets.tolist() == [[2, 3], [5, 0]]
    assert batch.timestamps.tolist() == [[10, 20], [40, 0]]
    assert batch.lengths.tolist() == [2, 1]
