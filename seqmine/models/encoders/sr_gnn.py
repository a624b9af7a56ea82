"""SR-GNN: a gated network on the graph of a session (Wu et al. 2019, arXiv:1811.00855)."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from seqmine.models.layers.dropout import Dropout
from seqmine.structs import SequenceBatch
from seqmine.structs.bounds import PositiveInt, ShareBelowOne

# Prefixes of similar length are encoded together; each has its graph in a matrix as wide as the longest of them.
_STEPS = 8


class SRGNNEncoder(nn.Module):
    """A graph of the items of a history, along whose edges their vectors are exchanged, read from the last item.

    The state at a position comes from the graph of the events up to it, so that no later event is seen: each prefix
    of a history has a graph of its own, as in the training of the paper, in dense matrices. Time and memory of a
    training step grow with the third power of the length; meant for sessions. Differs from the paper: dropout falls on
    the events, and an item starts from the mean of what is known at its events.

    Args:
        embedding_dim: size D of the vectors.
        num_steps: how often vectors are exchanged.
        dropout: dropout of the embedded events.
    """

    def __init__(self, *, embedding_dim: PositiveInt, num_steps: PositiveInt, dropout: ShareBelowOne) -> None:
        super().__init__()
        self.num_steps = num_steps
        self.dropout = Dropout(dropout)
        self.outgoing = nn.Linear(embedding_dim, embedding_dim)
        self.incoming = nn.Linear(embedding_dim, embedding_dim)
        self.cell = nn.GRUCell(2 * embedding_dim, embedding_dim)
        self.key_of_last = nn.Linear(embedding_dim, embedding_dim)
        self.key_of_event = nn.Linear(embedding_dim, embedding_dim, bias=False)
        self.attention = nn.Linear(embedding_dim, 1, bias=False)
        self.output = nn.Linear(2 * embedding_dim, embedding_dim, bias=False)

    def forward(self, embedded: Float[Tensor, "B L D"], batch: SequenceBatch) -> Float[Tensor, "B L D"]:
        """Return hidden states; position t comes from the graph of the events up to t."""
        embedded = self.dropout(embedded)
        rows, stops = batch.valid_mask.nonzero(as_tuple=True)
        hidden = torch.zeros_like(embedded)
        for start in range(0, embedded.shape[1], _STEPS):
            among = (stops >= start) & (stops < start + _STEPS)
            states = self._read(embedded[:, : start + _STEPS], batch.items, rows[among], stops[among])
            hidden = hidden.index_put((rows[among], stops[among]), states.to(hidden.dtype))
        return hidden

    def last_state(self, embedded: Float[Tensor, "B L D"], batch: SequenceBatch) -> Float[Tensor, "B D"]:
        """Return the hidden state of the last event of each row, from one graph a row."""
        rows = torch.arange(len(batch), device=embedded.device)
        return self._read(self.dropout(embedded), batch.items, rows, batch.lengths - 1)

    def _read(
        self,
        embedded: Float[Tensor, "B W D"],
        items: Int[Tensor, "B L"],
        rows: Int[Tensor, "M"],
        last: Int[Tensor, "M"],
    ) -> Float[Tensor, "M D"]:
        """Return the state of each prefix: of the given rows, up to and with the given last position."""
        width = embedded.shape[1]
        inside = torch.arange(width, device=last.device) <= last.unsqueeze(1)
        node_of = nodes_of_events(items[rows, :width], inside).to(embedded.dtype)
        events = self._exchange(embedded[rows], node_of)
        at_last = events[torch.arange(len(rows), device=last.device), last]
        keys = torch.sigmoid(self.key_of_last(at_last).unsqueeze(1) + self.key_of_event(events))
        weights = self.attention(keys) * inside.unsqueeze(2)
        return self.output(torch.cat([at_last, (weights * events).sum(1)], dim=1))

    def _exchange(self, embedded: Float[Tensor, "M W D"], node_of: Float[Tensor, "M W W"]) -> Float[Tensor, "M W D"]:
        """Return the vector of the item of each event after the exchange along edges."""
        edges = edges_of(node_of)
        to_next, to_previous = in_shares(edges), in_shares(edges.mT)
        nodes = in_shares(node_of.mT) @ embedded
        for _ in range(self.num_steps):
            messages = torch.cat([to_next @ self.outgoing(nodes), to_previous @ self.incoming(nodes)], dim=2)
            nodes = self.cell(messages.flatten(0, 1), nodes.flatten(0, 1).to(messages.dtype)).unflatten(
                0, nodes.shape[:2]
            )
        return node_of @ nodes.to(node_of.dtype)


def nodes_of_events(items: Int[Tensor, "M W"], inside: Tensor) -> Float[Tensor, "M W W"]:
    """Return which node stands for each event: the first event with the same item; none for an event outside.

    >>> nodes_of_events(torch.tensor([[7, 4, 7]]), torch.tensor([[True, True, True]])).argmax(2).tolist()
    [[0, 1, 0]]
    """
    first = (items.unsqueeze(2) == items.unsqueeze(1)).to(torch.uint8).argmax(2)
    return F.one_hot(first, items.shape[1]) * inside.unsqueeze(2).float()


def edges_of(node_of: Float[Tensor, "M W W"]) -> Float[Tensor, "M W W"]:
    """Return 1 where an event of the second node directly follows one of the first, else 0.

    >>> edges_of(torch.eye(3)[[0, 1, 0]].unsqueeze(0)).tolist()
    [[[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]]
    """
    return (node_of[:, :-1].mT @ node_of[:, 1:]).clamp(max=1.0)


def in_shares(table: Float[Tensor, "M W W"]) -> Float[Tensor, "M W W"]:
    """Return each row divided by its sum; a row of zeros stays.

    >>> in_shares(torch.tensor([[[1.0, 1.0], [0.0, 0.0]]])).tolist()
    [[[0.5, 0.5], [0.0, 0.0]]]
    """
    return table / table.sum(2, keepdim=True).clamp(min=1.0)
