"""Attributes of items and users as vectors: categories, lists of them, numbers, and vectors from elsewhere."""

from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from seqmine.models.embeddings.context import look_up, require_column, scaled_table
from seqmine.structs import Catalog, SequenceBatch, UserError


class AttributeEmbedding(nn.Module):
    """The mean vector of the values of a row, plus a linear map of its numbers.

    Args:
        num_codes: number of different values.
        num_values: numbers a row.
        embedding_dim: size D of the vectors.
    """

    def __init__(self, *, num_codes: int, num_values: int, embedding_dim: int) -> None:
        super().__init__()
        self.table = scaled_table(num_codes, embedding_dim) if num_codes else None
        self.numbers = nn.Linear(num_values, embedding_dim, bias=False) if num_values else None

    def forward(
        self, codes: Int[Tensor, "*shape K"] | None, values: Float[Tensor, "*shape F"] | None
    ) -> Float[Tensor, "*shape D"] | float:
        """Return one vector a row; zero where nothing is known."""
        found: Tensor | float = 0.0
        if self.table is not None and codes is not None:
            known = (codes > 0).sum(-1, keepdim=True).clamp(min=1)
            found = look_up(self.table, codes).sum(-2) / known
        return found if self.numbers is None else found + self.numbers(values)


class ItemAttributes(nn.Module):
    """The attributes of the item of each event; only the input knows them, items are scored by their own vectors.

    Args:
        embedding_dim: size D of the vectors.
        catalog: has the attributes.

    Raises:
        UserError: no attribute of items was chosen.
    """

    columns: ClassVar[tuple[str, ...]] = ()
    codes: Int[Tensor, "V K"]
    values: Float[Tensor, "V F"]

    def __init__(self, *, embedding_dim: int, catalog: Catalog) -> None:
        super().__init__()
        table = catalog.attributes
        if table is None or not (table.num_codes or table.num_values):
            raise UserError(
                "model/context has item_attributes and none were chosen; "
                "set e.g. data.item_attributes.categorical=[brand]"
            )
        # not in checkpoints: the catalog of a run brings them
        self.register_buffer("codes", torch.as_tensor(table.codes, dtype=torch.int64), persistent=False)
        self.register_buffer("values", torch.as_tensor(table.values, dtype=torch.float32), persistent=False)
        self.embedding = AttributeEmbedding(
            num_codes=table.num_codes, num_values=table.num_values, embedding_dim=embedding_dim
        )

    def forward(self, batch: SequenceBatch) -> Float[Tensor, "B L D"]:
        """Return the vector of the attributes of each item."""
        return self.embedding(self.codes[batch.items], self.values[batch.items])


class UserAttributes(nn.Module):
    """The attributes of the user, the same at every event.

    Args:
        embedding_dim: size D of the vectors.
        catalog: has their sizes.

    Raises:
        UserError: no attribute of users was chosen.
    """

    columns: ClassVar[tuple[str, ...]] = ("user_codes", "user_values")

    def __init__(self, *, embedding_dim: int, catalog: Catalog) -> None:
        super().__init__()
        if not (catalog.num_user_codes or catalog.num_user_values):
            raise UserError(
                "model/context has user_attributes and none were chosen; "
                "set data.user_attributes.path and e.g. data.user_attributes.categorical=[country]"
            )
        self.embedding = AttributeEmbedding(
            num_codes=catalog.num_user_codes, num_values=catalog.num_user_values, embedding_dim=embedding_dim
        )

    def forward(self, batch: SequenceBatch) -> Float[Tensor, "B 1 D"]:
        """Return the vector of the user of each row."""
        codes = require_column(batch.user_codes, "attributes of users", "data.user_attributes.path")
        values = require_column(batch.user_values, "attributes of users", "data.user_attributes.path")
        return self.embedding(codes, values).unsqueeze(1)
