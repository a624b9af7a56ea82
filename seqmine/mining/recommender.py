"""Patterns at work: as a recommender of their own, and as a correction of a model's scores."""

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn

from seqmine.metrics.functional import mask_candidates, ndcg, target_ranks
from seqmine.models.baselines.counting import popularity_shares
from seqmine.models.baselines.fitted import declare_buffers, entries_of_rows, store
from seqmine.structs import InteractionLog, PatternTable, Recommender, SequenceBatch, UserError


def window_pairs(log: InteractionLog, num_items: int, window: int) -> sparse.csr_matrix:
    """Return for each ordered pair of items the sum of 1 / distance over its occurrences within a window.

    >>> window_pairs(InteractionLog.from_lists([[1, 2, 3]]), 3, 2)[1].toarray().tolist()
    [[0.0, 0.0, 1.0, 0.5]]
    """
    users = np.repeat(np.arange(log.num_users), log.lengths)
    size = num_items + 1
    table = sparse.csr_matrix((size, size))
    for distance in range(1, window + 1):
        same = np.flatnonzero(users[distance:] == users[:-distance])
        pairs = (log.items[same], log.items[same + distance])
        table += sparse.coo_matrix((np.full(len(same), 1.0 / distance), pairs), shape=(size, size)).tocsr()
    return table


class PatternRecommender(nn.Module):
    """Score items by the pair rules "a, then soon b" of all recent events.

    A rule weighs the sum of 1 / distance over its occurrences within a window; the rules of older events count less.
    Nothing is trained. Items that no rule reaches are ordered by popularity, below all others.

    Args:
        window: positions between the two events of a rule, at most.
        num_recent: events at the end of the history whose rules are used.
        decay: weight of the rules of an event relative to those of the next, above 0 and at most 1.
        count_power: the weight of a rule is divided by the number of events of its first item to this power: 0 lets
            frequent items speak loudest, 1 turns weights into shares.

    Raises:
        UserError: a setting out of range.
    """

    shares: Float[Tensor, "V"]
    offsets: Int[Tensor, "R"]
    columns: Int[Tensor, "E"]
    values: Float[Tensor, "E"]

    def __init__(self, *, window: int = 10, num_recent: int = 10, decay: float = 0.8, count_power: float = 0.5) -> None:
        super().__init__()
        for name, value in (("window", window), ("num_recent", num_recent)):
            if value < 1:
                raise UserError(f"{name}={value} is not allowed: set model.recommender.{name} to 1 or more.")
        if not 0 < decay <= 1:
            raise UserError(f"decay={decay} is not allowed: set model.recommender.decay above 0 and up to 1.")
        if not 0 <= count_power <= 1:
            raise UserError(
                f"count_power={count_power} is not allowed: set model.recommender.count_power between 0 and 1."
            )
        self.window, self.num_recent, self.decay, self.count_power = window, num_recent, decay, count_power
        declare_buffers(self, shares=torch.float32, values=torch.float32, offsets=torch.int64, columns=torch.int64)

    def fit(self, log: InteractionLog, num_items: int) -> None:
        """Weigh the pair rules of a log.

        Args:
            log: histories to count, of items up to ``num_items``.
            num_items: size of the catalog.
        """
        counts = np.maximum(np.bincount(log.items, minlength=num_items + 1), 1)
        rules = sparse.diags(counts**-self.count_power) @ window_pairs(log, num_items, self.window)
        self.fit_table(rules.tocsr(), log, num_items)

    def fit_table(self, rules: sparse.csr_matrix, log: InteractionLog, num_items: int) -> None:
        """Take the rules from a table of weights, and the popularity from a log.

        Args:
            rules: (V, V) weight of "row, then column".
            log: histories for the popularity.
            num_items: size of the catalog.
        """
        store(
            self,
            shares=popularity_shares(log, num_items),
            offsets=rules.indptr,
            columns=rules.indices,
            values=rules.data,
        )

    def score(self, batch: SequenceBatch) -> Float[Tensor, "B V"]:
        """Return the summed weights of the rules that fire, plus a little popularity for what none reaches."""
        scores = 1e-6 * self.shares.repeat(len(batch), 1)
        for age in range(min(self.num_recent, batch.items.shape[1])):
            place = (batch.lengths - 1 - age).unsqueeze(1)
            items = torch.where(place >= 0, batch.items.gather(1, place.clamp(min=0)), 0).squeeze(1)
            rows, columns, values = entries_of_rows(self.offsets, self.columns, self.values, items)
            scores.index_put_((rows, columns), values * self.decay**age, accumulate=True)
        return scores


