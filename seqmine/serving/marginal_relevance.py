"""Maximal marginal relevance with a cap per category.

Carbonell and Goldstein, "The use of MMR, diversity-based reranking for reordering documents and producing summaries",
SIGIR 1998. The relevance of an item is its score on a scale from 0 to 1 among the best candidates of the user, so that
one weight means the same for every model.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor


def unit_scale(values: Float[Tensor, "B N"]) -> Float[Tensor, "B N"]:
    """Return scores, best first, on a scale on which the best of a row is 1 and the last candidate is 0.

    >>> unit_scale(torch.tensor([[9.0, 7.0, 5.0, -torch.inf]])).tolist()
    [[1.0, 0.5, 0.0, 0.0]]
    """
    known = values > -torch.inf
    low = torch.where(known, values, torch.inf).amin(1, keepdim=True)
    span = (values[:, :1] - low).clamp(min=1e-12)
    return torch.where(known, (values - low) / span, 0.0)


def marginal_relevance(
    relevance: Float[Tensor, "B N"],
    alike: Float[Tensor, "B N N"],
    known: Bool[Tensor, "B N"],
    weight: float,
    members: Bool[Tensor, "B N C"] | None = None,
    max_per_category: int = 0,
) -> Float[Tensor, "B N"]:
    """Return what orders candidates by maximal marginal relevance: the item with most of it is taken, again and again.

    That is ``(1 - weight) * relevance - weight * (the largest likeness to an item taken before)``. It never rises from
    item to item, since likeness is only added. When no candidate is left whose categories all have room, every category
    has room for as many items again, and what follows lies 2 lower, which is below everything before.

    Args:
        relevance: of the candidates, from 0 to 1.
        alike: likeness of any two, from 0 to 1.
        known: which candidates there are.
        weight: of the difference, from 0 to 1.
        members: the categories of each candidate that are capped, or None.
        max_per_category: items of a category until the others are used up.
    """
    rows = torch.arange(len(relevance), device=relevance.device)
    left, found = known.clone(), torch.zeros_like(relevance)
    most, level = torch.zeros_like(relevance), torch.zeros_like(relevance[:, 0])
    taken = None if members is None else torch.zeros_like(members[:, 0], dtype=torch.int64)
    for _ in range(relevance.shape[1]):
        value = (1 - weight) * relevance - weight * most
        room = left
        if members is not None and taken is not None:
            room = left & ~(members & (taken >= max_per_category).unsqueeze(1)).any(2)
            full = left.any(1) & ~room.any(1)
            taken[full], level[full] = 0, level[full] - 2.0
            room = torch.where(full.unsqueeze(1), left, room)
        pick = torch.where(room, value, -torch.inf).argmax(1)
        is_there = left[rows, pick]
        found[rows, pick] = torch.where(is_there, value[rows, pick] + level, found[rows, pick])
        left[rows, pick] = False
        most = torch.maximum(most, alike[rows, pick])
        if members is not None and taken is not None:
            taken += members[rows, pick] & is_there.unsqueeze(1)
    return found
