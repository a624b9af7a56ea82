"""Lists in place of scores: how a model that names its best items is asked, and what its lists say of a target."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from seqmine.metrics.functional import NonFiniteScores
from seqmine.structs import ListRecommender, SequenceBatch, UserError

# A model finds a list among that many more items than it has, so that there is a limit.
MOST_EXCLUDED = 10_000


def top_lists(
    model: ListRecommender, batch: SequenceBatch, top_k: int, num_items: int
) -> tuple[Int[Tensor, "B K"], Float[Tensor, "B K"]]:
    """Ask a model for the best candidates of each row; 0 and minus infinity stand where there are no more.

    Args:
        model: names its best items.
        batch: histories, and what is no candidate of each.
        top_k: longest list that is of use; the model may have shorter ones.
        num_items: size of the catalog.

    Raises:
        NonFiniteScores: a score of an item is NaN or infinite.
        UserError: the model broke its promises, or more items would have to be left out than it can.
    """
    length = min(top_k, model.longest_list, num_items)
    excluded = excluded_items(batch, num_items)
    items, scores = model.top(batch, length, excluded)
    broken = _broken_promise(items, scores, (len(batch), length), excluded, num_items)
    if broken:
        raise UserError(f"model is a {type(model).__name__}, whose top {broken}; correct it, or change model")
    return items, torch.where(items > 0, scores, -torch.inf)


def excluded_items(batch: SequenceBatch, num_items: int) -> Int[Tensor, "B S"]:
    """Return what may not be in the list of each row, 0 where there is no more: what ``mask_candidates`` takes out.

    Args:
        batch: says what is no candidate of each row.
        num_items: size of the catalog; what training never saw is in no list anyway.

    Raises:
        UserError: more than ``MOST_EXCLUDED`` items of a row.

    >>> one = torch.ones(2, 1, dtype=torch.int64)
    >>> seen, rows = torch.tensor([4, 9, 1, 2]), torch.tensor([0, 1, 1, 1])
    >>> excluded_items(SequenceBatch(one, one, one[:, 0], one[:, 0], seen_items=seen, seen_rows=rows), 5).tolist()
    [[4, 0], [1, 2]]
    """
    entries = [torch.empty(0, 2, dtype=torch.int64, device=batch.items.device)]
    if batch.seen_rows is not None and batch.seen_items is not None:
        entries.append(torch.stack([batch.seen_rows, batch.seen_items], dim=1))
    if batch.not_available is not None:
        entries.append(batch.not_available.nonzero())
    rows, items = torch.cat(entries).unbind(1)
    kept = (items > 0) & (items <= num_items)
    rows, items = rows[kept], items[kept]
    order = rows.argsort(stable=True)
    rows, items = rows[order], items[order]
    counts = torch.bincount(rows, minlength=len(batch))
    width = int(counts.max()) if len(counts) else 0
    if width > MOST_EXCLUDED:
        raise UserError(
            f"{width:,} items may not be in a list, but a model that names its best items can leave out "
            f"{MOST_EXCLUDED:,}; set `metrics.candidates`=full, and leave out only= and long exclude= of recommend"
        )
    found = items.new_zeros(len(batch), width)
    found[rows, torch.arange(len(rows), device=rows.device) - (counts.cumsum(0) - counts)[rows]] = items
    return found


def list_ranks(
    items: Int[Tensor, "B K"], scores: Float[Tensor, "B K"], targets: Int[Tensor, "B"], num_items: int
) -> Int[Tensor, "B"]:
    """Return the rank of each target in its list, from 1; items that score like the target count before it.

    A target beyond the list is a miss with the rank ``num_items + 1``, as a target that is no candidate. So is one that
    ties with other items at the end of a list that could go on: as many more may tie behind it. What ties with the last
    item alone is not known; a list of one item more than the longest cut-off leaves that without effect.

    Args:
        items: best first, 0 where there are no more.
        scores: of the items, minus infinity where there are no more.
        targets: item_index of each row.
        num_items: size of the catalog.

    >>> items, scores = torch.tensor([[4, 2, 7], [4, 2, 7]]), torch.tensor([[0.9, 0.5, 0.5], [0.9, 0.5, 0.1]])
    >>> list_ranks(items, scores, torch.tensor([4, 2]), 9).tolist(), list_ranks(items, scores, items[:, 2], 9).tolist()
    ([1, 2], [10, 3])
    """
    found = (items == targets.unsqueeze(1)) & (items > 0)
    own = torch.where(found, scores, -torch.inf).amax(1, keepdim=True)
    goes_on = (items[:, -1] > 0) & (items.shape[1] < num_items)
    ties_with_end = goes_on & (scores[:, -1:] == own).squeeze(1) & ((scores == own).sum(1) > 1)
    ranks = (scores >= own).sum(1)
    return torch.where(found.any(1) & ~ties_with_end, ranks, num_items + 1)


def _broken_promise(
    items: Tensor, scores: Tensor, shape: tuple[int, int], excluded: Int[Tensor, "B S"], num_items: int
) -> str:
    """Return what is wrong with lists, nothing where they are as ``ListRecommender`` says."""
    if items.shape != shape or scores.shape != shape:
        return f"returned {tuple(items.shape)} items and {tuple(scores.shape)} scores, allowed is {shape} of both"
    is_item = items > 0
    broken = int((is_item & ~scores.isfinite()).any(1).sum())
    if broken:
        raise NonFiniteScores(
            f"{broken} of {len(items)} lists have a score that is NaN or infinite, which cannot be ranked: the model "
            "has diverged, try a lower `optimizer.lr` or gradient clipping"
        )
    if ((items < 0) | (items > num_items)).any():
        return f"listed items outside of 1 to {num_items}"
    known = torch.where(is_item, scores, -torch.inf)
    if (known[:, 1:] > known[:, :-1]).any():
        return "did not list the best first"
    rows = torch.arange(len(items), device=items.device).unsqueeze(1) * (num_items + 1)
    listed = (rows + items)[is_item]
    if len(listed.unique()) < len(listed):
        return "listed an item twice"
    return "listed an item that it was told to leave out" if torch.isin(listed, rows + excluded).any() else ""
