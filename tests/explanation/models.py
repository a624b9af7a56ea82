"""Recommenders whose explanations can be written down."""

from functools import partial

import numpy as np
import torch
from torch import nn

from seqmine.models.losses.cross_entropy import CrossEntropy
from seqmine.models.module import SequenceModule
from seqmine.structs import Catalog


class Additive:
    """The log-probability of one item is a base plus a weight of each event; what is left goes to the last item."""

    def __init__(self, weights, item, base=-12.0):
        self.weights, self.item, self.base = torch.tensor(weights, dtype=torch.float64), item, base
        self.num_rows, self.asked = 0, []

    def score(self, batch):
        self.num_rows += len(batch)
        self.asked += [row[row > 0].tolist() for row in batch.items]
        chosen = self.base + self.weights[batch.items].sum(1)
        scores = torch.full((len(batch), len(self.weights)), -60.0, dtype=torch.float64)
        scores[:, self.item] = chosen
        scores[:, -1] = torch.log1p(-chosen.exp())
        return scores


class Table:
    """Scores a catalog after each set of items as a function says."""

    def __init__(self, num_items, scores):
        self.num_items, self.scores, self.num_rows = num_items, scores, 0

    def score(self, batch):
        self.num_rows += len(batch)
        rows = [self.scores([item for item in row.tolist() if item]) for row in batch.items]
        return torch.tensor(np.array([[0.0, *row] for row in rows]), dtype=torch.float64)


class SumEncoder(nn.Module):
    """The hidden state is the sum of the vectors so far."""

    def forward(self, embedded, batch):
        return embedded.cumsum(1)


def linear_module(num_items, embedding_dim=4, seed=0):
    torch.manual_seed(seed)
    optimizer, scheduler = partial(torch.optim.Adam, lr=0.1), partial(torch.optim.lr_scheduler.StepLR, step_size=1)
    module = SequenceModule(
        embedding_dim=embedding_dim, encoder=SumEncoder(), loss=CrossEntropy(), catalog=Catalog.of_size(num_items),
        optimizer=optimizer, scheduler=scheduler,
    )  # fmt: skip
    with torch.no_grad():
        module.item_embedding.weight[1:].normal_()
    return module.eval()
