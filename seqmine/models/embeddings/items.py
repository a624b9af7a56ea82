"""The item table: one vector an item, shared by the input and the output of a model."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from seqmine.structs import Catalog
from seqmine.structs.bounds import PositiveInt


class ItemEmbedding(nn.Module):
    """A tied table of item vectors whose row 0, padding, is and stays zero.

    Vectors start small, so that a rare item says little before it has learnt something; as input they are scaled up by
    the root of their size (Vaswani et al. 2017, arXiv:1706.03762).

    Args:
        catalog: the items.
        embedding_dim: size D of the vectors.
    """

    def __init__(self, *, catalog: Catalog, embedding_dim: PositiveInt) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(catalog.num_items + 1, embedding_dim))
        nn.init.normal_(self.weight, std=0.02)
        with torch.no_grad():
            self.weight[0].zero_()

    def forward(self, items: Int[Tensor, "B L"]) -> Float[Tensor, "B L D"]:
        """Return the scaled vector of each item."""
        return scale_up(take_rows(self.weight, items))

    def vectors(self) -> Float[Tensor, "V D"]:
        """Return the vectors that hidden states are compared with."""
        return self.weight


def take_rows(table: Float[Tensor, "V D"], rows: Int[Tensor, "*shape"]) -> Float[Tensor, "*shape D"]:
    """Gather rows of an item table; row 0, padding, gets no gradient.

    The gradient holds only the rows that were taken where the optimizer says that it can work with that.
    """
    return F.embedding(rows, table, padding_idx=0, sparse=getattr(table, "takes_sparse_gradient", False))


def scale_up(vectors: Float[Tensor, "*shape D"]) -> Float[Tensor, "*shape D"]:
    """Return the vectors of items as an encoder takes them.

    >>> scale_up(torch.ones(4)).tolist()
    [2.0, 2.0, 2.0, 2.0]
    """
    return vectors * vectors.shape[-1] ** 0.5
