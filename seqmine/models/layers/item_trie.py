"""The tree of all semantic ids: what digit may come next, and which item stands at its end."""

import numpy as np
import torch
from jaxtyping import Bool, Int
from torch import Tensor, nn


class ItemTrie(nn.Module):
    """A tree with a level for each digit, whose leaves are the items.

    Nodes of a level are numbered by their digits, so that those below one stand side by side. Level 0 is the root, node
    0.

    Args:
        codes: (V, G) digits of each row of the item table, all rows different; row 0, padding, is no leaf.
    """

    codes: Int[Tensor, "V G"]
    items: Int[Tensor, "I"]

    def __init__(self, codes: Int[Tensor, "V G"]) -> None:
        super().__init__()
        self.register_buffer("codes", codes)
        self.num_levels = codes.shape[1]
        self._grow()
        self.register_load_state_dict_post_hook(lambda trie, _: trie._grow())

    def _grow(self) -> None:
        """Derive the levels from the digits; they are not in checkpoints, which hold the digits."""
        digits = self.codes[1:].cpu().numpy()
        order = np.lexsort(digits.T[::-1])
        digits = digits[order]
        starts, parents = np.zeros(1, np.int64), np.zeros(len(digits), np.int64)
        self._keep("items", order + 1)
        self._keep("nodes_0", np.zeros(len(digits) + 1, np.int64))
        for level in range(1, self.num_levels + 1):
            new = np.ones(len(digits), np.bool_)
            new[1:] = (digits[1:, :level] != digits[:-1, :level]).any(axis=1)
            nodes, above = np.cumsum(new) - 1, len(starts)
            starts = np.flatnonzero(new)
            self._keep(f"first_{level}", np.searchsorted(parents[starts], np.arange(above + 1)))
            self._keep(f"code_{level}", digits[starts, level - 1])
            self._keep(f"start_{level}", starts)
            self._keep(f"num_leaves_{level}", np.diff(np.append(starts, len(digits))))
            of_items = np.zeros(len(digits) + 1, np.int64)
            of_items[order + 1] = nodes
            self._keep(f"nodes_{level}", of_items)
            parents = nodes

    def _keep(self, name: str, array: np.ndarray) -> None:
        tensor = torch.from_numpy(np.ascontiguousarray(array)).to(self.codes.device)
        self.register_buffer(name, tensor, persistent=False)

    def node_of(self, level: int, items: Int[Tensor, "*shape"]) -> Int[Tensor, "*shape"]:
        """Return the node of a level that each item stands below."""
        return self.get_buffer(f"nodes_{level}")[items]

    def digits_of(self, level: int, nodes: Int[Tensor, "*shape"]) -> Int[Tensor, "*shape P"]:
        """Return the digits that lead to each node of a level, from level 1: those of the first item below it."""
        return self.codes[self.items[self.get_buffer(f"start_{level}")[nodes]], :level]

    def code_of(self, level: int, nodes: Int[Tensor, "*shape"]) -> Int[Tensor, "*shape"]:
        """Return the digit that leads to each node of a level, from level 1."""
        return self.get_buffer(f"code_{level}")[nodes]

    def num_children(self, level: int, nodes: Int[Tensor, "*shape"]) -> Int[Tensor, "*shape"]:
        """Return the number of nodes of the next level below each node."""
        first = self.get_buffer(f"first_{level + 1}")
        return first[nodes + 1] - first[nodes]

    def below(
        self, level: int, nodes: Int[Tensor, "*shape"]
    ) -> tuple[Int[Tensor, "*shape C"], Bool[Tensor, "*shape C"]]:
        """Return the nodes of the next level below each node, as many as the most that any has, and which are real."""
        first = self.get_buffer(f"first_{level + 1}")
        places = torch.arange(int(first.diff().max()), device=first.device)
        found = first[nodes].unsqueeze(-1) + places
        real = found < first[nodes + 1].unsqueeze(-1)
        return torch.where(real, found, first[nodes].unsqueeze(-1)), real

    def used_up(self, level: int, taken: Int[Tensor, "B S"]) -> Bool[Tensor, "B N"]:
        """Tell for each row which nodes of a level have no leaf left when some items are taken out.

        Args:
            level: from 1.
            taken: items of each row, perhaps more than once; 0 where there are no more.
        """
        ordered = taken.sort(dim=1).values
        counted = (ordered > 0) & (ordered != nn.functional.pad(ordered[:, :-1], (1, 0)))
        sizes = self.get_buffer(f"num_leaves_{level}")
        counts = torch.zeros(len(taken), len(sizes), dtype=torch.int64, device=taken.device)
        counts.scatter_add_(1, self.node_of(level, ordered), counted.long())
        return counts >= sizes
