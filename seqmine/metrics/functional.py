"""Pure functions from scores to ranks and from ranks to numbers; torch only, no state."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from seqmine.structs import SequenceBatch, UserError

TIES = ("pessimistic", "mean", "optimistic")

# Rows are compared in blocks of this many scores, which stay in the cache: counting never holds a second (B, V) array.
_BLOCK_SCORES = 1 << 18
# The best of a row are found among the best groups of this many neighbors.
_GROUP = 64


class NonFiniteScores(UserError):  # noqa: N818 - named for what it tells, as the protocol calls it
    """A score is NaN or infinitely high, so that the model has no ranking.

    Comparing with NaN is always false: counting "items scored higher" would give a broken model a perfect rank.
    """


def check_scores(scores: Float[Tensor, "B V"]) -> None:
    """Refuse scores that cannot be ranked; minus infinity is allowed and means "not a candidate".

    Raises:
        NonFiniteScores: a score is NaN or plus infinity.
    """
    if scores.numel() == 0:
        return
    peaks = scores.amax(dim=1)
    broken = int((peaks.isnan() | (peaks == float("inf"))).sum())
    if broken:
        raise NonFiniteScores(
            f"{broken} of {len(peaks)} histories have a score that is NaN or infinite, which cannot be ranked: "
            "the model has diverged, try a lower `optimizer.lr` or gradient clipping"
        )


def check_choice(name: str, value: str, allowed: tuple[str, ...]) -> None:
    """Refuse a word that is not one of the allowed ones.

    Raises:
        UserError: ``value`` is not allowed; the sentence begins with ``name``.
    """
    if value not in allowed:
        raise UserError(f"{name} is {value!r}, allowed are {', '.join(allowed)}")


def target_ranks(
    scores: Float[Tensor, "B V"], targets: Int[Tensor, "B"], ties: str = "pessimistic"
) -> Int[Tensor, "B"] | Float[Tensor, "B"]:
    """Return the rank of each row's target among its candidates, counted from 1, without sorting.

    Column 0 is padding and never counts. A candidate is any other column above minus infinity. A target that is no
    candidate (taken out, padding, or an index the table does not have because training never saw the item) gets
    ``num_items + 1``, behind the whole catalog.

    Args:
        scores: higher is better; minus infinity takes an item out of the candidates.
        targets: item_index of each row.
        ties: an item scored like the target counts before it (``pessimistic``: a constant model ranks it last), half
            (``mean``, the only choice with fractional ranks) or behind it (``optimistic``).

    Raises:
        NonFiniteScores: a score is NaN or plus infinity.

    >>> scores = torch.tensor([[0.0, 0.3, 0.9, 0.3], [0.0, 0.5, 0.5, -torch.inf]])
    >>> target_ranks(scores, torch.tensor([1, 3])).tolist()
    [3, 4]
    >>> target_ranks(scores, torch.tensor([1, 1]), ties="mean").tolist()
    [2.5, 1.5]
    """
    check_choice("ties", ties, TIES)
    check_scores(scores)
    num_rows = scores.shape[1]
    known = (targets > 0) & (targets < num_rows)
    target_scores = scores.gather(1, torch.where(known, targets, 0).unsqueeze(1))
    above, level = [], []
    block = max(1, _BLOCK_SCORES // num_rows)
    # ones and zeros are summed as floats, several times faster than truth values, and exactly up to 2 ** 24 of them
    flags = scores.new_empty(min(block, len(scores)), num_rows - 1, dtype=torch.float64 if num_rows >> 24 else None)
    for rows, own in zip(scores[:, 1:].split(block), target_scores.split(block), strict=True):
        if ties != "pessimistic":
            above.append(torch.gt(rows, own, out=flags[: len(rows)]).sum(dim=1).long())
        if ties != "optimistic":
            level.append(torch.ge(rows, own, out=flags[: len(rows)]).sum(dim=1).long())
    ranks = _combine(above, level, ties)
    ranked = known & (target_scores.squeeze(1) > -torch.inf)
    return torch.where(ranked, ranks, torch.full_like(ranks, num_rows))


def _combine(above: list[Tensor], level: list[Tensor], ties: str) -> Tensor:
    # The target is one of those scored >= itself, so that count is the pessimistic rank as it stands.
    if ties == "pessimistic":
        return torch.cat(level)
    if ties == "optimistic":
        return torch.cat(above) + 1
    return (torch.cat(above) + torch.cat(level) + 1).double() / 2


def mask_candidates(scores: Float[Tensor, "B V"], batch: SequenceBatch) -> Float[Tensor, "B V"]:
    """Take padding, seen items and items that were not available out of the candidates, in place.

    The same for a list that is delivered and for a rank that is measured: a target that is taken out cannot be
    recommended, so it is a miss.

    Args:
        scores: of the whole item table.
        batch: says what is no candidate of each row.

    >>> one = torch.ones(1, 1, dtype=torch.int64)
    >>> batch = SequenceBatch(one, one, one[0], one[0], seen_items=torch.tensor([1, 2]), seen_rows=torch.tensor([0, 0]))
    >>> mask_candidates(torch.ones(1, 4), batch)
    tensor([[-inf, -inf, -inf, 1.]])
    """
    num_rows = scores.shape[1]
    if batch.seen_rows is not None and batch.seen_items is not None:
        # An item that training never saw has no column: it falls on padding, which is out anyway.
        scores[batch.seen_rows, torch.where(batch.seen_items < num_rows, batch.seen_items, 0)] = -torch.inf
    if batch.not_available is not None:
        scores[batch.not_available] = -torch.inf
    scores[:, 0] = -torch.inf
    return scores


def top_items(scores: Float[Tensor, "B V"], top_k: int) -> Int[Tensor, "B K"]:
    """Return the best candidates of each row, best first; 0 where a row has fewer than ``top_k`` candidates.

    >>> top_items(torch.tensor([[-torch.inf, 0.1, 0.7, -torch.inf]]), 3).tolist()
    [[2, 1, 0]]
    """
    values, items = _top(scores, min(top_k, scores.shape[1]))
    return torch.where(values > -torch.inf, items, 0)


def _top(scores: Float[Tensor, "B V"], top_k: int) -> tuple[Float[Tensor, "B K"], Int[Tensor, "B K"]]:
    """Return the best scores and their columns: each stands in one of the ``top_k`` groups with the highest peaks."""
    num_groups = scores.shape[1] // _GROUP
    if num_groups < 2 * top_k:
        return scores.topk(top_k, dim=1)
    grouped = scores[:, : num_groups * _GROUP].unflatten(1, (num_groups, _GROUP))
    groups = grouped.amax(2).topk(top_k, dim=1, sorted=False).indices.unsqueeze(2)
    columns = (groups * _GROUP + torch.arange(_GROUP, device=scores.device)).flatten(1)
    rest = torch.arange(num_groups * _GROUP, scores.shape[1], device=scores.device)
    columns = torch.cat([columns, rest.expand(len(scores), -1)], 1)
    best = scores.gather(1, columns).topk(top_k, dim=1)
    return best.values, columns.gather(1, best.indices)


def negative_log_likelihood(scores: Float[Tensor, "B V"], targets: Int[Tensor, "B"]) -> Float[Tensor, "B"]:
    """Return ``-log softmax(score)[target]`` over the catalog; column 0 is padding and has no part in it.

    >>> negative_log_likelihood(torch.tensor([[9.0, 1.0, 1.0]]), torch.tensor([2])).exp().tolist()
    [2.0]
    """
    losses = []
    block = max(1, _BLOCK_SCORES // scores.shape[1])
    for rows, columns in zip(scores[:, 1:].split(block), (targets - 1).unsqueeze(1).split(block), strict=True):
        losses.append(-rows.log_softmax(1).gather(1, columns).squeeze(1))
    return torch.cat(losses)


def hit_rate(ranks: Tensor, top_k: int) -> Float[Tensor, "B"]:
    """Return 1 for each rank within the first ``top_k``, else 0.

    >>> hit_rate(torch.tensor([1, 10, 11]), top_k=10).tolist()
    [1.0, 1.0, 0.0]
    """
    return _within(ranks, top_k).double()


def ndcg(ranks: Tensor, top_k: int) -> Float[Tensor, "B"]:
    """Return the normalized discounted gain of the one target: ``1 / log2(rank + 1)``, 0 beyond ``top_k``.

    >>> ndcg(torch.tensor([1, 3, 11]), top_k=10).tolist()
    [1.0, 0.5, 0.0]
    """
    return torch.where(_within(ranks, top_k), 1.0 / torch.log2(ranks.double() + 1.0), 0.0)


def reciprocal_rank(ranks: Tensor, top_k: int) -> Float[Tensor, "B"]:
    """Return ``1 / rank``, 0 beyond ``top_k``.

    >>> reciprocal_rank(torch.tensor([1, 4, 11]), top_k=10).tolist()
    [1.0, 0.25, 0.0]
    """
    return torch.where(_within(ranks, top_k), 1.0 / ranks.double(), 0.0)


def _within(ranks: Tensor, top_k: int) -> Bool[Tensor, "B"]:
    return ranks <= top_k
