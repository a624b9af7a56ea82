"""Recurrent networks over the history.

GRU4Rec (Hidasi et al. 2016, arXiv:1511.06939) has gated recurrent units; the LSTM is that of Hochreiter and Schmidhuber
(1997, doi:10.1162/neco.1997.9.8.1735).
"""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor, nn

from seqmine.models.layers.dropout import Dropout
from seqmine.structs import SequenceBatch
from seqmine.structs.bounds import PositiveInt, ShareBelowOne


class RecurrentEncoder(nn.Module):
    """Stacked recurrent layers and a projection back to the item space.

    Histories are right-padded, so a state never sees padding and nothing has to be packed.

    Args:
        embedding_dim: vector size of items.
        hidden_dim: size of the state of each layer.
        num_layers: number of stacked layers.
        dropout: dropout of the embedded events and of the states of each layer.
        cell: builds a layer from the sizes of its input and of its state: ``torch.nn.GRU``, ``LSTM`` or ``RNN``.
    """

    def __init__(
        self,
        *,
        embedding_dim: PositiveInt,
        hidden_dim: PositiveInt,
        num_layers: PositiveInt,
        dropout: ShareBelowOne,
        cell: Callable[..., nn.Module],
    ) -> None:
        super().__init__()
        sizes = [embedding_dim] + [hidden_dim] * num_layers
        self.layers = nn.ModuleList(cell(size, hidden_dim, batch_first=True) for size in sizes[:-1])
        self.dropout = Dropout(dropout)
        self.output = nn.Linear(sizes[-1], embedding_dim)

    def forward(self, embedded: Float[Tensor, "B L D"], batch: SequenceBatch) -> Float[Tensor, "B L D"]:  # noqa: ARG002
        """Return the projected state of the last layer after each event."""
        hidden = self.dropout(embedded)
        for layer in self.layers:
            hidden = self.dropout(layer(hidden)[0])
        return self.output(hidden)
