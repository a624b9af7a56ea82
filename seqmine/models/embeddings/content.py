"""Item vectors out of an item's own vector and its content, which stands in for it where an item is new."""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from seqmine.models.embeddings.attributes import ItemAttributes
from seqmine.models.embeddings.items import ItemEmbedding, scale_up
from seqmine.structs import AttributeTable, Catalog
from seqmine.structs.bounds import ShareBelowOne

_SMALLEST = 1e-4  # share of the largest variance below which a direction is taken for noise


class ContentItems(nn.Module):
    """An item table that fuses an item's own vector with that of its attributes and content vectors.

    Args:
        catalog: the items and what is known of them.
        embedding_dim: size D of the vectors.
        fusion: builds from ``embedding_dim`` what makes one vector of both.
        own_dropout: share of the items whose own vector is left out in each step of training, so that content learns to
            stand alone, as it has to for new items (modality dropout).
        whitening: turn and scale numbers and content vectors so that their entries vary alike and apart (Su et al.
            2021, arXiv:2103.15316): vectors of language models crowd around few directions.

    Raises:
        UserError: nothing is known of items.
    """

    turn: Float[Tensor, "F F"]
    center: Float[Tensor, "F"]

    def __init__(
        self,
        *,
        catalog: Catalog,
        embedding_dim: int,
        fusion: Callable[..., nn.Module],
        own_dropout: ShareBelowOne,
        whitening: bool,
    ) -> None:
        super().__init__()
        self.own = ItemEmbedding(catalog=catalog, embedding_dim=embedding_dim)
        self.attributes = ItemAttributes(catalog=catalog, embedding_dim=embedding_dim)
        self.fusion = fusion(embedding_dim=embedding_dim)
        self.own_dropout = own_dropout
        known = self.attributes.values[1:]
        turn = whitened_by(known) if whitening else torch.eye(known.shape[1])
        # with the weights, so that a run that starts from another reads content as that one did
        self.register_buffer("turn", turn)
        self.register_buffer("center", known.mean(0) if whitening else torch.zeros(known.shape[1]))

    def forward(self, items: Int[Tensor, "B L"]) -> Float[Tensor, "B L D"]:
        """Return the scaled vector of each item."""
        rows, places = items.unique(return_inverse=True)
        own = self.own.vectors().index_select(0, rows)
        found = self._fused(own, self._content(self.attributes.codes[rows], self.attributes.values[rows]))
        return scale_up(found * (rows > 0).unsqueeze(1))[places]

    def vectors(self) -> Float[Tensor, "V D"]:
        """Return the vectors that hidden states are compared with."""
        found = self._fused(self.own.vectors(), self._content(self.attributes.codes, self.attributes.values))
        return torch.cat([torch.zeros_like(found[:1]), found[1:]])

    def vectors_of(self, attributes: AttributeTable) -> Float[Tensor, "R D"]:
        """Return the vectors of items that have none of their own."""
        codes = torch.as_tensor(attributes.codes, dtype=torch.int64, device=self.turn.device)
        content = self._content(codes, torch.as_tensor(attributes.values, device=self.turn.device))
        return self.fusion(torch.zeros_like(content), content)

    def _content(self, codes: Int[Tensor, "R K"], values: Float[Tensor, "R F"]) -> Float[Tensor, "R D"]:
        """Return vectors of content, as small as an item's own."""
        found = self.attributes.embedding(codes, (values - self.center) @ self.turn)
        return found / found.shape[1] ** 0.5

    def _fused(self, own: Float[Tensor, "R D"], content: Float[Tensor, "R D"]) -> Float[Tensor, "R D"]:
        if self.training and self.own_dropout > 0:
            own = own * (torch.rand(len(own), 1, device=own.device) >= self.own_dropout)
        return self.fusion(own, content)


def whitened_by(rows: Float[Tensor, "R F"]) -> Float[Tensor, "F F"]:
    """Return the matrix whose product with centered rows has entries of variance 1 that do not vary together.

    Directions in which the rows hardly vary become 0.

    >>> rows = torch.tensor([[1.0, 1.0], [-1.0, -1.0], [2.0, -2.0], [-2.0, 2.0]])
    >>> turned = rows @ whitened_by(rows)
    >>> (turned.T @ turned / len(rows)).round(decimals=3).abs().tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    centered = (rows - rows.mean(0)).double()
    variances, directions = torch.linalg.eigh(centered.T @ centered / max(len(rows), 1))
    kept = variances > _SMALLEST * variances.amax() if len(variances) else variances > 0
    scales = torch.where(kept, variances.clamp(min=1e-12).rsqrt(), 0.0)
    return (directions * scales @ directions.T).to(rows.dtype)
