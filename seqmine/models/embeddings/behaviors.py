"""The kind of an event as a vector: viewed, put in the cart, bought."""

from typing import ClassVar

from jaxtyping import Float
from torch import Tensor, nn

from seqmine.models.embeddings.context import look_up, require_column, scaled_table
from seqmine.structs import Catalog, SequenceBatch, UserError
from seqmine.structs.bounds import PositiveInt


class BehaviorEmbedding(nn.Module):
    """One vector a kind of event.

    Args:
        embedding_dim: size D of the vectors.
        catalog: names the kinds.

    Raises:
        UserError: the log has no kinds of events.
    """

    columns: ClassVar[tuple[str, ...]] = ("behaviors",)

    def __init__(self, *, embedding_dim: PositiveInt, catalog: Catalog) -> None:
        super().__init__()
        if not catalog.behaviors:
            raise UserError(
                "the log has no behaviors, and this model reads them; set `source.behavior` or take this part out"
            )
        self.table = scaled_table(len(catalog.behaviors), embedding_dim)

    def forward(self, batch: SequenceBatch) -> Float[Tensor, "B L D"]:
        """Return the vector of the kind of each event."""
        return look_up(self.table, require_column(batch.behaviors, "behavior", "`source.behavior`"))
