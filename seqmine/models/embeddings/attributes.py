"""Attributes of items and users as vectors: categories, lists of them, numbers, and vectors from elsewhere."""

from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from seqmine.models.embeddings.context import require_column, scaled_table
from seqmine.models.embeddings.items import ItemEmbedding, scale_up
from seqmine.structs import AttributeTable, Catalog, SequenceBatch, UserError
from seqmine.structs.bounds import PositiveInt


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
        if self.numbers is not None:  # numbers of deviation 1 start as strong as the vector of an item
            nn.init.normal_(self.numbers.weight, std=0.02 * (embedding_dim / num_values) ** 0.5)

    def forward(
        self, codes: Int[Tensor, "*shape K"] | None, values: Float[Tensor, "*shape F"] | None
    ) -> Float[Tensor, "*shape D"] | float:
        """Return one vector a row; zero where nothing is known."""
        found: Tensor | float = 0.0
        if self.table is not None and codes is not None:
            # a bag of codes a row: the vector of each code is never written out
            bags = F.embedding_bag(codes.flatten(0, -2), self.table.weight, mode="mean", padding_idx=0)
            found = scale_up(bags).unflatten(0, codes.shape[:-1])
        return found if self.numbers is None else found + self.numbers(values)


class ItemAttributes(nn.Module):
    """The attributes of the item of each event, as input only; ``AttributedItems`` scores by them too.

    Args:
        embedding_dim: size D of the vectors.
        catalog: has the attributes.

    Raises:
        UserError: no attribute of items was chosen.
    """

    columns: ClassVar[tuple[str, ...]] = ()
    codes: Int[Tensor, "V K"]
    values: Float[Tensor, "V F"]

    def __init__(self, *, embedding_dim: PositiveInt, catalog: Catalog) -> None:
        super().__init__()
        table = catalog.attributes
        if table is None or not (table.num_codes or table.num_values):
            raise UserError(
                "no attribute of items is chosen, and this model reads them; set e.g. "
                "`item_attributes.categorical`=[brand]"
            )
        # not in checkpoints: the catalog of a run brings them
        self.register_buffer("codes", torch.as_tensor(table.codes, dtype=torch.int64), persistent=False)
        self.register_buffer("values", torch.as_tensor(table.values, dtype=torch.float32), persistent=False)
        self.embedding = AttributeEmbedding(
            num_codes=table.num_codes, num_values=table.num_values, embedding_dim=embedding_dim
        )

    def forward(self, batch: SequenceBatch) -> Float[Tensor, "B L D"]:
        """Return the vector of the attributes of each item."""
        return self.of(batch.items)

    def of(self, items: Int[Tensor, "*shape"]) -> Float[Tensor, "*shape D"]:
        """Return the vector of the attributes of each item."""
        return self.embedding(self.codes[items], self.values[items])

    def add_rows(self, codes: NDArray[np.int32], values: NDArray[np.float32]) -> None:
        """Add the attributes of more items behind those that are there.

        Args:
            codes: (N, K) numbers of values, as in the catalog that the table was built for.
            values: (N, F) numbers, scaled as there.
        """
        added = torch.as_tensor(codes, dtype=torch.int64, device=self.codes.device)
        width = max(added.shape[1], self.codes.shape[1])
        tables = [F.pad(table, (0, width - table.shape[1])) for table in (self.codes, added)]
        self.codes = torch.cat(tables)
        self.values = torch.cat([self.values, torch.as_tensor(values, device=self.values.device)])

    def vectors(self) -> Float[Tensor, "V D"]:
        """Return the vector of the attributes of each row of the item table."""
        return self.embedding(self.codes, self.values)


class AttributedItems(nn.Module):
    """An item table whose vectors are the sum of an item's own and of its attributes', as input and where it is scored.

    What one item learns its kin learn with it, so that rare items are scored better. The cost of a step grows with the
    number of attributes of the whole catalog.

    Args:
        catalog: the items and their attributes.
        embedding_dim: size D of the vectors.

    Raises:
        UserError: no attribute of items was chosen.
    """

    def __init__(self, *, catalog: Catalog, embedding_dim: PositiveInt) -> None:
        super().__init__()
        self.own = ItemEmbedding(catalog=catalog, embedding_dim=embedding_dim)
        self.attributes = ItemAttributes(catalog=catalog, embedding_dim=embedding_dim)

    def forward(self, items: Int[Tensor, "B L"]) -> Float[Tensor, "B L D"]:
        """Return the scaled vector of each item."""
        return self.own(items) + self.attributes.of(items)

    def vectors(self) -> Float[Tensor, "V D"]:
        """Return the vectors that hidden states are compared with."""
        own = self.own.vectors()
        return own + self.attributes.vectors() / own.shape[1] ** 0.5  # as small as an item's own

    def vectors_of(self, attributes: AttributeTable) -> Float[Tensor, "R D"]:
        """Return the vectors of items that have none of their own: those of their attributes."""
        device = self.attributes.codes.device
        codes = torch.as_tensor(attributes.codes, dtype=torch.int64, device=device)
        found = self.attributes.embedding(codes, torch.as_tensor(attributes.values, device=device))
        return found / found.shape[1] ** 0.5


class UserAttributes(nn.Module):
    """The attributes of the user, the same at every event.

    Args:
        embedding_dim: size D of the vectors.
        catalog: has their sizes.

    Raises:
        UserError: no attribute of users was chosen.
    """

    columns: ClassVar[tuple[str, ...]] = ("user_codes", "user_values")

    def __init__(self, *, embedding_dim: PositiveInt, catalog: Catalog) -> None:
        super().__init__()
        if not (catalog.num_user_codes or catalog.num_user_values):
            raise UserError(
                "no attribute of users is chosen, and this model reads them; set `user_attributes.path` and "
                "e.g. `user_attributes.categorical`=[country]"
            )
        self.embedding = AttributeEmbedding(
            num_codes=catalog.num_user_codes, num_values=catalog.num_user_values, embedding_dim=embedding_dim
        )

    def forward(self, batch: SequenceBatch) -> Float[Tensor, "B 1 D"]:
        """Return the vector of the user of each row."""
        codes = require_column(batch.user_codes, "attributes of users", "`user_attributes.path`")
        values = require_column(batch.user_values, "attributes of users", "`user_attributes.path`")
        return self.embedding(codes, values).unsqueeze(1)
