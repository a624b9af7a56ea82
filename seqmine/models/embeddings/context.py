"""Side information of events: parts whose vectors are added to the item's.

A part is built with the catalog and gives one vector for each position, or for each row. Position t never depends on
later events: gaps are those to the event before.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from seqmine.models.embeddings.items import scale_up
from seqmine.structs import Catalog, SequenceBatch, UserError


class Context(nn.Module):
    """The sum of the parts that a model was given; nothing when it was given none.

    Args:
        parts: builds by its name, from ``catalog``, a module that turns a batch into a vector for each position or
            one for all positions of a row; its ``columns`` name the optional columns of a batch that it reads. None is
            switched off.
        catalog: the items, and the sizes of what is known of events and users.
    """

    def __init__(self, *, parts: dict[str, Callable[..., nn.Module] | None], catalog: Catalog) -> None:
        super().__init__()
        self.parts = nn.ModuleDict({name: build(catalog=catalog) for name, build in parts.items() if build is not None})

    def forward(self, embedded: Float[Tensor, "B L D"], batch: SequenceBatch) -> Float[Tensor, "B L D"]:
        """Return the embedded items plus the vectors of the side information."""
        for part in self.parts.values():
            embedded = embedded + part(batch)
        return embedded


def scaled_table(num_rows: int, embedding_dim: int) -> nn.Embedding:
    """Return a table of vectors that start as small as those of items, with row 0 for what is not known.

    >>> scaled_table(3, 4).weight.shape, scaled_table(3, 4).weight[0].abs().sum().item()
    (torch.Size([4, 4]), 0.0)
    """
    table = nn.Embedding(num_rows + 1, embedding_dim, padding_idx=0)
    nn.init.normal_(table.weight, std=0.02)
    with torch.no_grad():
        table.weight[0].zero_()
    return table


def look_up(table: nn.Embedding, numbers: Int[Tensor, "*shape"]) -> Float[Tensor, "*shape D"]:
    """Return the vectors of numbers, scaled up as those of items are."""
    return scale_up(table(numbers))


def require_column(value: Tensor | None, what: str, setting: str) -> Tensor:
    """Return a column of a batch.

    Raises:
        UserError: the batch has none because the log has none.
    """
    if value is None:
        raise UserError(
            f"the model reads the {what} of events and the log has none; set {setting} or take this part out "
            "of the model"
        )
    return value
