"""Item vectors that are sums of the vectors of the digits of semantic ids."""

from typing import ClassVar

import numpy as np
import polars as pl
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from seqmine.models.embeddings.items import scale_up
from seqmine.models.layers.item_trie import ItemTrie
from seqmine.models.semantic_ids import numbered, occurrence_vectors, residual_codebooks, residual_codes, told_apart
from seqmine.structs import Catalog, UserError
from seqmine.structs.bounds import PositiveInt


class SemanticItems(nn.Module):
    """An item table whose vectors are sums of one vector a digit, which items with the same digit share.

    Args:
        catalog: the items and their training part; without it, as in a finished run, the ids come with the weights.
        embedding_dim: size D of the vectors.
        semantic_ids: ``semantic_ids.parquet`` of ``seqmine.tokenize``; None makes ids of what stands together in the
            training part.
        num_levels: digits of an item without the last, which tells items apart that share all others.
        num_codes: values of a digit.

    Raises:
        UserError: the file has no id for an item, or one with other digits than the settings say.
    """

    counted: ClassVar[tuple[str, ...]] = ("trie.codes",)
    """Buffers that are made from a log: a training that starts from another run keeps those of its own log."""

    def __init__(
        self,
        *,
        catalog: Catalog,
        embedding_dim: int,
        semantic_ids: str | None,
        num_levels: PositiveInt,
        num_codes: PositiveInt,
    ) -> None:
        super().__init__()
        if catalog.training_log is None:
            codes = numbered(catalog.num_items, num_levels, num_codes)
        elif semantic_ids is not None:
            codes = read_ids(semantic_ids, catalog, num_levels)
        else:
            vectors = occurrence_vectors(catalog.training_log(), catalog.num_items, embedding_dim)
            codes = told_apart(residual_codes(vectors, residual_codebooks(vectors, num_levels, num_codes, seed=0)))
        if codes.max() >= num_codes:
            raise UserError(
                f"num_codes is {num_codes}, and an id has the digit {codes.max()}; raise `num_codes` or `num_levels`"
            )
        self.trie = ItemTrie(torch.from_numpy(np.pad(codes, ((1, 0), (0, 0)))))
        self.digits = nn.Parameter(torch.empty(num_levels + 1, num_codes, embedding_dim))
        nn.init.normal_(self.digits, std=0.02)

    def forward(self, items: Int[Tensor, "*shape"]) -> Float[Tensor, "*shape D"]:
        """Return the scaled vector of each item."""
        return scale_up(self._sums(items))

    def vectors(self) -> Float[Tensor, "V D"]:
        """Return the sum of the vectors of the digits of each item."""
        return self._sums(torch.arange(len(self.trie.codes), device=self.digits.device))

    def prefix(self, level: int, nodes: Int[Tensor, "*shape"]) -> Float[Tensor, "*shape D"]:
        """Return the scaled sum of the vectors of the digits that lead to each node of a level of the tree, from 1."""
        return scale_up(self._of_digits(self.trie.digits_of(level, nodes)))

    def _sums(self, items: Int[Tensor, "*shape"]) -> Float[Tensor, "*shape D"]:
        return self._of_digits(self.trie.codes[items]) * (items > 0).unsqueeze(-1)

    def _of_digits(self, codes: Int[Tensor, "*shape P"]) -> Float[Tensor, "*shape D"]:
        levels = range(codes.shape[-1])
        return torch.stack([F.embedding(codes[..., level], self.digits[level]) for level in levels]).sum(0)


def read_ids(path: str, catalog: Catalog, num_levels: int) -> NDArray[np.int64]:
    """Return the digits of each item of a catalog.

    Args:
        path: file with ``item_id`` and ``semantic_id``, a list of digits.
        catalog: the items.
        num_levels: digits that an id is to have, without the last.

    Raises:
        UserError: the file cannot be read, has no id for an item, or ids of another length.
    """
    try:
        table = pl.read_parquet(path, columns=["item_id", "semantic_id"]).unique("item_id", keep="first")
    except (OSError, pl.exceptions.PolarsError) as error:
        raise UserError(
            f"`semantic_ids` is {path}, which cannot be read ({error}); name that of seqmine.tokenize"
        ) from error
    rows = pl.DataFrame({"item_id": catalog.item_ids}, schema={"item_id": pl.String})
    found = rows.join(table, on="item_id", how="left", maintain_order="left")["semantic_id"]
    if found.null_count():
        raise UserError(
            f"`semantic_ids` is {path}, which has no id for {found.null_count()} of {len(found)} items of the log; run "
            "seqmine.tokenize on vectors of all items"
        )
    lengths = found.list.len().unique().to_list()
    if lengths != [num_levels + 1]:
        raise UserError(
            f"num_levels is {num_levels}, and `semantic_ids` has ids of {lengths[0]} digits, the last of which tells "
            f"apart; set `num_levels`={lengths[0] - 1}"
        )
    return np.array(found.to_list(), np.int64)
