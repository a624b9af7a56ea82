"""Small logs and batches for the tests of the baselines."""

import numpy as np
import torch

from seqmine.structs import InteractionLog, SequenceBatch


def batch_of(histories):
    lengths = torch.tensor([len(history) for history in histories])
    items = torch.zeros(len(histories), int(lengths.max()), dtype=torch.int64)
    for row, history in enumerate(histories):
        items[row, : len(history)] = torch.tensor(history)
    return SequenceBatch(items, torch.zeros_like(items), lengths, torch.arange(len(histories)))


def with_targets(histories, targets):
    batch = batch_of(histories)
    batch.targets[torch.arange(len(histories)), batch.lengths - 1] = torch.tensor(targets)
    return batch


def random_histories(num_users=30, num_items=12, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.integers(1, num_items + 1, size=rng.integers(1, 15)).tolist() for _ in range(num_users)]


def log_of(histories):
    return InteractionLog.from_lists(histories)
