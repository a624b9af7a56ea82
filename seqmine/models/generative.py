"""Generative retrieval: the next item is written digit by digit, after TIGER (Rajput et al. 2023, arXiv:2305.05065).

Differs from TIGER: a decoder alone, which reads the history an item at a time (the sum of the vectors of its digits) in
place of a digit at a time, as the two stages of RQ-Transformer do (Lee et al. 2022, arXiv:2203.01941); and digits that
lead to no item have no chance, in training as in search, so that what the model gives is a distribution over items.
"""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from seqmine.models.embeddings.semantic import SemanticItems
from seqmine.models.layers.feed_forward import FeedForward
from seqmine.models.layers.residual import PreNormResidual, take_last
from seqmine.models.module import SequenceModule
from seqmine.structs import SequenceBatch
from seqmine.structs.bounds import PositiveInt, ShareBelowOne

_SCORED_ITEMS = 1 << 16  # histories times items that are walked at once


class GenerativeModule(SequenceModule):
    """A sequence encoder, and a small network a digit that tells the next digit from the hidden state and those before.

    Best items are found by a beam search in the tree of all items, from which the items that may not be recommended are
    taken out; scores are logarithms of exact probabilities over the whole catalog.

    Args:
        embedding_dim: size D of the vectors.
        beam_width: prefixes that are kept at each digit, and the longest list; as wide as the catalog the search is
            exact.
        dropout: dropout of the networks that tell digits.
        item_table: builds the table of semantic ids.
        parts: the others of ``SequenceModule``; the loss is that of the digits.
    """

    item_embedding: SemanticItems

    def __init__(
        self,
        *,
        embedding_dim: PositiveInt,
        beam_width: PositiveInt,
        dropout: ShareBelowOne,
        item_table: Callable[..., SemanticItems],
        **parts: Any,
    ) -> None:
        super().__init__(embedding_dim=embedding_dim, item_table=item_table, loss=nn.Identity(), **parts)
        self.longest_list = beam_width
        self.heads = nn.ModuleList(
            PreNormResidual(
                nn.LayerNorm(embedding_dim),
                FeedForward(embedding_dim=embedding_dim, dropout=dropout, activation=nn.GELU()),
            )
            for _ in range(self.item_embedding.trie.num_levels)
        )

    def next_item_loss(self, hidden: Float[Tensor, "M D"], targets: Int[Tensor, "M"]) -> Float[Tensor, ""]:
        """Return the mean of the negative logarithms of the probabilities of the next items."""
        return -self.log_probabilities(hidden, targets).mean()

    def log_probabilities(self, hidden: Float[Tensor, "M D"], items: Int[Tensor, "M"]) -> Float[Tensor, "M"]:
        """Return the logarithm of the probability of one item after each hidden state."""
        trie, found = self.item_embedding.trie, hidden.new_zeros(len(items), dtype=torch.float32)
        for level in range(trie.num_levels):
            nodes = trie.node_of(level, items)
            rows = (trie.num_children(level, nodes) > 1).nonzero().squeeze(1)  # one way on is sure
            children, logs = self._children(hidden[rows], level, nodes[rows].unsqueeze(1))
            chosen = (children == trie.node_of(level + 1, items[rows])[:, None, None]).long().argmax(2, keepdim=True)
            found = found.index_add(0, rows, logs.gather(2, chosen)[:, 0, 0])
        return found

    @torch.no_grad()
    def top(
        self, batch: SequenceBatch, k: int, seen: Int[Tensor, "B S"]
    ) -> tuple[Int[Tensor, "B K"], Float[Tensor, "B K"]]:
        """Return the most likely items that a beam search finds, and the logarithms of their probabilities.

        Args:
            batch: histories.
            k: length of the lists, at most ``longest_list``.
            seen: items that may not be in the list of each row, 0 where there are no more.
        """
        nodes, logs = self._walk(self._last(batch), self.longest_list, seen)
        logs, places = logs.topk(min(k, logs.shape[1]), dim=1)
        items = self.item_embedding.trie.items[nodes.gather(1, places)]
        room = (0, k - items.shape[1])
        is_item = nn.functional.pad(logs > -torch.inf, room, value=False)
        items, logs = nn.functional.pad(items, room), nn.functional.pad(logs, room)
        return torch.where(is_item, items, 0), torch.where(is_item, logs, 0.0)

    def score(self, batch: SequenceBatch) -> Float[Tensor, "B V"]:
        """Return the logarithm of the probability of each item after the last event of each row."""
        trie = self.item_embedding.trie
        leaves = trie.node_of(trie.num_levels, torch.arange(1, self.num_items + 1, device=batch.items.device))
        scores = []
        for hidden in self._last(batch).split(max(1, _SCORED_ITEMS // self.num_items)):
            nobody = torch.zeros(len(hidden), 0, dtype=torch.int64, device=hidden.device)
            nodes, logs = self._walk(hidden, self.num_items, nobody)
            scores.append(torch.empty_like(logs).scatter(1, nodes, logs)[:, leaves])
        # row 0 is padding, which nothing is recommended by; what it gets is the least of all, so that all is finite
        found = torch.cat(scores)
        return torch.cat([found.amin(1, keepdim=True), found], dim=1)

    def validation_step(self, batch: SequenceBatch, batch_index: int) -> None:
        """Leave the batch to the evaluation, which asks for lists."""

    def test_step(self, batch: SequenceBatch, batch_index: int) -> None:
        """Leave the batch to the evaluation, which asks for lists."""

    def _last(self, batch: SequenceBatch) -> Float[Tensor, "B D"]:
        hidden = self.encoder(self.context(self.embed_items(batch), batch), batch)
        return take_last(hidden, batch.lengths - 1).squeeze(1)

    def _walk(
        self, hidden: Float[Tensor, "B D"], width: int, taken: Int[Tensor, "B S"]
    ) -> tuple[Int[Tensor, "B W"], Float[Tensor, "B W"]]:
        """Return the leaves that a search finds and the logarithms of their probabilities, minus infinity: none.

        Args:
            hidden: state of each row.
            width: nodes that are kept at each level.
            taken: items that are not to be found.
        """
        trie = self.item_embedding.trie
        nodes = torch.zeros(len(hidden), 1, dtype=torch.int64, device=hidden.device)
        logs = torch.zeros(len(hidden), 1, device=hidden.device)
        for level in range(trie.num_levels):
            children, steps = self._children(hidden, level, nodes)
            ways, found = (logs.unsqueeze(2) + steps).flatten(1), children.flatten(1)
            if taken.shape[1]:
                ways = ways.masked_fill(trie.used_up(level + 1, taken).gather(1, found), -torch.inf)
            logs, places = ways.topk(min(width, ways.shape[1]), dim=1)
            nodes = found.gather(1, places)
        return nodes, logs

    def _children(
        self, hidden: Float[Tensor, "B D"], level: int, nodes: Int[Tensor, "B W"]
    ) -> tuple[Int[Tensor, "B W C"], Float[Tensor, "B W C"]]:
        """Return what can follow each node, and the logarithm of the probability of each way on."""
        table = self.item_embedding
        children, real = table.trie.below(level, nodes)
        before = table.prefix(level, nodes) if level else 0.0
        states = self.heads[level](hidden.unsqueeze(1) + before).float()
        digits = table.digits[level].float()
        if self.cosine_temperature is not None:
            states = nn.functional.normalize(states, dim=-1) / self.cosine_temperature
            digits = nn.functional.normalize(digits, dim=-1)
        with torch.autocast(hidden.device.type, enabled=False):
            scores = states @ digits.T
        codes = table.trie.code_of(level + 1, children)
        return children, scores.gather(2, codes).masked_fill(~real, -torch.inf).log_softmax(2)