def rule_table(table: PatternTable, num_items: int) -> sparse.csr_matrix:
    """Return the log-lift of the pairs of a table as weights of rules; what is no more likely than chance weighs 0.

    Args:
        table: patterns of items with ``holdout_lift`` (or ``lift``, where that is missing); pairs alone are used.
        num_items: size of the catalog.
    """
    lift = table.columns.get("holdout_lift", table.columns.get("lift"))
    if lift is None:
        raise UserError("The table has no lift to weigh its patterns by: mine with miner=rules or evidence=full.")
    rows = np.flatnonzero((table.lengths == 2) & (np.nan_to_num(lift) > 1.0))
    pairs = (table.symbols[table.offsets[rows]], table.symbols[table.offsets[rows] + 1])
    return sparse.coo_matrix((np.log(lift[rows]), pairs), shape=(num_items + 1, num_items + 1)).tocsr()


class PatternReranker:
    """Correct a model by patterns: ``s = s_model + alpha * log((s_patterns + eps) / (popularity + eps))``.

    Args:
        model: scores the catalog; log-probabilities or logits.
        patterns: a fitted ``PatternRecommender``.
        alpha: weight of the patterns; 0 gives the model back.
        eps: how much evidence a rule needs before it counts.

    Raises:
        UserError: a negative weight, or eps that is not positive.
    """

    def __init__(self, *, model: Recommender, patterns: PatternRecommender, alpha: float, eps: float = 1e-3) -> None:
        if alpha < 0 or eps <= 0:
            raise UserError(f"alpha={alpha} and eps={eps} are not allowed: set alpha to 0 or more and eps above 0.")
        self.model, self.patterns, self.alpha, self.eps = model, patterns, alpha, eps

    def score(self, batch: SequenceBatch) -> Float[Tensor, "B V"]:
        """Return the corrected scores."""
        scores = self.model.score(batch)
        return scores if self.alpha == 0 else scores + self.alpha * self.correction(batch)

    def correction(self, batch: SequenceBatch) -> Float[Tensor, "B V"]:
        """Return the log-ratio of what the patterns say to popularity, both as shares of the catalog."""
        told = self.patterns.score(batch)
        told = told / told.sum(dim=1, keepdim=True)
        return torch.log((told + self.eps) / (self.patterns.shares + self.eps))


def choose_alpha(
    model: Recommender,
    patterns: PatternRecommender,
    batches: Iterable[SequenceBatch],
    *,
    grid: Sequence[float] = (0.0, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.0),
    eps: float = 1e-3,
) -> tuple[float, dict[float, float]]:
    """Choose the weight of the patterns by NDCG@10 on validation; the smallest of the best.

    Args:
        model: scores the catalog.
        patterns: a fitted ``PatternRecommender``.
        batches: validation batches with their targets and seen items.
        grid: weights to try; 0, the model alone, must be among them.
        eps: as in ``PatternReranker``.

    Returns:
        The weight, and NDCG@10 of each.

    Raises:
        UserError: 0 is not in the grid.
    """
    if 0.0 not in grid:
        raise UserError(f"grid={list(grid)} leaves out 0, the model alone: add 0 to the grid.")
    reranker = PatternReranker(model=model, patterns=patterns, alpha=0.0, eps=eps)
    gains: dict[float, list[NDArray[np.float64]]] = {float(alpha): [] for alpha in sorted(grid)}
    with torch.no_grad():
        for batch in batches:
            base, correction = model.score(batch), reranker.correction(batch)
            for alpha, parts in gains.items():
                scores = base + alpha * correction
                mask_candidates(scores, batch.seen_rows, batch.seen_items, batch.last_targets)
                parts.append(ndcg(target_ranks(scores, batch.last_targets), 10).numpy())
    values = {alpha: float(np.concatenate(parts).mean()) for alpha, parts in gains.items()}
    return max(values, key=lambda alpha: (values[alpha], -alpha)), values
